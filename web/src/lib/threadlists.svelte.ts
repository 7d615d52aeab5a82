// Lists of threads: which rows of the store are in each, and how far each is loaded. A row that came by an event
// or by a search can be older than what is loaded of its list; it is not listed before what lies between.
import type { ThreadFilter, ThreadRow, ThreadSort, ThreadView } from "./api";
import { prefs } from "./prefs.svelte";

/** A list: one of the engine's, or the threads with a tag. */
export type ListName = ThreadView | `tag:${number}`;

/** What the engine is asked for. */
export function filterOf(list: ListName, sort: ThreadSort): ThreadFilter {
  return list.startsWith("tag:") ? { view: "inbox", tag: Number(list.slice(4)), sort } : { view: list as ThreadView, tag: null, sort };
}

/** The orders that a list can have. */
export function sortsOf(list: ListName): readonly ThreadSort[] {
  return list === "inbox" ? ["newest", "oldest", "unread", "person", "subject"] : ["newest", "oldest", "person", "subject"];
}

/** The last row that was loaded: what the list is sorted by, the time of its newest message and its number. */
interface Place {
  before_key?: string;
  before_ms: number;
  before: number;
}

interface Extent {
  /** None while nothing is loaded. */
  place?: Place;
  complete: boolean;
}

const key = (account: number, view: ListName, sort: ThreadSort): string => `${account} ${view} ${sort}`;

/** What a list is sorted by besides the time; of the thread that is being read, as it was before. */
function sortKey(row: ThreadRow, sort: ThreadSort, kept: number): string | undefined {
  switch (sort) {
    case "newest":
    case "oldest":
      return undefined;
    case "person":
      return row.person_key ?? "";
    case "subject":
      return row.subject_key ?? "";
    case "unread":
      return row.unread > 0 || row.id === kept ? "0" : "1";
    default:
      return sort satisfies never;
  }
}

function placeOf(row: ThreadRow, sort: ThreadSort, kept = 0): Place {
  const before_key = sortKey(row, sort, kept);
  return { ...(before_key === undefined ? {} : { before_key }), before_ms: row.last_at_ms, before: row.id };
}

/** The order of the engine: keys by their code points. */
function compare(a: Place, b: Place, sort: ThreadSort): number {
  const by_key = compareKeys(a.before_key ?? "", b.before_key ?? "");
  const by_time = a.before_ms - b.before_ms || a.before - b.before;
  return by_key || (sort === "oldest" ? by_time : -by_time);
}

function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  // Amid a character of two units, its first one differs or both are the same.
  const amid = at > 0 && /[\udc00-\udfff]/.test(a[at] ?? "") && /[\ud800-\udbff]/.test(a[at - 1] ?? "") ? at - 1 : at;
  return (a.codePointAt(amid) ?? -1) - (b.codePointAt(amid) ?? -1);
}

export class ThreadLists {
  #extents = $state.raw<ReadonlyMap<string, Extent>>(new Map());
  /** The list that is shown of each account. */
  #views = $state.raw<ReadonlyMap<number, ListName>>(new Map());

  /** The order of a list: the one that was chosen, where it can have that. */
  sortOf(view: ListName): ThreadSort {
    return sortsOf(view).includes(prefs.sort) ? prefs.sort : "newest";
  }

  /** The list that is shown of an account. */
  view(account: number): ListName {
    return this.#views.get(account) ?? "inbox";
  }

  show(account: number, view: ListName): void {
    this.#views = new Map([...this.#views, [account, view]]);
  }

  /** The first page of the inboxes of all accounts together has been loaded, the newest first. */
  reset(accounts: readonly number[], rows: readonly ThreadRow[], complete: boolean): void {
    const place = end(rows, "newest");
    const of = (account: number): Extent => ({ ...(place && rows.some((row) => row.account === account) ? { place } : {}), complete });
    this.#extents = new Map(accounts.map((account) => [key(account, "inbox", "newest"), of(account)]));
  }

  /** A further page of a list has been loaded, in the order that was asked for. */
  loaded(account: number, view: ListName, rows: readonly ThreadRow[], complete: boolean, sort = this.sortOf(view)): void {
    const place = end(rows, sort) ?? this.place(account, view, sort);
    this.#extents = new Map([...this.#extents, [key(account, view, sort), { ...(place ? { place } : {}), complete }]]);
  }

  /** Behind which row the next page begins; undefined for the first. */
  place(account: number, view: ListName, sort = this.sortOf(view)): Place | undefined {
    return this.#extents.get(key(account, view, sort))?.place;
  }

  isComplete(account: number, view: ListName): boolean {
    return this.#extents.get(key(account, view, this.sortOf(view)))?.complete ?? false;
  }

  /** The rows of a list in their order, as far as it is loaded without gaps. The thread that is open, `kept`, stays
      among the unread ones while it is being read. */
  arranged(account: number, view: ListName, rows: readonly ThreadRow[], kept = 0): ThreadRow[] {
    const sort = this.sortOf(view);
    const { place, complete } = this.#extents.get(key(account, view, sort)) ?? { complete: false };
    const first = (row: ThreadRow): boolean => view === "inbox" && row.pinned;
    return rows
      .filter((row) => row.account === account && (isIn(view, row) || (view === "unread" && row.id === kept && isIn("inbox", row))))
      .map((row) => ({ row, at: placeOf(row, sort, kept) }))
      .filter(({ row, at }) => first(row) || complete || !place || compare(at, place, sort) <= 0)
      .sort((a, b) => Number(first(b.row)) - Number(first(a.row)) || compare(a.at, b.at, first(a.row) ? "newest" : sort))
      .map(({ row }) => row);
  }
}

/** Where a page ends. Pinned rows stand before the others, whatever their time. */
function end(rows: readonly ThreadRow[], sort: ThreadSort): Place | undefined {
  const last = rows.findLast((row) => !row.pinned) ?? rows.at(-1);
  return last && placeOf(last, sort);
}

/** Whether a thread is in a list. */
export function isIn(list: ListName, row: ThreadRow): boolean {
  const trashed = row.trashed_ms != null;
  if (list.startsWith("tag:")) return !trashed && (row.tags?.includes(Number(list.slice(4))) ?? false);
  const view = list as ThreadView;
  switch (view) {
    case "inbox":
      return !row.archived && !trashed;
    case "unread":
      return !row.archived && !trashed && row.unread > 0;
    case "files":
      return !row.archived && !trashed && row.attachments;
    case "starred":
      return (row.starred || (row.stars ?? 0) > 0) && !trashed;
    case "archive":
      return row.archived && !trashed;
    case "trash":
      return trashed;
    default:
      return view satisfies never;
  }
}

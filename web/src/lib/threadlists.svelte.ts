// Lists of threads: which rows of the store are in each, and how far each is loaded. A row that came by an event
// or by a search can be older than what is loaded of its list; it is not listed before what lies between.
import type { ThreadFilter, ThreadRow, ThreadView } from "./api";

/** A list: one of the engine's, or the threads with a tag. */
export type ListName = ThreadView | `tag:${number}`;

/** What the engine is asked for. */
export function filterOf(list: ListName): ThreadFilter {
  return list.startsWith("tag:") ? { view: "inbox", tag: Number(list.slice(4)) } : { view: list as ThreadView, tag: null };
}

/** The last row that was loaded: the time of its newest message and its number. */
interface Place {
  before_ms: number;
  before: number;
}

interface Extent {
  /** None while nothing is loaded. */
  place?: Place;
  complete: boolean;
}

const key = (account: number, view: ListName): string => `${account} ${view}`;

export class ThreadLists {
  #extents = $state.raw<ReadonlyMap<string, Extent>>(new Map());
  /** The list that is shown of each account. */
  #views = $state.raw<ReadonlyMap<number, ListName>>(new Map());

  /** The list that is shown of an account. */
  view(account: number): ListName {
    return this.#views.get(account) ?? "inbox";
  }

  show(account: number, view: ListName): void {
    this.#views = new Map([...this.#views, [account, view]]);
  }

  /** The first page of the inboxes of all accounts together has been loaded. */
  reset(accounts: readonly number[], rows: readonly ThreadRow[], complete: boolean): void {
    const place = end(rows);
    const of = (account: number): Extent => ({ ...(place && rows.some((row) => row.account === account) ? { place } : {}), complete });
    this.#extents = new Map(accounts.map((account) => [key(account, "inbox"), of(account)]));
  }

  /** A further page of a list has been loaded. */
  loaded(account: number, view: ListName, rows: readonly ThreadRow[], complete: boolean): void {
    const place = end(rows) ?? this.place(account, view);
    this.#extents = new Map([...this.#extents, [key(account, view), { ...(place ? { place } : {}), complete }]]);
  }

  /** Behind which row the next page begins; undefined for the first. */
  place(account: number, view: ListName): Place | undefined {
    return this.#extents.get(key(account, view))?.place;
  }

  isComplete(account: number, view: ListName): boolean {
    return this.#extents.get(key(account, view))?.complete ?? false;
  }

  /** The rows of a list in their order, as far as it is loaded without gaps. The thread that is open, `kept`, stays
      among the unread ones while it is being read. */
  arranged(account: number, view: ListName, rows: readonly ThreadRow[], kept = 0): ThreadRow[] {
    const { place, complete } = this.#extents.get(key(account, view)) ?? { complete: false };
    const isLoaded = (row: ThreadRow): boolean => complete || !place || row.last_at_ms > place.before_ms || (row.last_at_ms === place.before_ms && row.id >= place.before);
    const first = (row: ThreadRow): boolean => view === "inbox" && row.pinned;
    return rows
      .filter((row) => row.account === account && (isIn(view, row) || (view === "unread" && row.id === kept && isIn("inbox", row))) && (first(row) || isLoaded(row)))
      .sort((a, b) => Number(first(b)) - Number(first(a)) || b.last_at_ms - a.last_at_ms || b.id - a.id);
  }
}

/** Where a page ends. Pinned rows stand before the others, whatever their time. */
function end(rows: readonly ThreadRow[]): Place | undefined {
  const last = rows.findLast((row) => !row.pinned) ?? rows.at(-1);
  return last && { before_ms: last.last_at_ms, before: last.id };
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
      return row.starred && !trashed;
    case "archive":
      return row.archived && !trashed;
    case "trash":
      return trashed;
    default:
      return view satisfies never;
  }
}

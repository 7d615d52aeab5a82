// The page's cache of the engine's records, kept current by its events. Components read the fields; every
// change goes through a command and comes back as an event and a reply.
//
// Replies and events travel on different connections, so an event can overtake the reply to the command that
// caused it. Therefore a reply is dropped if an event was about its record since the command was sent
// (`eventCount`, `since`), and events that arrive during a load are applied again after it.
import type { Account, Contact, Draft, Event, Group, Link, Message, Ping, State, Thread, ThreadMark, ThreadRow, Watermark } from "./api";
import { allDrafts } from "./draft/list";
import { partyName } from "./format";
import { measurePainted } from "./marks";
import { t } from "./strings";
import { isSame } from "./same";
import { PAGE_ROWS, takeFirst } from "./connection/first";
import { Nudger } from "./connection/nudge";
import type { DisconnectReason, StreamUpdate } from "./connection/stream";
import { ThreadWindow } from "./thread/window.svelte";
import { marked } from "./thread/mark";
import { filterOf, type ListName, ThreadLists } from "./threadlists.svelte";
import { command, problem, replyTo, watch } from "./connection/transport";

/** Longest that events wait to be handled together; a hidden page has no frames. */
const BURST_MS = 250;
/** Shortest between two bursts: what follows from one act, as a message that is queued, sending and sent, is one frame. */
const APART_MS = 40;

/** What the list of threads needs. */
interface List {
  state: State;
  threads: ThreadRow[];
}

async function newest(): Promise<List> {
  const [state, threads] = await Promise.all([command("state", {}), command("threads", { limit: PAGE_ROWS })]);
  return { state, threads };
}

/** The same, by the answers that were asked for before this script was here. */
async function first(): Promise<List> {
  const asked = takeFirst();
  if (!asked) return newest();
  const [state, threads] = await Promise.all([asked.state, asked.threads]);
  return { state: replyTo("state", state), threads: replyTo("threads", threads) };
}

class Store {
  /** Accounts and the newest threads are here, so that the list can be drawn. */
  ready = $state(false);
  /** So is everything else of the first load, by which pages tell what there is. */
  complete = $state(false);
  /** Why the first load failed. */
  failure = $state("");
  /** Why there is no connection to the app; null while there is one. */
  disconnected = $state<DisconnectReason | null>(null);
  /** The app has other pages than these. */
  outdated = $state(false);
  version = $state("");
  /** Parts of the store can't be read. */
  damaged = $state(false);
  /** This home was copied or restored from a backup. */
  copied = $state(false);

  accounts = $state.raw<Account[]>([]);
  threads = $state.raw<ThreadRow[]>([]);
  pings = $state.raw<Ping[]>([]);
  contacts = $state.raw<Contact[]>([]);
  groups = $state.raw<Group[]>([]);
  drafts = $state.raw<Draft[]>([]);
  /** How far the lists of threads are loaded. */
  readonly lists = new ThreadLists();
  /** The first load brought every ping of every account. */
  #allPings = $state(false);
  /** Accounts of which all pings have been loaded since. */
  #pingsComplete = $state.raw<ReadonlySet<number>>(new Set());

  /** The thread that is open. */
  readonly open = new ThreadWindow((row, messages) => this.#readHere(row, messages));
  /** The next announcement for screen readers. */
  announcement = $state("");

  readonly #nudger = new Nudger(() => this.accounts.map((account) => account.link.state));
  #started = false;
  /** Events that wait for the next frame, and when the last ones were handled. */
  #pending: Event[] = [];
  #handledAt = 0;
  /** Which build these pages are of. */
  #pages: string | null = null;
  #listeners = new Set<(event: Event) => void>();
  #loadListeners = new Set<() => void>();
  /** What was here when it was last announced: only what came later is new. Null before the first load. */
  #watermark: Watermark | null = null;
  /** Events so far, and for each record the number of the last one about it. */
  #events = 0;
  #lastEvent = new Map<string, number>();

  /** Connects to the engine; call once. */
  start(): void {
    void watch((update) => this.#onUpdate(update));
    // The first rows don't wait for the stream of events: what is missed until it has begun comes with the load then.
    first().then(
      (list) => this.ready || this.#putList(list),
      () => {
        // The event stream tells why.
      },
    );
    this.#nudger.start();
    // Restored from the back/forward cache: events were missed.
    addEventListener("pageshow", (event) => {
      if (event.persisted) void this.load();
    });
  }

  #onUpdate(update: StreamUpdate): void {
    switch (update.update) {
      case "opened":
        this.#pages ??= update.pages;
        this.outdated = update.pages !== this.#pages;
        void this.load();
        break;
      case "lost":
        this.disconnected = update.reason;
        break;
      case "event":
        this.#enqueue(update.event);
        break;
      default:
        update satisfies never;
    }
  }

  /** Calls `listener` with every event after the store has applied it. Returns how to stop. */
  listen(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Handles a burst of events at once, with the next frame. */
  #enqueue(event: Event): void {
    if (this.#pending.push(event) > 1) return;
    const inFrame = (): number => requestAnimationFrame(() => this.#handlePending());
    const early = this.#handledAt + APART_MS - Date.now();
    if (early > 0 && early <= APART_MS) setTimeout(inFrame, early);
    else inFrame();
    setTimeout(() => this.#handlePending(), BURST_MS);
  }

  #handlePending(): void {
    if (this.#pending.length > 0) this.#handledAt = Date.now();
    for (const event of this.#pending.splice(0)) this.#handle(event);
  }

  /** Calls `listener` after each load. */
  onLoaded(listener: () => void): void {
    this.#loadListeners.add(listener);
  }

  /** Events so far: the logical time of a command sent now, to be passed to `put…` with its reply. */
  eventCount(): number {
    this.#handlePending();
    return this.#events;
  }

  /** Whether an event was about a record since. */
  #isOvertaken(kind: "account" | "thread" | "message" | "ping" | "draft", id: number, since: number): boolean {
    this.#handlePending();
    return (this.#lastEvent.get(`${kind} ${id}`) ?? 0) > since;
  }

  /** Loads everything, for the first time or again. */
  async load(): Promise<void> {
    try {
      await this.#replaying(() => this.#loadAll());
      if (this.#started) void this.open.reload();
      this.#started = true;
      this.complete = true;
      for (const listener of this.#loadListeners) listener();
    } catch (error) {
      this.ready = this.complete;
      this.failure = problem(error);
    }
  }

  /** Runs a load, and then applies again the events that arrived meanwhile, which it may have overwritten. */
  async #replaying(load: () => Promise<void>): Promise<void> {
    const meanwhile: Event[] = [];
    const stop = this.listen((event) => meanwhile.push(event));
    try {
      await load();
    } finally {
      // Those that wait too, in their order: applied in between, a later one would be overwritten by an earlier.
      this.#handlePending();
      stop();
    }
    for (const event of meanwhile) if (event.event !== "lagged") this.#apply(event);
  }

  async #loadAll(): Promise<void> {
    // The engine answers one after the other, so what the list needs comes first.
    const list = await newest();
    this.#putList(list);
    const [pings, contacts, groups, drafts, watermark] = await Promise.all([
      command("pings", { limit: PAGE_ROWS }),
      command("contacts", {}),
      command("groups", {}),
      allDrafts(),
      command("watermark", {}),
    ]);
    this.#watermark = watermark;
    this.pings = pings;
    this.contacts = contacts;
    this.groups = groups;
    this.drafts = drafts;
    this.#allPings = pings.length < PAGE_ROWS;
    this.#pingsComplete = new Set();
    this.disconnected = null;
    this.failure = "";
    // None of an account's may be among the newest of all.
    const without = (rows: readonly { account: number }[]): number[] =>
      rows.length < PAGE_ROWS ? [] : this.accounts.map(({ id }) => id).filter((id) => !rows.some((row) => row.account === id));
    await Promise.all([...without(list.threads).map((id) => this.loadOlder(id)), ...without(pings).map((id) => this.loadOlderPings(id))]);
  }

  #putList({ state, threads }: List): void {
    this.accounts = state.accounts;
    this.#nudger.look();
    this.version = state.version;
    this.damaged = state.damaged;
    this.copied = state.copied;
    this.threads = threads;
    this.lists.reset(
      this.accounts.map(({ id }) => id),
      threads,
      threads.length < PAGE_ROWS,
    );
    if (this.ready) return;
    this.ready = true;
    measurePainted("first-row", 0);
  }

  /** Loads the next page of a list of an account's threads. */
  async loadOlder(account: number, view: ListName = "inbox"): Promise<void> {
    const sort = this.lists.sortOf(view);
    const place = this.lists.place(account, view, sort);
    const older = await command("threads", { account, filter: filterOf(view, sort), ...place, limit: PAGE_ROWS });
    const known = new Set(this.threads.map((row) => row.id));
    this.threads = [...this.threads, ...older.filter((row) => !known.has(row.id))];
    this.lists.loaded(account, view, older, older.length < PAGE_ROWS, sort);
  }

  /** Whether all threads of a list are loaded. */
  threadsComplete(account: number, view: ListName = "inbox"): boolean {
    return this.lists.isComplete(account, view);
  }

  /** The rows of a list, as far as it is loaded without gaps. */
  listed(account: number, view: ListName): ThreadRow[] {
    return this.lists.arranged(account, view, this.threads, this.thread?.row.id);
  }

  /** Loads the next page of an account's pings. */
  async loadOlderPings(account: number): Promise<void> {
    const last = this.pings.filter((ping) => ping.account === account).at(-1);
    const older = await command("pings", { account, ...(last ? { before: last.id } : {}), limit: PAGE_ROWS });
    this.addPings(older);
    if (older.length < PAGE_ROWS) this.#pingsComplete = new Set([...this.#pingsComplete, account]);
  }

  /** Whether all pings of an account are loaded. */
  pingsComplete(account: number): boolean {
    return this.#allPings || this.#pingsComplete.has(account);
  }

  /** Adds pings that are not here yet. */
  addPings(pings: Ping[]): void {
    const known = new Set(this.pings.map((ping) => ping.id));
    const fresh = pings.filter((ping) => !known.has(ping.id));
    this.pings = [...this.pings, ...fresh].sort((a, b) => b.at_ms - a.at_ms || b.id - a.id);
  }

  account(id: number): Account | undefined {
    return this.accounts.find((account) => account.id === id);
  }

  /** How an account is connected to its service, which is not known without a connection to the app. */
  linkState(account: Account): Link["state"] | "away" {
    return this.disconnected === null ? account.link.state : "away";
  }

  /** Whether somebody is known to be online. */
  isOnline(contact: { online: boolean }): boolean {
    return contact.online && this.disconnected === null;
  }

  /** The permanent id behind an alias, as far as the address book knows; otherwise the alias. */
  uidOf(account: number, alias: string): string {
    return this.contacts.find((c) => c.account === account && c.alias === alias)?.uid ?? alias;
  }

  putAccount(account: Account, since: number): void {
    if (this.#isOvertaken("account", account.id, since) || isSame(account, this.account(account.id))) return;
    this.accounts = put(this.accounts, account, (a) => a.id === account.id);
    this.#nudger.look();
  }

  /** The thread that is open; undefined while it is being loaded. */
  get thread(): Thread | undefined {
    return this.open.shown;
  }

  /** Puts a mark on threads, or takes it off, as the app has said that it did. */
  putMark(rows: readonly ThreadRow[], mark: ThreadMark, on: boolean, since: number): void {
    for (const { id } of rows) {
      if (this.#isOvertaken("thread", id, since)) continue;
      const row = this.threads.find((row) => row.id === id) ?? (this.thread?.row.id === id ? this.thread.row : undefined);
      if (row) this.#apply({ event: "thread", thread: marked(row, mark, on) });
    }
  }

  putMessage(message: Message, since: number): void {
    if (!this.#isOvertaken("message", message.id, since)) this.open.put(message);
  }

  putPing(ping: Ping, since: number): void {
    if (this.#isOvertaken("ping", ping.id, since)) return;
    this.pings = put(this.pings, ping, (p) => p.id === ping.id).sort((a, b) => b.at_ms - a.at_ms || b.id - a.id);
  }

  putDraft(draft: Draft, since: number): void {
    if (this.#isOvertaken("draft", draft.id, since)) return;
    // Replies to two saves can overtake each other.
    const known = this.drafts.find((known) => known.id === draft.id);
    if (known && known.version > draft.version) return;
    // A save comes twice, as its reply and as an event.
    if (JSON.stringify(known) === JSON.stringify(draft)) return;
    this.drafts = put(this.drafts, draft, (d) => d.id === draft.id).sort((a, b) => b.updated_ms - a.updated_ms);
  }

  dropDraft(id: number): void {
    this.drafts = this.drafts.filter((draft) => draft.id !== id);
    this.open.dropDraft(id);
  }

  #handle(event: Event): void {
    this.#events += 1;
    this.#announce(event);
    this.#apply(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** Notes that the present event is about a record. */
  #note(kind: "account" | "thread" | "message" | "ping" | "draft", id: number): number {
    this.#lastEvent.set(`${kind} ${id}`, this.#events);
    return this.#events;
  }

  #apply(event: Event): void {
    this.open.apply(event);
    switch (event.event) {
      case "account":
        this.putAccount(event.account, this.#note("account", event.account.id));
        break;
      case "account_gone":
        this.#dropAccount(event.account);
        break;
      case "thread":
        this.#note("thread", event.thread.id);
        this.#putRow(event.thread);
        break;
      case "message":
        this.#note("message", event.message.id);
        break;
      case "message_gone":
        this.#note("message", event.message);
        break;
      case "thread_gone":
        this.threads = this.threads.filter((row) => row.id !== event.thread);
        break;
      case "progress":
        break;
      case "ping":
        this.putPing(event.ping, this.#note("ping", event.ping.id));
        break;
      case "contact": {
        const { account, uid } = event.contact;
        this.contacts = put(this.contacts, event.contact, (c) => c.account === account && c.uid === uid);
        break;
      }
      case "contact_gone":
        this.dropContact(event.account, event.uid);
        break;
      case "group": {
        const { account, gid } = event.group;
        this.groups = put(this.groups, event.group, (g) => g.account === account && g.gid === gid);
        break;
      }
      case "draft":
        this.putDraft(event.draft, this.#note("draft", event.draft.id));
        break;
      case "draft_gone":
        this.#note("draft", event.draft);
        this.dropDraft(event.draft);
        break;
      case "lagged":
        void this.load();
        break;
      default:
        // An event of a newer app: the page is outdated, and says so.
        event satisfies never;
    }
  }

  dropContact(account: number, uid: string): void {
    this.contacts = this.contacts.filter((c) => c.account !== account || c.uid !== uid);
  }

  #dropAccount(gone: number): void {
    const others = <T extends { account: number }>(list: readonly T[]): T[] => list.filter((item) => item.account !== gone);
    this.accounts = this.accounts.filter((account) => account.id !== gone);
    this.threads = others(this.threads);
    this.pings = others(this.pings);
    this.contacts = others(this.contacts);
    this.groups = others(this.groups);
    this.drafts = others(this.drafts);
  }

  /** Counts messages as read in the list, too: it would show them as unread until the app has told. */
  #readHere(row: ThreadRow, messages: number): void {
    this.threads = this.threads.map((known) => (known.id === row.id ? { ...known, unread: row.unread } : known));
    if (row.muted || row.archived || row.trashed_ms != null) return;
    this.accounts = this.accounts.map((account) => (account.id === row.account ? { ...account, unread: Math.max(account.unread - messages, 0) } : account));
  }

  #putRow(row: ThreadRow): void {
    if (isSame(row, this.threads.find(({ id }) => id === row.id))) return;
    this.threads = put(this.threads, row, (r) => r.id === row.id).sort((a, b) => b.last_at_ms - a.last_at_ms);
  }

  #announce(event: Event): void {
    const known = this.#watermark;
    if (known === null) return;
    if (event.event === "message") {
      const { id, thread, account, from, unread, state } = event.message;
      if (id <= known.message) return;
      known.message = id;
      const isMuted = this.threads.find((row) => row.id === thread)?.muted;
      if (unread && state.state === "received" && !isMuted) this.announcement = t.arrivals.letter(partyName(from), this.#service(account));
    } else if (event.event === "ping") {
      const { id, incoming, state, from, service } = event.ping;
      if (id <= known.ping) return;
      known.ping = id;
      if (incoming && state.state === "waiting") this.announcement = t.arrivals.ping(from, service);
    }
  }

  #service(account: number): string {
    return this.account(account)?.service ?? "";
  }
}

/** A list with the item in place of the one it replaces, or at the end. */
function put<T>(list: readonly T[], item: T, same: (other: T) => boolean): T[] {
  const at = list.findIndex(same);
  return at < 0 ? [...list, item] : list.with(at, item);
}

export const store = new Store();

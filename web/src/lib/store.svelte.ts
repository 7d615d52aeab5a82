// What the pages show: the engine's records, kept current by its events. Components read the
// fields; every change goes through a command and comes back as an event and a reply.
//
// Replies and events travel on different connections, so an event can overtake the reply to the
// command that caused it. Therefore: a reply is shown only if no event has told of its record since
// the command was sent (`now`, `since`), and events that come while a list is being loaded are taken
// in once more afterwards.
import type { Account, Contact, Draft, Event, Group, Link, Message, Ping, Thread, ThreadRow } from "./api";
import { allDrafts } from "./draft/list";
import { partyName } from "./format";
import { t } from "./strings";
import type { Loss, News } from "./connection/stream";
import { OpenThread } from "./thread/window.svelte";
import { command, problem, watch } from "./connection/transport";

const PAGE_ROWS = 100;
/** Longest that an event waits for others. */
const BURST_MS = 250;

class Store {
  /** The first load has finished. */
  ready = $state(false);
  /** Why the first load failed. */
  failure = $state("");
  /** Why there is no connection to the app; null while there is one. */
  lost = $state<Loss | null>(null);
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
  /** The first load brought every thread of every account. */
  #whole = $state(false);
  /** Accounts whose list has since been brought back to the first letter. */
  #complete = $state.raw<ReadonlySet<number>>(new Set());
  /** The first load brought every ping of every account. */
  #allPings = $state(false);
  /** Accounts whose pings have since been brought back to the first one. */
  #pingsComplete = $state.raw<ReadonlySet<number>>(new Set());

  /** The thread that is open. */
  readonly open = new OpenThread();
  /** What a screen reader is told next. */
  announcement = $state("");

  #started = false;
  /** Events that wait for the next frame. */
  #waiting: Event[] = [];
  /** Which build these pages are of. */
  #pages: string | null = null;
  #watchers = new Set<(event: Event) => void>();
  #loaded = new Set<() => void>();
  /** Events so far, and for each record the number of the last one that told of it. */
  #events = 0;
  #told = new Map<string, number>();

  /** Connects to the engine; call once. */
  start(): void {
    void watch((news) => this.#news(news));
    // Somebody looks, or the network is back: who is not connected tries now.
    const nudge = (): void => {
      if (document.visibilityState !== "visible" || this.accounts.every((a) => a.link.state === "online")) return;
      command("nudge", {}).catch(() => {
        // The app is away, which the event stream tells.
      });
    };
    document.addEventListener("visibilitychange", nudge);
    addEventListener("focus", nudge);
    addEventListener("online", nudge);
    // Back from the browser's memory: it has heard nothing meanwhile.
    addEventListener("pageshow", (event) => {
      if (event.persisted) void this.load();
    });
  }

  #news(news: News): void {
    switch (news.news) {
      case "opened":
        this.#pages ??= news.pages;
        this.outdated = news.pages !== this.#pages;
        void this.load();
        break;
      case "lost":
        this.lost = news.loss;
        break;
      case "event":
        this.#queue(news.event);
        break;
      default:
        news satisfies never;
    }
  }

  /** Hears of every event after the store has taken it in. Returns how to stop. */
  listen(heard: (event: Event) => void): () => void {
    this.#watchers.add(heard);
    return () => this.#watchers.delete(heard);
  }

  /** Takes in a burst of events at once for each frame; a page that nobody sees has no frames. */
  #queue(event: Event): void {
    if (this.#waiting.push(event) > 1) return;
    requestAnimationFrame(() => this.#hearAll());
    setTimeout(() => this.#hearAll(), BURST_MS);
  }

  #hearAll(): void {
    for (const event of this.#waiting.splice(0)) this.#hear(event);
  }

  /** Calls `loaded` whenever everything was loaded again. */
  whenLoaded(loaded: () => void): void {
    this.#loaded.add(loaded);
  }

  /** The present moment, to be passed to `put…` with the reply to a command sent now. */
  now(): number {
    this.#hearAll();
    return this.#events;
  }

  #newer(kind: "account" | "message" | "ping" | "draft", id: number, since: number): boolean {
    this.#hearAll();
    return (this.#told.get(`${kind} ${id}`) ?? 0) > since;
  }

  /** Loads everything again. */
  async load(): Promise<void> {
    try {
      await this.#replaying(() => this.#loadAll());
      if (this.#started) void this.open.reload();
      this.#started = true;
      this.ready = true;
      for (const loaded of this.#loaded) loaded();
    } catch (error) {
      this.failure = problem(error);
    }
  }

  /** Runs a load and then takes in again what was told meanwhile, which it may have overwritten. */
  async #replaying(load: () => Promise<void>): Promise<void> {
    const meanwhile: Event[] = [];
    const stop = this.listen((event) => meanwhile.push(event));
    try {
      await load();
    } finally {
      stop();
    }
    for (const event of meanwhile) if (event.event !== "lagged") this.#take(event);
  }

  async #loadAll(): Promise<void> {
    const [state, threads, pings, contacts, groups, drafts] = await Promise.all([
      command("state", {}),
      command("threads", { limit: PAGE_ROWS }),
      command("pings", { limit: PAGE_ROWS }),
      command("contacts", {}),
      command("groups", {}),
      allDrafts(),
    ]);
    this.accounts = state.accounts;
    this.version = state.version;
    this.damaged = state.damaged;
    this.copied = state.copied;
    this.threads = threads;
    this.pings = pings;
    this.contacts = contacts;
    this.groups = groups;
    this.drafts = drafts;
    this.#whole = threads.length < PAGE_ROWS;
    this.#complete = new Set();
    this.#allPings = pings.length < PAGE_ROWS;
    this.#pingsComplete = new Set();
    this.lost = null;
    this.failure = "";
  }

  /** Loads threads of an account that are older than those shown. */
  async loadOlder(account: number): Promise<void> {
    const rows = this.threads.filter((row) => row.account === account);
    const [oldest] = rows.sort((a, b) => a.last_at_ms - b.last_at_ms || a.id - b.id);
    const place = oldest && { before_ms: oldest.last_at_ms, before: oldest.id };
    const older = await command("threads", { account, ...place, limit: PAGE_ROWS });
    const known = new Set(this.threads.map((row) => row.id));
    this.threads = [...this.threads, ...older.filter((row) => !known.has(row.id))];
    if (older.length < PAGE_ROWS) this.#complete = new Set([...this.#complete, account]);
  }

  /** Whether the account's list reaches back to its first letter. */
  complete(account: number): boolean {
    return this.#whole || this.#complete.has(account);
  }

  /** Loads pings of an account that are listed behind those shown. */
  async loadOlderPings(account: number): Promise<void> {
    const last = this.pings.filter((ping) => ping.account === account).at(-1);
    const older = await command("pings", { account, ...(last ? { before: last.id } : {}), limit: PAGE_ROWS });
    this.takePings(older);
    if (older.length < PAGE_ROWS) this.#pingsComplete = new Set([...this.#pingsComplete, account]);
  }

  /** Whether the account's pings reach back to its first one. */
  pingsComplete(account: number): boolean {
    return this.#allPings || this.#pingsComplete.has(account);
  }

  /** Takes in pings that are not here yet. */
  takePings(pings: Ping[]): void {
    const known = new Set(this.pings.map((ping) => ping.id));
    const fresh = pings.filter((ping) => !known.has(ping.id));
    this.pings = [...this.pings, ...fresh].sort((a, b) => b.at_ms - a.at_ms || b.id - a.id);
  }

  account(id: number): Account | undefined {
    return this.accounts.find((account) => account.id === id);
  }

  /** How an account is connected; while there is no connection to the app that is not known. */
  linkState(account: Account): Link["state"] | "away" {
    return this.lost === null ? account.link.state : "away";
  }

  /** Whether somebody is known to be online. */
  seesOnline(contact: { online: boolean }): boolean {
    return contact.online && this.lost === null;
  }

  /** The permanent id behind an alias, as far as the address book knows; otherwise the alias. */
  uidOf(account: number, alias: string): string {
    return this.contacts.find((c) => c.account === account && c.alias === alias)?.uid ?? alias;
  }

  putAccount(account: Account, since: number): void {
    if (this.#newer("account", account.id, since)) return;
    this.accounts = put(this.accounts, account, (a) => a.id === account.id);
  }

  /** The thread that is open; undefined while it is being loaded. */
  get thread(): Thread | undefined {
    return this.open.shown;
  }

  putMessage(message: Message, since: number): void {
    if (!this.#newer("message", message.id, since)) this.open.put(message);
  }

  putPing(ping: Ping, since: number): void {
    if (this.#newer("ping", ping.id, since)) return;
    this.pings = put(this.pings, ping, (p) => p.id === ping.id).sort((a, b) => b.at_ms - a.at_ms || b.id - a.id);
  }

  putDraft(draft: Draft, since: number): void {
    if (this.#newer("draft", draft.id, since)) return;
    // Replies to two saves can overtake each other.
    if (this.drafts.some((known) => known.id === draft.id && known.version > draft.version)) return;
    this.drafts = put(this.drafts, draft, (d) => d.id === draft.id).sort((a, b) => b.updated_ms - a.updated_ms);
  }

  dropDraft(id: number): void {
    this.drafts = this.drafts.filter((draft) => draft.id !== id);
    this.open.dropDraft(id);
  }

  #hear(event: Event): void {
    this.#events += 1;
    this.#announce(event);
    this.#take(event);
    for (const heard of this.#watchers) heard(event);
  }

  #tell(kind: "account" | "message" | "ping" | "draft", id: number): number {
    this.#told.set(`${kind} ${id}`, this.#events);
    return this.#events;
  }

  #take(event: Event): void {
    this.open.take(event);
    switch (event.event) {
      case "account":
        this.putAccount(event.account, this.#tell("account", event.account.id));
        break;
      case "account_gone":
        this.#withoutAccount(event.account);
        break;
      case "thread":
        this.#putRow(event.thread);
        break;
      case "message":
        this.#tell("message", event.message.id);
        break;
      case "message_gone":
        this.#tell("message", event.message);
        break;
      case "thread_gone":
        this.threads = this.threads.filter((row) => row.id !== event.thread);
        break;
      case "progress":
        break;
      case "ping":
        this.putPing(event.ping, this.#tell("ping", event.ping.id));
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
        this.putDraft(event.draft, this.#tell("draft", event.draft.id));
        break;
      case "draft_gone":
        this.#tell("draft", event.draft);
        this.dropDraft(event.draft);
        break;
      case "lagged":
        void this.load();
        break;
      default:
        // An event of a newer app: these pages are outdated, which they say.
        event satisfies never;
    }
  }

  dropContact(account: number, uid: string): void {
    this.contacts = this.contacts.filter((c) => c.account !== account || c.uid !== uid);
  }

  #withoutAccount(gone: number): void {
    const stays = <T extends { account: number }>(list: readonly T[]): T[] => list.filter((item) => item.account !== gone);
    this.accounts = this.accounts.filter((account) => account.id !== gone);
    this.threads = stays(this.threads);
    this.pings = stays(this.pings);
    this.contacts = stays(this.contacts);
    this.groups = stays(this.groups);
    this.drafts = stays(this.drafts);
  }

  #putRow(row: ThreadRow): void {
    this.threads = put(this.threads, row, (r) => r.id === row.id).sort((a, b) => b.last_at_ms - a.last_at_ms);
  }

  #announce(event: Event): void {
    if (event.event === "message" && event.message.unread && event.message.state.state === "received") {
      this.announcement = t.arrivals.letter(partyName(event.message.from), this.#service(event.message.account));
    } else if (event.event === "ping" && event.ping.incoming && event.ping.state.state === "waiting") {
      this.announcement = t.arrivals.ping(event.ping.from, event.ping.service);
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

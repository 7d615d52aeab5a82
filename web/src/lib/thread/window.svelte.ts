// A sliding window over the messages of the open thread: it moves with the reader and is kept current by events.
// However long the thread is, the window holds two hundred messages at most.
import type { Event, Message, Place, Thread, ThreadRow } from "../api";
import { command, problem } from "../connection/transport";
import { measurePainted } from "../marks";
import { isSame } from "../same";

/** Messages of a page, several screens of them, and of the window at most: what is drawn costs with each change. */
const PAGE_ROWS = 50;
const WINDOW_MAX = 200;
/** The window holds fewer when their HTML together is longer, but always some. */
const WINDOW_HTML_MAX = 8 << 20;
const WINDOW_MIN = 10;
/** Read marks are collected for so long: each command goes to the member's other devices. */
const MARK_DELAY_MS = 300;

export class ThreadWindow {
  #shown = $state.raw<Thread | undefined>(undefined);
  error = $state("");
  /** The message at which the reader is, and whether they are at the end; set by the page. */
  reader = { at: 0, atEnd: true };
  /** Unread messages that arrived since it was opened, loaded or not. */
  readonly arrived = new Set<number>();
  /** Called before what is shown changes, while the page is laid out still. */
  changing: (() => void) | undefined;

  readonly #onread: (row: ThreadRow, messages: number) => void;
  #id = 0;
  /** Loads under way, each with the events that arrived meanwhile. */
  #loads = new Set<Event[]>();
  #moving = false;
  #seen: number[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `onread`: told of so many messages that were read here, before the app tells of them. */
  constructor(onread: (row: ThreadRow, messages: number) => void) {
    this.#onread = onread;
  }

  /** The thread as far as it is loaded; undefined while it is being loaded. */
  get shown(): Thread | undefined {
    return this.#shown;
  }

  set shown(thread: Thread | undefined) {
    this.changing?.();
    this.#shown = thread;
  }

  get id(): number {
    return this.#id;
  }

  /** Opens a thread at a message, at the first unread one or at its end; closes it with 0. */
  async open(id: number, point: number): Promise<void> {
    this.flush();
    this.#id = id;
    this.shown = undefined;
    this.arrived.clear();
    this.reader = { at: 0, atEnd: true };
    if (!id) return;
    const start = performance.now();
    await this.seek(point ? { around: point } : "unread");
    measurePainted("thread", start);
  }

  /** Shows another place of the thread. */
  async seek(at: Place): Promise<void> {
    this.error = "";
    try {
      await this.#load(at, (page) => page);
    } catch (error) {
      this.error = problem(error);
    }
  }

  /** Loads what is shown again. */
  async reload(): Promise<void> {
    if (!this.#id) return;
    await this.seek(this.reader.atEnd || !this.reader.at ? "end" : { around: this.reader.at });
  }

  /** Loads the next page towards the beginning (`back`) or the end. */
  async move(back: boolean): Promise<void> {
    const edge = back ? this.shown?.messages[0] : this.shown?.messages.at(-1);
    if (!edge || this.#moving || !(back ? this.shown?.older : this.shown?.newer)) return;
    this.#moving = true;
    try {
      await this.#load(back ? { before: edge.id } : { after: edge.id }, (page, shown) => {
        if (!shown || (back ? shown.messages[0] : shown.messages.at(-1))?.id !== edge.id) return shown;
        const known = new Set(shown.messages.map((m) => m.id));
        const fresh = page.messages.filter((m) => !known.has(m.id));
        return back
          ? trimmed({ ...shown, older: page.older, messages: [...fresh, ...shown.messages] }, true)
          : trimmed({ ...shown, newer: page.newer, messages: [...shown.messages, ...fresh] }, false);
      });
    } catch {
      // What is shown stays; scrolling on tries again.
    } finally {
      this.#moving = false;
    }
  }

  /** Loads as much around what is shown as the window holds. */
  async fill(): Promise<void> {
    for (const back of [true, false]) {
      for (let before = -1; this.shown && this.shown.messages.length > before && this.shown.messages.length + PAGE_ROWS <= WINDOW_MAX; ) {
        before = this.shown.messages.length;
        await this.move(back);
      }
    }
  }

  /** Loads a page, and then applies again the events that arrived meanwhile, which it may not have. */
  async #load(at: Place, take: (page: Thread, shown: Thread | undefined) => Thread | undefined): Promise<void> {
    const id = this.#id;
    const meanwhile: Event[] = [];
    this.#loads.add(meanwhile);
    try {
      const page = await command("thread", { thread: id, at, limit: PAGE_ROWS });
      if (this.#id === id) this.shown = take(page, this.shown);
    } finally {
      this.#loads.delete(meanwhile);
    }
    if (this.#id === id) for (const event of meanwhile) this.#apply(event);
  }

  /** Applies an event, of whatever thread. */
  apply(event: Event): void {
    for (const meanwhile of this.#loads) meanwhile.push(event);
    if (event.event === "message") this.#arrive(event.message);
    this.#apply(event);
  }

  #arrive(message: Message): void {
    if (!message.unread) this.arrived.delete(message.id);
    else if (this.shown && message.thread === this.#id && message.id > Math.max(0, ...this.shown.messages.map((m) => m.id))) this.arrived.add(message.id);
  }

  #apply(event: Event): void {
    const shown = this.shown;
    if (!shown) return;
    switch (event.event) {
      case "thread":
        if (event.thread.id === shown.row.id) this.#putRow(event.thread);
        break;
      case "message":
        this.put(event.message);
        break;
      case "message_gone":
        if (event.thread === shown.row.id) this.shown = { ...shown, messages: shown.messages.filter((m) => m.id !== event.message) };
        break;
      case "progress": {
        const known = event.thread === shown.row.id && shown.messages.find((m) => m.id === event.message);
        if (known) this.put({ ...known, state: event.state });
        break;
      }
      case "account":
      case "account_gone":
      case "contact":
      case "contact_gone":
      case "draft":
      case "draft_gone":
      case "group":
      case "lagged":
      case "ping":
      case "thread_gone":
        // Not about what the window shows.
        break;
      default:
        event satisfies never;
    }
  }

  #putRow(row: ThreadRow): void {
    if (!this.shown || isSame(row, this.shown.row)) return;
    this.shown = { ...this.shown, row };
    // Read on another device, or in another tab.
    if (row.unread > 0) return;
    this.arrived.clear();
    this.#setUnread(this.shown.messages.filter((m) => m.unread), false);
  }

  /** Adds or replaces a message, if its place is within the window. */
  put(message: Message): void {
    const shown = this.shown;
    if (!shown || message.thread !== shown.row.id) return;
    const before = shown.messages.find((m) => m.id === message.id);
    if (before && isSame(before, message)) return;
    const others = shown.messages.filter((m) => m !== before);
    let at = others.length;
    for (let above = others[at - 1]; above && after(above, message); above = others[at - 1]) at -= 1;
    const beyond = (at === others.length && shown.newer) || (at === 0 && shown.older);
    if (!before && beyond) {
      // It is counted below what is shown.
      this.shown = { ...shown };
      return;
    }
    if (!before && others.length >= WINDOW_MAX && !this.reader.atEnd) {
      this.shown = { ...shown, newer: true };
      return;
    }
    this.shown = trimmed({ ...shown, messages: others.toSpliced(at, 0, message) }, false);
  }

  dropDraft(id: number): void {
    if (this.shown?.draft?.id === id) this.shown = { ...this.shown, draft: null };
  }

  /** Marks messages as read; the engine is sent the marks a moment later. */
  markRead(messages: Message[]): void {
    const shown = this.shown;
    if (!shown || messages.length === 0) return;
    this.#setUnread(messages, false);
    for (const { id } of messages) this.arrived.delete(id);
    const row = { ...shown.row, unread: Math.max(shown.row.unread - messages.length, 0) };
    this.shown = { ...(this.shown ?? shown), row };
    this.#onread(row, messages.length);
    this.#seen.push(...messages.map((m) => m.id));
    this.#timer ??= setTimeout(() => this.flush(), MARK_DELAY_MS);
  }

  #setUnread(messages: Message[], unread: boolean): void {
    const shown = this.shown;
    if (!shown || messages.length === 0) return;
    const marked = new Set(messages.map((m) => m.id));
    this.shown = { ...shown, messages: shown.messages.map((m) => (marked.has(m.id) ? { ...m, unread } : m)) };
  }

  /** Sends the collected read marks now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const thread = this.#id;
    const messages = this.#seen.splice(0);
    if (messages.length === 0) return;
    command("mark_read", { thread, messages }, { keepalive: true }).catch(() => {
      // They stay unread, and are marked when they are seen again.
      const failed = new Set(messages);
      if (this.#id === thread) this.#setUnread(this.shown?.messages.filter((m) => failed.has(m.id)) ?? [], true);
    });
  }
}

/** Whether a message stands after another, as the engine sorts them. */
const after = (one: Message, other: Message): boolean => one.at_ms > other.at_ms || (one.at_ms === other.at_ms && one.id > other.id);

/** Trims a window at the end far from where it grew. */
function trimmed(thread: Thread, back: boolean): Thread {
  const near = back ? thread.messages : thread.messages.toReversed();
  let length = 0;
  const kept = near.findIndex((m, i) => (length += m.html.length) > WINDOW_HTML_MAX ? i >= WINDOW_MIN : i >= WINDOW_MAX);
  if (kept < 0) return thread;
  return back ? { ...thread, messages: thread.messages.slice(0, kept), newer: true } : { ...thread, messages: thread.messages.slice(-kept), older: true };
}

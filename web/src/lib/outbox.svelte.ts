// Undo-send of the letter sent last, and retry and "edit again" of letters in the outbox.
import type { Message } from "./api";
import { shownReplyBox } from "./draft/reply.svelte";
import { href, router } from "./route.svelte";
import { store } from "./store.svelte";
import { ApiError, command, problem } from "./connection/transport";

const SHOWN_MS = 8000;
/** Longest that keys wait for a reply to be shown. */
const AWAITED_MS = 3000;

class Outbox {
  /** The letter sent last, while the bar with its state and undo is shown. */
  last = $state.raw<Message | null>(null);
  /** Whole seconds until it leaves by itself. */
  left = $state(0);
  error = $state("");
  /** The thread whose reply is to have the focus once it is shown; 0 for none. */
  #awaited = 0;
  #awaitedUntil = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #clock: ReturnType<typeof setInterval> | undefined;
  /** The member's own letter of the latest event, which may overtake the reply to `send`. */
  #lastEvent: Message | null = null;

  constructor() {
    store.listen((event) => {
      if (event.event === "message" && event.message.from.kind === "me") this.#lastEvent = event.message;
      if (event.event === "message" && event.message.id === this.last?.id) this.#show(event.message);
      if (event.event === "progress" && event.message === this.last?.id) this.#show({ ...this.last, state: event.state });
      if (event.event === "message_gone" && event.message === this.last?.id) this.close();
    });
    store.onLoaded(() => void this.#lookUp());
    // A page that is closed cannot undo any more.
    addEventListener("pagehide", () => void this.sendNow(true));
  }

  /** Moves the focus to the reply box of a thread, once that is shown. */
  awaitReply(thread: number): void {
    const shown = document.querySelector<HTMLElement>(`[data-key='reply'][data-thread='${thread}']`);
    shown?.focus();
    this.#awaited = shown ? 0 : thread;
    this.#awaitedUntil = Date.now() + AWAITED_MS;
  }

  /** Whether the reply box of this thread takes the focus. Asked once, when it is shown. */
  takeAwaited(thread: number): boolean {
    const awaited = this.awaiting && this.#awaited === thread;
    if (awaited) this.#awaited = 0;
    return awaited;
  }

  /** Keys typed now are meant for a reply box that is about to be shown; they are no shortcuts. */
  get awaiting(): boolean {
    return this.#awaited !== 0 && Date.now() < this.#awaitedUntil;
  }

  get held(): boolean {
    return this.last?.state.state === "held";
  }

  /** Shows the bar with undo for a letter just sent. The letter before it is released at once. */
  note(message: Message): void {
    if (this.last?.id !== message.id) void this.sendNow();
    this.error = "";
    this.#show(this.#lastEvent?.id === message.id ? this.#lastEvent : message);
  }

  #show(message: Message): void {
    const before = this.last?.state.state;
    const { state } = message;
    this.last = message;
    clearInterval(this.#clock);
    switch (state.state) {
      case "held":
        clearTimeout(this.#timer);
        this.#count(state.until_ms);
        this.#clock = setInterval(() => this.#count(state.until_ms), 250);
        break;
      case "queued":
      case "sending":
      case "failed":
        if (before !== state.state) this.#hideAfter(SHOWN_MS);
        break;
      case "sent":
      case "received":
        this.close();
        break;
      default:
        state satisfies never;
    }
  }

  /** Asks what became of the letter while events were missed. */
  async #lookUp(): Promise<void> {
    const before = this.last;
    if (!before) return;
    let now: Message | undefined;
    try {
      const { messages } = await command("thread", { thread: before.thread, at: { around: before.id }, limit: 1 });
      now = messages.find(({ id }) => id === before.id);
    } catch (error) {
      // Unreachable again, to be looked up at the next loading; otherwise the thread is gone.
      if (!(error instanceof ApiError)) return;
    }
    // An event may have overtaken the reply.
    if (this.last !== before) return;
    if (now) this.#show(now);
    else this.close();
  }

  #count(until_ms: number): void {
    this.left = Math.max(0, Math.ceil((until_ms - Date.now()) / 1000));
  }

  #hideAfter(delay_ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), delay_ms);
  }

  close(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#clock);
    this.last = null;
    this.error = "";
  }

  /** Releases the letter that is held back. */
  async sendNow(keepalive = false): Promise<void> {
    if (!this.last || !this.held) return;
    const since = store.eventCount();
    try {
      store.putMessage(await command("send_now", { message: this.last.id }, { keepalive }), since);
    } catch {
      // It leaves when its time is up.
    }
  }

  /** Takes the last letter back; when it is too late, `error` says so. */
  async undo(): Promise<void> {
    if (!this.last) return;
    const error = await edit(this.last);
    if (error) this.error = error;
    else this.close();
  }
}

/** Makes a letter that has not left a draft again and opens it. Returns what went wrong, if so. */
export async function edit(message: Message): Promise<string> {
  // What was begun in the reply box since is appended to the same draft.
  const replyBox = shownReplyBox(message.thread);
  await replyBox?.settled();
  await replyBox?.editor.save();
  const since = store.eventCount();
  try {
    const draft = await command("unsend", { message: message.id });
    store.putDraft(draft, since);
    replyBox?.editor.receive(draft);
    if (draft.thread === null) {
      router.go(href(draft.account, "drafts", draft.id));
    } else {
      router.go(href(draft.account, "letters", draft.thread));
      await store.open.reload();
      outbox.awaitReply(draft.thread);
    }
    return "";
  } catch (error) {
    return problem(error);
  }
}

/** Queues a failed letter again. Returns what went wrong, if so. */
export async function retry(message: Message): Promise<string> {
  const since = store.eventCount();
  try {
    store.putMessage(await command("retry", { message: message.id }), since);
    return "";
  } catch (error) {
    return problem(error);
  }
}

export const outbox = new Outbox();

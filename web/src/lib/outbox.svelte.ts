// What has just been sent and can perhaps be taken back, and the retry and "edit again" of letters
// that wait in the outbox.
import type { Message } from "./api";
import { href, router } from "./route.svelte";
import { store } from "./store.svelte";
import { command, problem } from "./transport";

const SHOWN_MS = 8000;
const SENT_SHOWN_MS = 4000;

class Outbox {
  /** The letter sent last, for as long as the notice of it is shown. */
  last = $state.raw<Message | null>(null);
  error = $state("");
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The last letter of ours that an event told of; it may overtake the reply to `send`. */
  #told: Message | null = null;

  constructor() {
    store.listen((event) => {
      if (event.event === "message" && event.message.from.kind === "me") this.#told = event.message;
      if (event.event === "message" && event.message.id === this.last?.id) this.#follow(event.message);
      if (event.event === "progress" && event.message === this.last?.id) this.#follow({ ...this.last, state: event.state });
      if (event.event === "message_gone" && event.message === this.last?.id) this.close();
    });
  }

  /** Shows the notice with its undo. */
  note(message: Message): void {
    this.error = "";
    this.last = this.#told?.id === message.id ? this.#told : message;
    this.#hideAfter(this.last.state.state === "sent" ? SENT_SHOWN_MS : SHOWN_MS);
  }

  #follow(message: Message): void {
    const before = this.last?.state.state;
    this.last = message;
    if (message.state.state === "sent" && before !== "sent") this.#hideAfter(SENT_SHOWN_MS);
  }

  #hideAfter(delay_ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), delay_ms);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.last = null;
    this.error = "";
  }

  /** Takes the last letter back; when it is too late the notice says so. */
  async undo(): Promise<void> {
    if (!this.last) return;
    const error = await edit(this.last);
    if (error) this.error = error;
    else this.close();
  }
}

/** Makes a queued or failed letter a draft again and opens it. Returns what went wrong, if so. */
export async function edit(message: Message): Promise<string> {
  const since = store.now();
  try {
    const draft = await command("unsend", { message: message.id });
    store.putDraft(draft, since);
    if (draft.thread === null) {
      router.go(href(draft.account, "drafts", draft.id));
    } else {
      router.go(href(draft.account, "letters", draft.thread));
      await store.open.reload();
    }
    return "";
  } catch (error) {
    return problem(error);
  }
}

/** Queues a failed letter again. Returns what went wrong, if so. */
export async function retry(message: Message): Promise<string> {
  const since = store.now();
  try {
    store.putMessage(await command("retry", { message: message.id }), since);
    return "";
  } catch (error) {
    return problem(error);
  }
}

export const outbox = new Outbox();

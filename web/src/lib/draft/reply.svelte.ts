// The reply box of a thread: the reply being written, and a queue of those that are being sent. They are sent one
// after the other, in order, while the next one is typed. It outlives the thread's page until it is empty.
import type { Message } from "../api";
import { DraftEditor } from "./editor.svelte";
import { store } from "../store.svelte";

export class ReplyBox {
  /** What is being written. */
  editor: DraftEditor = $state.raw() as DraftEditor;
  /** The queue of replies being sent, oldest first. */
  outgoing = $state.raw<DraftEditor[]>([]);

  /** Pages that show it. */
  users = 0;
  #sending: Promise<void> | null = null;

  constructor(
    readonly account: number,
    readonly thread: number,
  ) {
    this.editor = new DraftEditor(account, thread, store.drafts.find((draft) => draft.thread === thread));
  }

  /** Queues what is written and begins the next; false when it can't be sent, and the editor's `error` says why. */
  send(hold_ms: number, sent: (message: Message) => void): boolean {
    if (!this.editor.seal()) return false;
    this.outgoing = [...this.outgoing, this.editor];
    this.#sending ??= this.#sendQueue(hold_ms, sent);
    this.editor = new DraftEditor(this.account, this.thread, null, this.#sending);
    return true;
  }

  async #sendQueue(hold_ms: number, sent: (message: Message) => void): Promise<void> {
    for (let letter = this.outgoing[0]; letter; letter = this.outgoing[0]) {
      const message = await letter.send(hold_ms);
      if (!message) {
        letter.absorb([...this.outgoing.slice(1), this.editor]);
        this.editor = letter;
        this.outgoing = [];
        break;
      }
      this.outgoing = this.outgoing.slice(1);
      sent(message);
    }
    this.#sending = null;
  }

  /** Resolves when the queue is empty. */
  async settled(): Promise<void> {
    await this.#sending;
  }

  /** Throws away what is being written. */
  async discard(): Promise<void> {
    if (await this.editor.discard()) this.editor = new DraftEditor(this.account, this.thread);
  }
}

const replyBoxes = new Map<number, ReplyBox>();

/** The reply box of a thread, to be given back with `releaseReplyBox`. */
export function acquireReplyBox(account: number, thread: number): ReplyBox {
  const box = replyBoxes.get(thread) ?? new ReplyBox(account, thread);
  replyBoxes.set(thread, box);
  box.users += 1;
  return box;
}

/** The page that showed it is closed. */
export async function releaseReplyBox(box: ReplyBox): Promise<void> {
  box.users -= 1;
  await box.settled();
  await box.editor.save();
  // What could not be saved stays here, to be shown again.
  if (box.users > 0 || box.editor.unsaved || replyBoxes.get(box.thread) !== box) return;
  replyBoxes.delete(box.thread);
  await box.editor.release();
}

/** The reply box of a thread if there is one. */
export function shownReplyBox(thread: number): ReplyBox | undefined {
  return replyBoxes.get(thread);
}

/** Whether replies are being sent, in any thread. */
export function anythingOutgoing(): boolean {
  return [...replyBoxes.values()].some((box) => box.outgoing.length > 0);
}

// The desk at the foot of a thread: the reply being written, and those handed over that the app has
// not taken yet. They leave one after the other, in the order they were sent; what is typed meanwhile
// is the next one's. It outlives the thread's page for as long as something is on it.
import type { Message } from "../api";
import { DraftEditor } from "./editor.svelte";
import { store } from "../store.svelte";

export class ReplyDesk {
  /** What is being written. */
  editor: DraftEditor = $state.raw() as DraftEditor;
  /** Handed over and on their way, oldest first. */
  leaving = $state.raw<DraftEditor[]>([]);

  /** Pages that show it. */
  users = 0;
  #work: Promise<void> | null = null;

  constructor(
    readonly account: number,
    readonly thread: number,
  ) {
    this.editor = new DraftEditor(account, thread, store.drafts.find((draft) => draft.thread === thread));
  }

  /** Hands over what is written and begins the next; false when there is an obstacle, which the editor tells. */
  send(hold_ms: number, sent: (message: Message) => void): boolean {
    if (!this.editor.seal()) return false;
    this.leaving = [...this.leaving, this.editor];
    this.#work ??= this.#handOver(hold_ms, sent);
    this.editor = new DraftEditor(this.account, this.thread, null, this.#work);
    return true;
  }

  async #handOver(hold_ms: number, sent: (message: Message) => void): Promise<void> {
    for (let letter = this.leaving[0]; letter; letter = this.leaving[0]) {
      const message = await letter.handOver(hold_ms);
      if (!message) {
        letter.absorb([...this.leaving.slice(1), this.editor]);
        this.editor = letter;
        this.leaving = [];
        break;
      }
      this.leaving = this.leaving.slice(1);
      sent(message);
    }
    this.#work = null;
  }

  /** Resolves when nothing is on its way. */
  async settled(): Promise<void> {
    await this.#work;
  }

  /** Throws away what is being written. */
  async discard(): Promise<void> {
    if (await this.editor.discard()) this.editor = new DraftEditor(this.account, this.thread);
  }
}

const desks = new Map<number, ReplyDesk>();

/** The desk of a thread, to be given back with `releaseDesk`. */
export function takeDesk(account: number, thread: number): ReplyDesk {
  const desk = desks.get(thread) ?? new ReplyDesk(account, thread);
  desks.set(thread, desk);
  desk.users += 1;
  return desk;
}

/** The page that showed it is gone. */
export async function releaseDesk(desk: ReplyDesk): Promise<void> {
  desk.users -= 1;
  await desk.settled();
  await desk.editor.save();
  // What could not be saved is to be found here again.
  if (desk.users > 0 || desk.editor.unsaved || desks.get(desk.thread) !== desk) return;
  desks.delete(desk.thread);
  await desk.editor.release();
}

/** The desk of a thread if a page shows it. */
export function shownDesk(thread: number): ReplyDesk | undefined {
  return desks.get(thread);
}

/** Letters that are being handed over, in all threads. */
export function anythingLeaving(): boolean {
  return [...desks.values()].some((desk) => desk.leaving.length > 0);
}

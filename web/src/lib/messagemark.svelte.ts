// Marks of single messages: a star, and the trash, before which the member is asked.
import { tick } from "svelte";
import type { Message, MessageMark } from "./api";
import { command, problem } from "./connection/transport";
import { store } from "./store.svelte";
import { t } from "./strings";

/** Whether a message can be put into the trash: what is to be sent still is taken back instead. */
export const canDelete = ({ state, trashed_ms }: Message): boolean => trashed_ms == null && (state.state === "received" || state.state === "sent");

class MessageMarks {
  /** The message that is about to be deleted, while the member is asked. */
  asked = $state.raw<Message | null>(null);
  error = $state("");

  async star(message: Message): Promise<void> {
    if (await this.#mark(message, "starred", !message.starred)) store.announcement = message.starred ? t.message.unstarred : t.message.starred;
  }

  /** Asks whether to delete a message. */
  ask(message: Message): void {
    this.error = "";
    this.asked = message;
  }

  /** Deletes the message that was asked about, or takes one back. */
  async trash(message: Message, on: boolean): Promise<void> {
    if (!(await this.#mark(message, "trashed", on))) return;
    this.asked = null;
    // Now, so that what has the focus then is there to stay.
    store.open.put({ ...message, trashed_ms: on ? Date.now() : null });
    await tick();
    document.getElementById(`m${message.id}`)?.focus({ preventScroll: true });
  }

  async #mark(message: Message, mark: MessageMark, on: boolean): Promise<boolean> {
    this.error = "";
    try {
      await command("mark_messages", { messages: [message.id], mark, on });
      return true;
    } catch (caught) {
      this.error = problem(caught);
      store.announcement = this.error;
      return false;
    }
  }
}

export const messageMarks = new MessageMarks();

// A letter being written: it saves itself a moment after the last change, carries its uploads, and
// becomes a message when sent.
import type { Attachment, Draft, Message } from "./api";
import { store } from "./store.svelte";
import { t } from "./strings";
import { command, problem, upload, type Transfer } from "./transport";

const SAVE_DELAY_MS = 500;

/** A file on its way into the draft. */
export interface Upload {
  key: number;
  name: string;
  total: number;
  sent: number;
  started_ms: number;
  transfer: Transfer | null;
  error: string;
}

let nextKey = 1;

export class DraftEditor {
  readonly account: number;
  readonly thread: number | null;

  id = $state<number | null>(null);
  to = $state.raw<string[]>([]);
  subject = $state("");
  text = $state("");
  attachments = $state.raw<Attachment[]>([]);
  uploads = $state<Upload[]>([]);
  status = $state<"" | "unsaved" | "saving" | "saved">("");
  error = $state("");
  sending = $state(false);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #dirty = false;
  #saving: Promise<void> | null = null;
  #closed = false;

  constructor(account: number, thread: number | null, draft: Draft | null = null) {
    this.account = account;
    this.thread = thread;
    if (draft) this.#take(draft);
  }

  /** Nothing worth keeping has been written. */
  get empty(): boolean {
    return !this.text.trim() && !this.subject.trim() && this.to.length === 0 && this.attachments.length === 0 && this.uploads.length === 0;
  }

  get uploading(): boolean {
    return this.uploads.some((u) => !u.error);
  }

  #take(draft: Draft): void {
    this.id = draft.id;
    this.to = draft.to;
    this.subject = draft.subject;
    this.text = draft.text;
    this.attachments = draft.attachments;
    this.status = "saved";
  }

  /** To be called after every change of a field. */
  touch(): void {
    this.#dirty = true;
    this.status = "unsaved";
    this.error = "";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), SAVE_DELAY_MS);
  }

  /** Saves now what has changed, one save at a time. Failures are shown in `error`. */
  async save(keepalive = false): Promise<void> {
    clearTimeout(this.#timer);
    await this.#saving;
    if (!this.#dirty || this.#closed || (this.empty && this.id === null)) return;
    this.#saving = this.#write(keepalive);
    await this.#saving;
    this.#saving = null;
  }

  async #write(keepalive: boolean): Promise<void> {
    this.#dirty = false;
    this.status = "saving";
    const since = store.now();
    try {
      const draft = await command("save_draft", this.#fields(), { keepalive });
      this.id = draft.id;
      this.status = this.#dirty ? "unsaved" : "saved";
      if (!this.#closed) store.putDraft(draft, since);
    } catch (error) {
      this.#dirty = true;
      this.status = "unsaved";
      this.error = problem(error);
    }
  }

  #fields() {
    return {
      account: this.account,
      to: this.to,
      subject: this.subject,
      text: this.text,
      ...(this.id === null ? {} : { draft: this.id }),
      ...(this.thread === null ? {} : { thread: this.thread }),
    };
  }

  /** Attaches files one after the other; each shows its progress. */
  async attach(files: Iterable<File>): Promise<void> {
    const queue = [...files].map((file) => ({ file, key: this.#announce(file) }));
    if (queue.length === 0) return;
    this.#dirty = true;
    await this.save();
    for (const { file, key } of queue) await this.#upload(file, key);
  }

  #announce(file: File): number {
    const key = nextKey++;
    this.uploads.push({ key, name: file.name, total: file.size, sent: 0, started_ms: Date.now(), transfer: null, error: "" });
    return key;
  }

  async #upload(file: File, key: number): Promise<void> {
    const shown = this.uploads.find((u) => u.key === key);
    if (!shown || this.id === null) return;
    shown.started_ms = Date.now();
    const since = store.now();
    try {
      const transfer = upload(this.id, file, (sent) => (shown.sent = sent));
      shown.transfer = transfer;
      const draft = await transfer.done;
      this.attachments = draft.attachments;
      this.#forget(key);
      store.putDraft(draft, since);
    } catch (error) {
      if (this.uploads.some((u) => u.key === key)) shown.error = problem(error);
    }
  }

  /** Stops an upload, or puts a failed one away. */
  cancel(key: number): void {
    const transfer = this.uploads.find((u) => u.key === key)?.transfer;
    this.#forget(key);
    transfer?.cancel();
  }

  #forget(key: number): void {
    this.uploads = this.uploads.filter((u) => u.key !== key);
  }

  async detach(attachment: number): Promise<void> {
    if (this.id === null) return;
    const since = store.now();
    try {
      const draft = await command("detach", { draft: this.id, attachment });
      this.attachments = draft.attachments;
      store.putDraft(draft, since);
    } catch (error) {
      this.error = problem(error);
    }
  }

  /** Sends it; null and `error` set when that is not possible. */
  async send(): Promise<Message | null> {
    if (this.sending) return null;
    this.error = this.#obstacle();
    if (this.error) return null;
    this.sending = true;
    try {
      this.#dirty = this.#dirty || this.id === null;
      await this.save();
      if (this.id === null || this.#dirty) return null;
      const id = this.id;
      const since = store.now();
      const message = await command("send", { draft: id });
      this.#closed = true;
      store.dropDraft(id);
      store.putMessage(message, since);
      return message;
    } catch (error) {
      this.error = problem(error);
      return null;
    } finally {
      this.sending = false;
    }
  }

  #obstacle(): string {
    if (this.uploading) return t.write.uploading;
    if (this.thread === null && this.to.length === 0) return t.write.needTo;
    if (!this.text.trim() && this.attachments.length === 0) return t.write.needText;
    return "";
  }

  /** Throws the draft away; true when it is gone. */
  async discard(): Promise<boolean> {
    clearTimeout(this.#timer);
    for (const { key } of [...this.uploads]) this.cancel(key);
    try {
      await this.#saving;
      if (this.id !== null) {
        await command("drop_draft", { draft: this.id });
        store.dropDraft(this.id);
      }
      this.#closed = true;
      return true;
    } catch (error) {
      this.error = problem(error);
      return false;
    }
  }
}

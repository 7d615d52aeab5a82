// The editor of a draft: its attachments, sending it, and its end. Saving is in `autosave.svelte.ts`,
// conflicts between windows in `synced.svelte.ts`.
import type { Draft, Message } from "../api";
import { ApiError, command, problem } from "../connection/transport";
import { store } from "../store.svelte";
import { t } from "../strings";
import { unsavedDrafts } from "./autosave.svelte";
import { joined } from "./compare";
import { openEditors } from "./registry";
import { SyncedDraft } from "./synced.svelte";

/** Attempts to send a letter while saves of the same text by another window interfere. */
const SEND_ATTEMPTS = 3;

export class DraftEditor extends SyncedDraft {
  #released = false;
  /** Resolves when the files chosen so far are attached or have failed. */
  #attaching: Promise<void> = Promise.resolve();
  /** Resolves when it has been sent, or that has failed. */
  #delivery: Promise<void> = Promise.resolve();
  #delivered: () => void = () => undefined;

  /** `predecessors` resolves when the replies before it have been sent: it is saved only then. */
  constructor(account: number, thread: number | null, draft: Draft | null = null, predecessors: Promise<void> | null = null) {
    super(account, thread, draft, predecessors);
    openEditors.add(this);
    void predecessors?.then(() => {
      this.predecessors = null;
      this.catchUp();
      return this.save();
    });
  }

  // --- Attachments ---

  /** Attaches files one after the other; each shows its progress. */
  async attach(files: Iterable<File>): Promise<void> {
    const keys = this.uploads.add(files);
    if (keys.length === 0) return;
    await this.#upload(keys);
  }

  /** Repeats an upload that failed; false when the file must be chosen again. */
  async tryAgain(key: number, chosen?: File): Promise<boolean> {
    if (!(await this.uploads.again(key, chosen))) return false;
    this.error = "";
    await this.#upload([key]);
    return true;
  }

  #upload(keys: number[]): Promise<void> {
    return (this.#attaching = this.#attaching.then(() => this.#uploadEach(keys)));
  }

  async #uploadEach(keys: number[]): Promise<void> {
    await this.predecessors;
    await this.#delivery;
    // It was sent: the files go on to the letter begun since.
    if (this.closed) return;
    this.setDirty(true);
    await this.save();
    // Until then it is not known which version has the files.
    await this.conflictResolved();
    await this.save();
    for (const key of keys) {
      this.uploads.setDraft(this.id);
      const draft = await this.uploads.send(key, this.id, this.error);
      if (draft?.id === this.id) this.attachments = draft.attachments;
    }
    if (this.#released) await this.release();
  }

  async detach(attachment: number): Promise<void> {
    if (this.id === null) return;
    const since = store.eventCount();
    try {
      const draft = await command("detach", { draft: this.id, attachment });
      this.attachments = draft.attachments;
      if (this.empty) store.dropDraft(draft.id);
      else store.putDraft(draft, since);
    } catch (error) {
      this.error = problem(error);
    }
  }

  // --- Sending ---

  /** Seals it, to be sent as it is now. False and `error` set when it can't be. */
  seal(): boolean {
    if (this.sending) return false;
    this.error = this.#obstacle();
    if (this.error) return false;
    this.unscheduleSave();
    this.sending = true;
    this.#delivery = new Promise((delivered) => (this.#delivered = delivered));
    this.sealed = this.text;
    return true;
  }

  #obstacle(): string {
    if (this.theirs) return t.write.changed;
    if (this.uploads.running) return t.write.uploading;
    if (this.uploads.failed.length > 0) return t.write.notAttached(this.uploads.failed);
    if (this.uploads.missing > 0) return t.attach.lostHolds;
    if (this.thread === null && this.to.length === 0) return t.write.needTo;
    if (!this.text.trim() && this.attachments.length === 0) return t.write.needText;
    return "";
  }

  /** Sends a sealed letter. Null and `error` set when that has failed, and then it is open again. */
  async send(hold_ms: number): Promise<Message | null> {
    for (let attempt = 0; attempt < SEND_ATTEMPTS; attempt += 1) {
      while (this.saving) await this.saving;
      const message = await this.#tryToSend(hold_ms);
      if (message) {
        this.#delivered();
        return message;
      }
      if (this.error || this.theirs) break;
    }
    this.sending = false;
    this.#delivered();
    this.catchUp();
    void this.save();
    return null;
  }

  async #tryToSend(hold_ms: number): Promise<Message | null> {
    const since = store.eventCount();
    if ((this.dirty || this.id === null) && !(await this.write(since))) return null;
    if (this.id === null) return null;
    const { id } = this;
    const tried = this.fields(this.sealed);
    try {
      const message = await command("send", { draft: id, version: this.version, hold_ms });
      this.close();
      store.dropDraft(id);
      store.putMessage(message, since);
      return message;
    } catch (error) {
      const known = error instanceof ApiError && (error.code === "outdated" || error.code === "not_found");
      if (known) await this.failed(error, tried);
      else this.error = problem(error);
      return null;
    }
  }

  /** What was typed into its text after it was sealed. */
  get typedSince(): string {
    return this.text.startsWith(this.sealed) ? this.text.slice(this.sealed.length) : this.text;
  }

  /** Takes in the letters behind this one, which could not be sent, and the one begun since. */
  absorb(others: DraftEditor[]): void {
    this.sending = false;
    this.#delivered();
    const { error } = this;
    const files = others.flatMap((other) => other.uploads.shown.map((u) => u.file));
    this.text = joined([this.text, ...others.map((other) => other.text)]);
    for (const other of others) other.close();
    this.changed();
    this.error = error;
    void this.attach(files);
  }

  // --- Its end ---

  /** Throws the draft away; true when it is gone. */
  async discard(): Promise<boolean> {
    this.unscheduleSave();
    this.uploads.cancelAll();
    try {
      await this.saving;
      if (this.id !== null) {
        await command("drop_draft", { draft: this.id, version: this.version });
        store.dropDraft(this.id);
      }
      this.close();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === "not_found") {
        this.close();
        return true;
      }
      await this.failed(error, this.fields(this.text));
      return false;
    }
  }

  /** No page shows it any more: it is closed once everything is saved, after a reconnect if need be. */
  async release(): Promise<void> {
    this.#released = true;
    await this.save();
    if (!this.unsaved) this.close();
  }

  /** A page shows it again; false when it is closed. */
  revive(): boolean {
    this.#released = false;
    return !this.closed;
  }

  protected afterSave(): void {
    if (this.#released && !this.unsaved) return this.close();
    this.catchUp();
  }

  /** Whether the engine does not have all of it. */
  get unsaved(): boolean {
    return unsavedDrafts.has(this) || (!this.closed && this.uploads.shown.length > 0);
  }

  override close(): void {
    super.close();
    openEditors.delete(this);
  }
}

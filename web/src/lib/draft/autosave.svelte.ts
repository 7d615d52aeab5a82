// Autosave of a draft: the fields, their version, and saving them a moment after the last change.
//
// Each save names the version that it was typed upon, so the engine refuses one that is behind another
// window's. What happens then is the subject of `synced.svelte.ts`.
import type { Arguments, Attachment, Draft } from "../api";
import { ApiError, command, problem } from "../connection/transport";
import { store } from "../store.svelte";
import type { Typed } from "./compare";
import { Uploads } from "./upload.svelte";

const SAVE_DELAY_MS = 500;
/** Delay before a save that the full disk refused is repeated. */
const NO_ROOM_DELAY_MS = 3_000;

/** Drafts with changes that the engine does not have. */
export const unsavedDrafts = new Set<AutosavedDraft>();

export abstract class AutosavedDraft {
  readonly account: number;
  readonly thread: number | null;

  id = $state<number | null>(null);
  to = $state.raw<string[]>([]);
  subject = $state("");
  text = $state("");
  attachments = $state.raw<Attachment[]>([]);
  readonly uploads = new Uploads();
  status = $state<"" | "unsaved" | "saved">("");
  error = $state("");
  /** It is being sent as it was when it was sealed; what is typed since is not part of it. */
  sending = $state(false);
  /** The draft as another window has saved it, until the member has chosen. */
  theirs = $state.raw<Draft | null>(null);

  /** The version that the fields were typed upon; 0 when there is none. */
  protected version = 0;
  protected dirty = false;
  /** The save under way. Events that arrive meanwhile are looked at once it is done. */
  protected saving: Promise<void> | null = null;
  /** Resolves when the replies before this one have been sent; null when there are none. */
  protected predecessors: Promise<void> | null;
  protected closed = false;
  /** The text when it was sealed. */
  protected sealed = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The message of the last save that failed; the next one that does not takes it back. */
  #saveError = "";

  constructor(account: number, thread: number | null, predecessors: Promise<void> | null) {
    this.account = account;
    this.thread = thread;
    this.predecessors = predecessors;
  }

  /** Nothing worth keeping has been written. */
  get empty(): boolean {
    return this.blank && this.attachments.length === 0 && !this.uploads.unfinished;
  }

  protected get blank(): boolean {
    return !this.text.trim() && (this.thread !== null || (!this.subject.trim() && this.to.length === 0));
  }

  protected setDirty(dirty: boolean): void {
    this.dirty = dirty;
    if (dirty && !this.closed) unsavedDrafts.add(this);
    else unsavedDrafts.delete(this);
  }

  /** To be called after every change of a field. */
  changed(): void {
    this.setDirty(true);
    this.status = "unsaved";
    this.error = "";
    this.#scheduleSave(SAVE_DELAY_MS);
  }

  #scheduleSave(delay_ms: number): void {
    this.unscheduleSave();
    if (!this.closed) this.#timer = setTimeout(() => void this.save(), delay_ms);
  }

  protected unscheduleSave(): void {
    clearTimeout(this.#timer);
  }

  /** Saves now what has changed, one save at a time. Failures are shown in `error`. */
  async save(): Promise<void> {
    this.unscheduleSave();
    while (this.saving) await this.saving;
    // Handles events that wait, which may bring another window's version of this draft.
    const since = store.eventCount();
    if (this.predecessors || !this.dirty || this.closed || this.theirs || this.sending) return;
    if (this.empty && this.id === null) return this.setDirty(false);
    await this.write(since);
    this.afterSave();
  }

  /** The page is being closed: sends what the engine may not have, and waits for nothing. */
  saveOnUnload(): void {
    if (this.closed || (this.empty && this.id === null)) return;
    command("save_draft", { ...this.fields(this.text), leaving: true }, { keepalive: true }).catch(() => {
      // If the page comes back, it is unsaved as before.
    });
  }

  /** Saves the fields as they are now; false when that failed. Events are looked at once it is done. */
  protected async write(since: number): Promise<boolean> {
    const writing = this.#tryToWrite(since);
    this.saving = writing.then(() => undefined);
    const written = await writing;
    this.saving = null;
    return written;
  }

  async #tryToWrite(since: number): Promise<boolean> {
    this.dirty = false;
    const fields = this.fields(this.sending ? this.sealed : this.text);
    try {
      const draft = await command("save_draft", fields);
      this.id = draft.id;
      this.version = draft.version;
      this.status = this.dirty ? "unsaved" : "saved";
      if (this.error === this.#saveError) this.error = "";
      this.setDirty(this.dirty);
      if (this.closed) return true;
      if (this.empty) store.dropDraft(draft.id);
      else store.putDraft(draft, since);
      return true;
    } catch (error) {
      await this.failed(error, fields);
      return false;
    }
  }

  /** A save, or what needs one, was refused or did not reach the engine. */
  protected async failed(error: unknown, tried: Typed): Promise<void> {
    this.setDirty(true);
    this.status = "unsaved";
    this.error = this.#saveError = problem(error);
    if (!(error instanceof ApiError)) return;
    if (error.code === "outdated") await this.resolveOutdated(tried);
    if (error.code === "not_found") this.becomeNewDraft();
    if (error.code === "no_room") this.#scheduleSave(NO_ROOM_DELAY_MS);
  }

  protected fields(text: string): Arguments<"save_draft"> {
    return {
      account: this.account,
      to: this.to,
      subject: this.subject,
      text,
      version: this.version,
      ...(this.id === null ? {} : { draft: this.id }),
      ...(this.thread === null ? {} : { thread: this.thread }),
    };
  }

  /** Called after each save. */
  protected abstract afterSave(): void;
  /** The engine has another version than the one that was typed upon. */
  protected abstract resolveOutdated(tried: Typed): Promise<void>;
  /** The engine does not have the draft any more: the next save makes a new one. */
  protected abstract becomeNewDraft(): void;
}

// A letter being written: it saves itself a moment after the last change, carries its uploads, and
// becomes a message when sent.
//
// Several windows may write the same draft. Each save names the version it was typed upon, so the
// engine refuses one that is behind; an editor in which nothing is unsaved follows what others save,
// one in which something is asks (`theirs`).
import type { Attachment, Draft, Event, Message } from "./api";
import { store } from "./store.svelte";
import { t } from "./strings";
import { ApiError, command, problem, upload, type Transfer } from "./transport";

const SAVE_DELAY_MS = 500;

/** A file on its way into the draft. */
export interface Upload {
  key: number;
  file: File;
  name: string;
  total: number;
  sent: number;
  started_ms: number;
  transfer: Transfer | null;
  error: string;
}

let nextKey = 1;

/** Editors with something in them that the app does not have. */
const unsaved = new Set<DraftEditor>();

/** Whether closing the page would lose what was typed. */
export function anythingUnsaved(): boolean {
  return unsaved.size > 0;
}

/** The editor in which changes of this draft wait to be saved, if there is one. */
export function unsavedEditor(id: number): DraftEditor | undefined {
  return [...unsaved].find((editor) => editor.id === id);
}

/** All that somebody looks at, or that still have to be saved. */
const editors = new Set<DraftEditor>();

// After the app was away: what it has meanwhile, and what it has yet to be told.
store.whenLoaded(() => {
  for (const editor of editors) editor.reconcile();
});

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
  /** It is being handed over as it was when it was sealed; what is typed since is not part of it. */
  sending = $state(false);
  /** The draft as another window has left it, until the member has chosen. */
  theirs = $state.raw<Draft | null>(null);
  /** It was sent or discarded in another window, and nothing was unsaved here. */
  gone = $state(false);

  /** The version that what is here was typed upon; 0 when there is none. */
  #version = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dirty = false;
  #saving: Promise<void> | null = null;
  #closed = false;
  #released = false;
  /** The text when it was sealed. */
  #sealed = "";
  #deaf: () => void;
  /** Resolves when the letters before it have been handed over; null when none are. */
  #turn: Promise<void> | null;

  constructor(account: number, thread: number | null, draft: Draft | null = null, turn: Promise<void> | null = null) {
    this.account = account;
    this.thread = thread;
    this.#turn = turn;
    if (draft) this.#take(draft);
    this.#deaf = store.listen((event) => this.#hear(event));
    editors.add(this);
    void turn?.then(() => {
      this.#turn = null;
      return this.save();
    });
  }

  /** Nothing worth keeping has been written. */
  get empty(): boolean {
    const addressed = this.thread === null && (this.subject.trim() !== "" || this.to.length > 0);
    return !this.text.trim() && !addressed && this.attachments.length === 0 && this.uploads.length === 0;
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
    this.theirs = null;
    this.#version = draft.version;
    this.#setDirty(false);
    this.status = "saved";
  }

  #setDirty(dirty: boolean): void {
    this.#dirty = dirty;
    if (dirty && !this.#closed) unsaved.add(this);
    else unsaved.delete(this);
  }

  /** To be called after every change of a field. */
  touch(): void {
    this.#setDirty(true);
    this.status = "unsaved";
    this.error = "";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), SAVE_DELAY_MS);
  }

  /** Saves now what has changed, one save at a time. Failures are shown in `error`. */
  async save(keepalive = false): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#turn && !keepalive) return;
    while (this.#saving) await this.#saving;
    if (!this.#dirty || this.#closed || this.theirs || this.sending) return;
    if (this.empty && this.id === null) return this.#setDirty(false);
    await this.#write(keepalive);
    if (this.#released && !this.#dirty) return this.close();
    const known = store.drafts.find((draft) => draft.id === this.id);
    if (known) this.meet(known);
  }

  /** Saves the fields as they are now; false when that failed. */
  async #write(keepalive: boolean): Promise<boolean> {
    const writing = this.#tryToWrite(keepalive);
    this.#saving = writing.then(() => undefined);
    const written = await writing;
    this.#saving = null;
    return written;
  }

  async #tryToWrite(keepalive: boolean): Promise<boolean> {
    this.#dirty = false;
    this.status = "saving";
    const since = store.now();
    const fields = this.#fields();
    try {
      const draft = await command("save_draft", fields, { keepalive });
      this.id = draft.id;
      this.#version = draft.version;
      this.status = this.#dirty ? "unsaved" : "saved";
      this.error = "";
      this.#setDirty(this.#dirty);
      if (this.#closed) return true;
      if (this.empty) store.dropDraft(draft.id);
      else store.putDraft(draft, since);
      return true;
    } catch (error) {
      this.#setDirty(true);
      this.status = "unsaved";
      this.error = problem(error);
      if (error instanceof ApiError && error.code === "outdated") await this.#compare(fields);
      if (error instanceof ApiError && error.code === "not_found") this.#stray();
      return false;
    }
  }

  #fields() {
    return {
      account: this.account,
      to: this.to,
      subject: this.subject,
      text: this.sending ? this.#sealed : this.text,
      version: this.#version,
      ...(this.id === null ? {} : { draft: this.id }),
      ...(this.thread === null ? {} : { thread: this.thread }),
    };
  }

  /** The engine has another version: it may be our own, saved by a request whose answer was lost. */
  async #compare(tried: Typed): Promise<void> {
    let theirs: Draft | undefined;
    try {
      const drafts = await command("drafts", { account: this.account });
      theirs = drafts.find((draft) => draft.id === this.id || (this.thread !== null && draft.thread === this.thread));
    } catch (error) {
      this.error = problem(error);
      return;
    }
    this.error = "";
    if (!theirs) this.#stray();
    else if (same(theirs, tried) || same(theirs, this)) this.#follow(theirs);
    else this.theirs = theirs;
  }

  /** Goes on from a version that differs from what is here only by what was typed since. */
  #follow(draft: Draft): void {
    this.id = draft.id;
    this.#version = draft.version;
    this.attachments = draft.attachments;
    this.touch();
  }

  /** What is here has lost its draft, and becomes one of its own with the next save. */
  #stray(): void {
    this.id = null;
    this.#version = 0;
    this.attachments = [];
    this.touch();
    this.error = t.write.elsewhere;
  }

  #hear(event: Event): void {
    if (event.event === "draft") {
      const { draft } = event;
      if (draft.id === this.id || (this.id === null && this.thread !== null && draft.thread === this.thread)) this.meet(draft);
    } else if (event.event === "draft_gone" && event.draft === this.id) {
      this.lose();
    }
  }

  /** Compares with what was just loaded, and saves what is unsaved. */
  reconcile(): void {
    const known = store.drafts.find((draft) => draft.id === this.id || (this.thread !== null && draft.thread === this.thread));
    if (known) this.meet(known);
    else this.lose();
    void this.save();
  }

  /** Takes in how the engine has the draft now, unless the engine is just being told. */
  meet(draft: Draft): void {
    if (this.#closed || this.#saving || this.sending || this.#turn) return;
    if (draft.id === this.id && draft.version <= this.#version) {
      if (draft.version === this.#version && !this.uploading) this.attachments = draft.attachments;
      return;
    }
    if (!this.#dirty) this.#take(draft);
    else if (same(draft, this)) this.#follow(draft);
    else this.theirs = draft;
  }

  /** The engine has the draft no more. */
  lose(): void {
    if (this.#closed || this.#saving || this.sending || this.id === null) return;
    this.theirs = null;
    if (this.#dirty && !this.empty) return this.#stray();
    const emptied = this.empty;
    this.id = null;
    this.#version = 0;
    this.status = "";
    if (emptied) return;
    this.text = "";
    this.subject = "";
    this.to = [];
    this.attachments = [];
    this.gone = this.thread === null;
  }

  /** Puts the other window's draft in the place of what is here. */
  takeTheirs(): void {
    if (this.theirs) this.#take(this.theirs);
    this.error = "";
  }

  /** Keeps both: a reply has them one below the other, of a letter this becomes a second draft. */
  keepMine(): void {
    const { theirs } = this;
    if (!theirs) return;
    this.theirs = null;
    if (this.thread === null) {
      this.id = null;
      this.#version = 0;
      this.attachments = [];
    } else {
      this.text = joined([theirs.text, this.text]);
      this.id = theirs.id;
      this.#version = theirs.version;
      this.attachments = theirs.attachments;
    }
    this.touch();
    void this.save();
  }

  /** Attaches files one after the other; each shows its progress. */
  async attach(files: Iterable<File>): Promise<void> {
    const queue = [...files].map((file) => ({ file, key: this.#announce(file) }));
    if (queue.length === 0) return;
    await this.#turn;
    this.#setDirty(true);
    await this.save();
    for (const { file, key } of queue) await this.#upload(file, key);
  }

  #announce(file: File): number {
    const key = nextKey++;
    this.uploads.push({ key, file, name: file.name, total: file.size, sent: 0, started_ms: Date.now(), transfer: null, error: "" });
    return key;
  }

  async #upload(file: File, key: number): Promise<void> {
    const shown = this.uploads.find((u) => u.key === key);
    if (!shown) return;
    if (this.id === null) {
      shown.error = this.error || t.attach.noDraft;
      return;
    }
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
      if (this.empty) store.dropDraft(draft.id);
      else store.putDraft(draft, since);
    } catch (error) {
      this.error = problem(error);
    }
  }

  /** Closes it for changes, to be handed over as it is now. False and `error` set when it can't be. */
  seal(): boolean {
    if (this.sending) return false;
    this.error = this.#obstacle();
    if (this.error) return false;
    clearTimeout(this.#timer);
    this.sending = true;
    this.#sealed = this.text;
    return true;
  }

  /** Hands a sealed letter over, when it is its turn; null and `error` set when that has failed, and then it is open again. */
  async handOver(hold_ms: number): Promise<Message | null> {
    try {
      while (this.#saving) await this.#saving;
      if ((this.#dirty || this.id === null) && !(await this.#write(false))) return null;
      const id = this.id;
      if (id === null) return null;
      const since = store.now();
      const message = await command("send", { draft: id, hold_ms });
      this.close();
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

  /** What was typed into its text after it was sealed. */
  get since(): string {
    return this.text.startsWith(this.#sealed) ? this.text.slice(this.#sealed.length) : this.text;
  }

  /** Takes in letters that were to leave behind this one, which did not, and the one begun since. */
  absorb(others: DraftEditor[]): void {
    this.sending = false;
    const error = this.error;
    const files = others.flatMap((other) => other.uploads.map((u) => u.file));
    this.text = joined([this.text, ...others.map((other) => other.text)]);
    for (const other of others) other.close();
    this.touch();
    this.error = error;
    void this.attach(files);
  }

  #obstacle(): string {
    if (this.theirs) return t.write.changed;
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
      this.close();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === "not_found") {
        this.close();
        return true;
      }
      this.error = problem(error);
      return false;
    }
  }

  /** Nobody looks at it any more: what is unsaved is saved, when the app is back if it must be. */
  async release(): Promise<void> {
    this.#released = true;
    await this.save();
    if (!this.#dirty) this.close();
  }

  /** Somebody looks at it again; false when it has ended. */
  revive(): boolean {
    this.#released = false;
    return !this.#closed;
  }

  /** Whether the app does not have all of it. */
  get unsaved(): boolean {
    return unsaved.has(this);
  }

  /** Ends it without saving. */
  close(): void {
    this.#closed = true;
    this.#deaf();
    editors.delete(this);
    unsaved.delete(this);
    clearTimeout(this.#timer);
  }
}

/** What a member types; of a reply only the text. */
interface Typed {
  text: string;
  subject: string;
  to: string[];
}

function same(draft: Draft, typed: Typed): boolean {
  if (draft.text !== typed.text) return false;
  return draft.thread !== null || (draft.subject === typed.subject.trim() && draft.to.join("\n") === typed.to.map((name) => name.trim()).join("\n"));
}

/** Texts one below the other; blank ones left out. */
function joined(texts: string[]): string {
  return texts.filter((text) => text.trim()).join("\n\n");
}

// A page that goes away takes along what its timers have yet to save.
addEventListener("pagehide", () => {
  for (const editor of unsaved) void editor.save(true);
});

// A letter being written: it saves itself a moment after the last change, carries its uploads, and
// becomes a message when sent.
//
// Several windows may write the same draft. Each save names the version it was typed upon, so the
// engine refuses one that is behind; an editor in which nothing is unsaved follows what others save,
// one in which something is asks (`theirs`).
import type { Attachment, Draft, Event, Message } from "../api";
import { allDrafts } from "./list";
import { isComposing, open, unsaved } from "./registry";
import { store } from "../store.svelte";
import { t } from "../strings";
import { ApiError, command, problem } from "../connection/transport";
import { both, joined, same, type Typed } from "./compare";
import { Uploads } from "./upload.svelte";

const SAVE_DELAY_MS = 500;
/** How soon it is tried to save again what a full disk did not take. */
const ROOM_DELAY_MS = 3_000;
/** How often a letter that only another's save of the same text held up is handed over. */
const TRIES = 3;

export class DraftEditor {
  readonly account: number;
  readonly thread: number | null;

  id = $state<number | null>(null);
  to = $state.raw<string[]>([]);
  subject = $state("");
  text = $state("");
  attachments = $state.raw<Attachment[]>([]);
  readonly uploads = new Uploads();
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
  /** The engine is being told; what is heard meanwhile is looked at behind it. */
  #saving: Promise<void> | null = null;
  /** The draft that was heard to be gone while that could not be looked at. */
  #missed: number | null = null;
  /** What was said of a save that failed; it is taken back with the next one that does not. */
  #complaint = "";
  /** Called when the member has chosen between two versions. */
  #chosen: (() => void)[] = [];
  #closed = false;
  #released = false;
  /** The text when it was sealed. */
  #sealed = "";
  #deaf: () => void;
  /** Resolves when the letters before it have been handed over; null when none are. */
  #turn: Promise<void> | null;
  /** Resolves when the files chosen so far are attached or have failed. */
  #attaching: Promise<void> = Promise.resolve();
  /** Resolves when it has been handed over, or that has failed. */
  #delivery: Promise<void> = Promise.resolve();
  #delivered: () => void = () => undefined;

  constructor(account: number, thread: number | null, draft: Draft | null = null, turn: Promise<void> | null = null) {
    this.account = account;
    this.thread = thread;
    this.#turn = turn;
    if (draft) this.#take(draft);
    if (draft) this.uploads.recall(draft.id);
    this.#deaf = store.listen((event) => this.#hear(event));
    open.add(this);
    void turn?.then(() => {
      this.#turn = null;
      this.catchUp();
      return this.save();
    });
  }

  /** Nothing worth keeping has been written. */
  get empty(): boolean {
    return this.#blank && this.attachments.length === 0 && !this.uploads.unfinished;
  }

  get #blank(): boolean {
    return !this.text.trim() && (this.thread !== null || (!this.subject.trim() && this.to.length === 0));
  }

  #take(draft: Draft): void {
    this.id = draft.id;
    this.to = draft.to;
    this.subject = draft.subject;
    this.text = draft.text;
    this.attachments = draft.attachments;
    this.#choose();
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
    this.#saveIn(SAVE_DELAY_MS);
  }

  #saveIn(delay_ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => void this.save(), delay_ms);
  }

  /** Saves now what has changed, one save at a time. Failures are shown in `error`. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#saving) await this.#saving;
    // Hears what waits to be heard, and that may be another window's version of this draft.
    const since = store.now();
    if (this.#turn || !this.#dirty || this.#closed || this.theirs || this.sending) return;
    if (this.empty && this.id === null) return this.#setDirty(false);
    await this.#write(since);
    if (this.#released && !this.unsaved) return this.close();
    this.catchUp();
  }

  /** The page goes away: sends along what the app may not have, and waits for nothing. */
  leave(): void {
    if (this.#closed || (this.empty && this.id === null)) return;
    command("save_draft", { ...this.#fields(this.text), leaving: true }, { keepalive: true }).catch(() => {
      // If the page comes back, it is unsaved as before.
    });
  }

  /** Saves the fields as they are now; false when that failed. Nothing is heard until it is done. */
  async #write(since: number): Promise<boolean> {
    const writing = this.#tryToWrite(since);
    this.#saving = writing.then(() => undefined);
    const written = await writing;
    this.#saving = null;
    return written;
  }

  async #tryToWrite(since: number): Promise<boolean> {
    this.#dirty = false;
    this.status = "saving";
    const fields = this.#fields(this.sending ? this.#sealed : this.text);
    try {
      const draft = await command("save_draft", fields);
      this.id = draft.id;
      this.#version = draft.version;
      this.status = this.#dirty ? "unsaved" : "saved";
      if (this.error === this.#complaint) this.error = "";
      this.#setDirty(this.#dirty);
      if (this.#closed) return true;
      if (this.empty) store.dropDraft(draft.id);
      else store.putDraft(draft, since);
      return true;
    } catch (error) {
      await this.#fail(error, fields);
      return false;
    }
  }

  /** What was to be saved or sent was not. */
  async #fail(error: unknown, tried: Typed): Promise<void> {
    this.#setDirty(true);
    this.status = "unsaved";
    this.error = this.#complaint = problem(error);
    if (error instanceof ApiError && error.code === "outdated") await this.#compare(tried);
    if (error instanceof ApiError && error.code === "not_found") this.#stray();
    if (error instanceof ApiError && error.code === "no_room") this.#saveIn(ROOM_DELAY_MS);
  }

  #fields(text: string) {
    return {
      account: this.account,
      to: this.to,
      subject: this.subject,
      text,
      version: this.#version,
      ...(this.id === null ? {} : { draft: this.id }),
      ...(this.thread === null ? {} : { thread: this.thread }),
    };
  }

  /** The engine has another version: it may be our own, saved by a request whose answer was lost. */
  async #compare(tried: Typed): Promise<void> {
    let theirs: Draft | undefined;
    try {
      const drafts = await allDrafts(this.account);
      theirs = drafts.find((draft) => this.#isOurs(draft));
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

  #isOurs(draft: Draft): boolean {
    return draft.id === this.id || (this.thread !== null && draft.thread === this.thread);
  }

  #hear(event: Event): void {
    if (event.event === "draft" && this.#isOurs(event.draft)) this.meet(event.draft);
    else if (event.event === "draft_gone" && event.draft === this.id) this.lose();
  }

  /** Looks at what could not be looked at when it was heard. */
  catchUp(): void {
    if (this.#missed !== null && this.#missed === this.id) this.lose();
    const known = store.drafts.find((draft) => this.#isOurs(draft));
    if (known) this.meet(known);
  }

  /** Compares with what was just loaded, and saves what is unsaved. */
  reconcile(): void {
    if (store.drafts.some((draft) => this.#isOurs(draft))) this.catchUp();
    else if (this.id !== null) void this.#lookAgain(this.id);
    void this.save();
  }

  /** It is not in a list that may have been made before it was. */
  async #lookAgain(id: number): Promise<void> {
    const version = this.#version;
    try {
      const drafts = await allDrafts(this.account);
      if (this.id === id && this.#version === version && !drafts.some((draft) => draft.id === id)) this.lose();
    } catch {
      // It is looked for when the app is back.
    }
  }

  /** Takes in how the engine has the draft now, unless the engine is just being told. */
  meet(draft: Draft): void {
    if (this.#closed || this.#saving || this.sending || this.#turn || (isComposing() && !this.#dirty)) return;
    if (draft.id === this.id && draft.version <= this.#version) {
      if (draft.version === this.#version && !this.uploads.running) this.attachments = draft.attachments;
      return;
    }
    if (!this.#dirty) this.#take(draft);
    else if (same(draft, this)) this.#follow(draft);
    else this.theirs = draft;
  }

  /** The engine has the draft no more. */
  lose(): void {
    // One that waits for its first file is said to be gone too: there is nothing in it.
    if (this.#closed || this.id === null || (this.#blank && this.uploads.running)) return;
    if (this.#saving || this.sending || isComposing()) {
      this.#missed = this.id;
      return;
    }
    this.#choose();
    if ((this.#dirty && !this.empty) || this.uploads.shown.length > 0) return this.#stray();
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

  #choose(): void {
    this.theirs = null;
    for (const chosen of this.#chosen.splice(0)) chosen();
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
    if (this.thread === null) {
      this.id = null;
      this.#version = 0;
      this.attachments = [];
    } else {
      this.text = both(theirs.text, this.text);
      this.id = theirs.id;
      this.#version = theirs.version;
      this.attachments = theirs.attachments;
    }
    this.#choose();
    this.touch();
    void this.save();
  }

  /** Attaches files one after the other; each shows its progress. */
  async attach(files: Iterable<File>): Promise<void> {
    const keys = this.uploads.announce(files);
    if (keys.length === 0) return;
    await this.#upload(keys);
  }

  /** Tries a file again that failed; false when it must be chosen again. */
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
    await this.#turn;
    await this.#delivery;
    // They go on with what was typed since.
    if (this.#closed) return;
    this.#setDirty(true);
    await this.save();
    // Of two versions it is not known yet which one has the files.
    while (this.theirs) await new Promise<void>((chosen) => this.#chosen.push(chosen));
    await this.save();
    for (const key of keys) {
      this.uploads.belongTo(this.id);
      const draft = await this.uploads.send(key, this.id, this.error);
      if (draft?.id === this.id) this.attachments = draft.attachments;
    }
    if (this.#released) await this.release();
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
    this.#delivery = new Promise((delivered) => (this.#delivered = delivered));
    this.#sealed = this.text;
    return true;
  }

  /** Hands a sealed letter over, when it is its turn; null and `error` set when that has failed, and then it is open again. */
  async handOver(hold_ms: number): Promise<Message | null> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      while (this.#saving) await this.#saving;
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
    const since = store.now();
    if ((this.#dirty || this.id === null) && !(await this.#write(since))) return null;
    if (this.id === null) return null;
    const id = this.id;
    const tried = this.#fields(this.#sealed);
    try {
      const message = await command("send", { draft: id, version: this.#version, hold_ms });
      this.close();
      store.dropDraft(id);
      store.putMessage(message, since);
      return message;
    } catch (error) {
      const known = error instanceof ApiError && (error.code === "outdated" || error.code === "not_found");
      if (known) await this.#fail(error, tried);
      else this.error = problem(error);
      return null;
    }
  }

  /** What was typed into its text after it was sealed. */
  get since(): string {
    return this.text.startsWith(this.#sealed) ? this.text.slice(this.#sealed.length) : this.text;
  }

  /** Takes in letters that were to leave behind this one, which did not, and the one begun since. */
  absorb(others: DraftEditor[]): void {
    this.sending = false;
    this.#delivered();
    const error = this.error;
    const files = others.flatMap((other) => other.uploads.shown.map((u) => u.file));
    this.text = joined([this.text, ...others.map((other) => other.text)]);
    for (const other of others) other.close();
    this.touch();
    this.error = error;
    void this.attach(files);
  }

  #obstacle(): string {
    if (this.theirs) return t.write.changed;
    if (this.uploads.running) return t.write.uploading;
    if (this.uploads.failed.length > 0) return t.write.notAttached(this.uploads.failed);
    if (this.uploads.lost > 0) return t.attach.lostHolds;
    if (this.thread === null && this.to.length === 0) return t.write.needTo;
    if (!this.text.trim() && this.attachments.length === 0) return t.write.needText;
    return "";
  }

  /** Throws the draft away; true when it is gone. */
  async discard(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.uploads.cancelAll();
    try {
      await this.#saving;
      if (this.id !== null) {
        await command("drop_draft", { draft: this.id, version: this.#version });
        store.dropDraft(this.id);
      }
      this.close();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === "not_found") {
        this.close();
        return true;
      }
      await this.#fail(error, this.#fields(this.text));
      return false;
    }
  }

  /** Nobody looks at it any more: what is unsaved is saved, when the app is back if it must be. */
  async release(): Promise<void> {
    this.#released = true;
    await this.save();
    if (!this.unsaved) this.close();
  }

  /** Somebody looks at it again; false when it has ended. */
  revive(): boolean {
    this.#released = false;
    return !this.#closed;
  }

  /** Whether the app does not have all of it. */
  get unsaved(): boolean {
    return unsaved.has(this) || (!this.#closed && this.uploads.shown.length > 0);
  }

  /** Ends it without saving. */
  close(): void {
    this.#closed = true;
    this.#deaf();
    open.delete(this);
    unsaved.delete(this);
    clearTimeout(this.#timer);
    this.#choose();
  }
}

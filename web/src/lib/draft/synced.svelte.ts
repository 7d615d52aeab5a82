// Synchronisation of a draft between windows: an editor without unsaved changes follows what others save; one
// with unsaved changes has a conflict (`theirs`), and the member chooses.
import type { Draft, Event } from "../api";
import { problem } from "../connection/transport";
import { store } from "../store.svelte";
import { t } from "../strings";
import { AutosavedDraft } from "./autosave.svelte";
import { both, same, type Typed } from "./compare";
import { isComposing } from "./composition";
import { allDrafts } from "./list";

export abstract class SyncedDraft extends AutosavedDraft {
  /** It was sent or discarded in another window, and nothing was unsaved here. */
  gone = $state(false);

  /** A draft whose end could not be acted upon when its event came. */
  #goneMeanwhile: number | null = null;
  /** Called when a conflict has ended. */
  #resolved: (() => void)[] = [];
  #unsubscribe: () => void;

  constructor(account: number, thread: number | null, draft: Draft | null, predecessors: Promise<void> | null) {
    super(account, thread, predecessors);
    if (draft) this.#load(draft);
    if (draft) this.uploads.restore(draft.id);
    this.#unsubscribe = store.listen((event) => this.#onEvent(event));
  }

  #load(draft: Draft): void {
    this.id = draft.id;
    this.to = draft.to;
    this.subject = draft.subject;
    this.text = draft.text;
    this.attachments = draft.attachments;
    this.endConflict();
    this.version = draft.version;
    this.setDirty(false);
    this.status = "saved";
  }

  #onEvent(event: Event): void {
    if (event.event === "draft" && this.#isSame(event.draft)) this.receive(event.draft);
    else if (event.event === "draft_gone" && event.draft === this.id) this.#end();
  }

  #isSame(draft: Draft): boolean {
    return draft.id === this.id || (this.thread !== null && draft.thread === this.thread);
  }

  /** Acts upon events that could not be acted upon when they came. */
  catchUp(): void {
    if (this.#goneMeanwhile !== null && this.#goneMeanwhile === this.id) this.#end();
    const known = store.drafts.find((draft) => this.#isSame(draft));
    if (known) this.receive(known);
  }

  /** Compares with what was just loaded, and saves what is unsaved. */
  reconcile(): void {
    if (store.drafts.some((draft) => this.#isSame(draft))) this.catchUp();
    else if (this.id !== null) void this.#checkExistence(this.id);
    void this.save();
  }

  /** It is missing in a list that may have been made before it was saved. */
  async #checkExistence(id: number): Promise<void> {
    const { version } = this;
    try {
      const drafts = await allDrafts(this.account);
      if (this.id === id && this.version === version && !drafts.some((draft) => draft.id === id)) this.#end();
    } catch {
      // Checked again after the next load.
    }
  }

  /** Takes in how the engine has the draft now, unless a save or a send is under way. */
  receive(draft: Draft): void {
    if (this.closed || this.saving || this.sending || this.predecessors || (isComposing() && !this.dirty)) return;
    if (draft.id === this.id && draft.version <= this.version) {
      if (draft.version === this.version && !this.uploads.running) this.attachments = draft.attachments;
      return;
    }
    if (!this.dirty) this.#load(draft);
    else if (same(draft, this)) this.#rebase(draft);
    else this.theirs = draft;
  }

  /** The engine has the draft no more. */
  #end(): void {
    // A draft that waits for its first file is empty, which the engine reports as its end.
    if (this.closed || this.id === null || (this.blank && this.uploads.running)) return;
    if (this.saving || this.sending || isComposing()) {
      this.#goneMeanwhile = this.id;
      return;
    }
    this.endConflict();
    if ((this.dirty && !this.empty) || this.uploads.shown.length > 0) return this.becomeNewDraft();
    const wasEmpty = this.empty;
    this.id = null;
    this.version = 0;
    this.status = "";
    if (wasEmpty) return;
    this.text = "";
    this.subject = "";
    this.to = [];
    this.attachments = [];
    this.gone = this.thread === null;
  }

  /** The other version may be our own, saved by a request whose answer was lost. */
  protected async resolveOutdated(tried: Typed): Promise<void> {
    let theirs: Draft | undefined;
    try {
      const drafts = await allDrafts(this.account);
      theirs = drafts.find((draft) => this.#isSame(draft));
    } catch (error) {
      this.error = problem(error);
      return;
    }
    this.error = "";
    if (!theirs) this.becomeNewDraft();
    else if (same(theirs, tried) || same(theirs, this)) this.#rebase(theirs);
    else this.theirs = theirs;
  }

  /** Goes on from a version that differs from what is here only by what was typed since. */
  #rebase(draft: Draft): void {
    this.id = draft.id;
    this.version = draft.version;
    this.attachments = draft.attachments;
    this.changed();
  }

  protected becomeNewDraft(): void {
    this.id = null;
    this.version = 0;
    this.attachments = [];
    this.changed();
    this.error = t.write.elsewhere;
  }

  protected endConflict(): void {
    this.theirs = null;
    for (const resolved of this.#resolved.splice(0)) resolved();
  }

  /** Resolves when the member has chosen between two versions; at once when there is no conflict. */
  protected async conflictResolved(): Promise<void> {
    while (this.theirs) await new Promise<void>((resolved) => this.#resolved.push(resolved));
  }

  /** Resolves a conflict: the other window's version replaces what is here. */
  takeTheirs(): void {
    if (this.theirs) this.#load(this.theirs);
    this.error = "";
  }

  /** Resolves a conflict by keeping both: a reply has both texts, of a letter this becomes a second draft. */
  keepBoth(): void {
    const { theirs } = this;
    if (!theirs) return;
    if (this.thread === null) {
      this.id = null;
      this.version = 0;
      this.attachments = [];
    } else {
      this.text = both(theirs.text, this.text);
      this.id = theirs.id;
      this.version = theirs.version;
      this.attachments = theirs.attachments;
    }
    this.endConflict();
    this.changed();
    void this.save();
  }

  /** Ends it without saving. */
  close(): void {
    this.closed = true;
    this.#unsubscribe();
    this.setDirty(this.dirty);
    this.unscheduleSave();
    this.endConflict();
  }
}

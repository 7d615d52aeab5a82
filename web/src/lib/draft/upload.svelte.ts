// Uploads of files into a draft, one after the other, each with its progress. One that failed stays in the list, and
// blocks sending, until it is removed or repeated.
import type { Draft } from "../api";
import { Unreachable } from "../connection/session";
import { store } from "../store.svelte";
import { t } from "../strings";
import { ApiError, command, isUnchanged, problem, upload, type Transfer } from "../connection/transport";

/** A file to be uploaded into the draft. */
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

/** A file is read only so long after its last change: browsers notice changes by the second. */
const SETTLED_MS = 1000;

let nextKey = 1;

export class Uploads {
  shown = $state<Upload[]>([]);
  /** Files that this tab had not attached yet when its page was reloaded. */
  missing = $state(0);
  #draft: number | null = null;

  get running(): boolean {
    return this.shown.some((u) => !u.error);
  }

  /** Names of those that failed. */
  get failed(): string[] {
    return this.shown.filter((u) => u.error).map((u) => u.name);
  }

  /** Whether files chosen for the draft are not attached. */
  get unfinished(): boolean {
    return this.shown.length + this.missing > 0;
  }

  /** Adds files to the list, to be uploaded by `send`. */
  add(files: Iterable<File>): number[] {
    return [...files].map((file) => {
      const key = nextKey++;
      this.shown.push({ key, file, name: file.name, total: file.size, sent: 0, started_ms: Date.now(), transfer: null, error: "" });
      return key;
    });
  }

  /** Notes for which draft they are, in case the page is reloaded before they are attached. */
  setDraft(draft: number | null): void {
    if (this.#draft !== draft) storeMissing(this.#draft, 0);
    this.#draft = draft;
    storeMissing(draft, this.shown.length + this.missing);
  }

  /** Restores how many files this tab had not attached to a draft when its page was reloaded. */
  restore(draft: number): void {
    if (this.#draft === draft || this.shown.length > 0) return;
    this.#draft = draft;
    this.missing = storedMissing(draft);
  }

  /** Uploads one into a draft. Null when it failed, which its `error` says, or was canceled. */
  async send(key: number, draft: number | null, why: string): Promise<Draft | null> {
    const shown = this.shown.find((u) => u.key === key);
    if (!shown) return null;
    if (draft === null) {
      shown.error = why || t.attach.noDraft;
      return null;
    }
    const { file } = shown;
    const since = store.eventCount();
    try {
      const age = Date.now() - file.lastModified;
      if (age >= 0 && age < SETTLED_MS) await new Promise((settled) => setTimeout(settled, SETTLED_MS - age));
      // It was canceled meanwhile.
      if (!this.shown.some((u) => u.key === key)) return null;
      shown.started_ms = Date.now();
      const transfer = upload(draft, file, (sent) => (shown.sent = sent));
      shown.transfer = transfer;
      const changed = await transfer.done;
      // A file that changed while it was read is stored as a mixture, or cut.
      if (!(await isUnchanged(file))) {
        await removeAttached(changed, file);
        throw new ApiError("changed", t.attach.changed(file.name));
      }
      this.#forget(key);
      store.putDraft(changed, since);
      return changed;
    } catch (error) {
      const why = await reason(error, file);
      if (this.shown.some((u) => u.key === key)) shown.error = why;
      return null;
    }
  }

  /** Prepares one that failed for another upload. False when the browser cannot read it until it is chosen again. */
  async again(key: number, chosen?: File): Promise<boolean> {
    const shown = this.shown.find((u) => u.key === key);
    if (!shown) return true;
    const file = chosen ?? shown.file;
    if (!(await isUnchanged(file))) return false;
    Object.assign(shown, { file, name: file.name, total: file.size, sent: 0, error: "" });
    return true;
  }

  /** Cancels one, or removes a failed one. */
  cancel(key: number): void {
    const transfer = this.shown.find((u) => u.key === key)?.transfer;
    this.#forget(key);
    transfer?.cancel();
  }

  cancelAll(): void {
    for (const { key } of [...this.shown]) this.cancel(key);
    this.dismissMissing();
  }

  dismissMissing(): void {
    this.missing = 0;
    this.setDraft(this.#draft);
  }

  #forget(key: number): void {
    this.shown = this.shown.filter((u) => u.key !== key);
    this.setDraft(this.#draft);
  }
}

/** Why a file was not attached. Browsers report a file that they can't read as a broken connection. */
async function reason(error: unknown, file: File): Promise<string> {
  if (!(error instanceof Unreachable)) return problem(error);
  return (await isUnchanged(file)) ? t.attach.brokenOff : t.attach.changed(file.name);
}

/** Removes what was just attached of a file. */
async function removeAttached(draft: Draft, file: File): Promise<void> {
  const attached = draft.attachments.filter(({ size }) => size === file.size).sort((a, b) => b.id - a.id)[0];
  if (attached) await command("detach", { draft: draft.id, attachment: attached.id });
}

// The number of files that a draft still lacks is kept for as long as the tab, without their names: nothing of the
// correspondence is kept in the browser.
const storageKey = (draft: number): string => `mnm.attaching.${draft}`;

function storedMissing(draft: number): number {
  try {
    return Number(sessionStorage.getItem(storageKey(draft))) || 0;
  } catch {
    return 0;
  }
}

function storeMissing(draft: number | null, files: number): void {
  if (draft === null) return;
  try {
    if (files > 0) sessionStorage.setItem(storageKey(draft), String(files));
    else sessionStorage.removeItem(storageKey(draft));
  } catch {
    // A browser without storage still asks before it closes the page.
  }
}

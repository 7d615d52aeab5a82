// Files on their way into a draft: one after the other, each with its progress. One that failed stays
// in sight, and holds the letter up, until it is put away or tried again.
import type { Draft } from "../api";
import { Unreachable } from "../connection/session";
import { store } from "../store.svelte";
import { t } from "../strings";
import { ApiError, command, isUnchanged, problem, upload, type Transfer } from "../connection/transport";

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

/** Longest a file is waited for that was changed within this very second: browsers compare seconds. */
const SETTLED_MS = 1000;

let nextKey = 1;

export class Uploads {
  shown = $state<Upload[]>([]);
  /** Files that this tab had not attached when its page was loaded anew. */
  lost = $state(0);
  #draft: number | null = null;

  get running(): boolean {
    return this.shown.some((u) => !u.error);
  }

  /** Names of those that are not attached and not on their way. */
  get failed(): string[] {
    return this.shown.filter((u) => u.error).map((u) => u.name);
  }

  /** The draft has not all that was chosen for it. */
  get unfinished(): boolean {
    return this.shown.length + this.lost > 0;
  }

  /** Shows files that are about to be sent. */
  announce(files: Iterable<File>): number[] {
    return [...files].map((file) => {
      const key = nextKey++;
      this.shown.push({ key, file, name: file.name, total: file.size, sent: 0, started_ms: Date.now(), transfer: null, error: "" });
      return key;
    });
  }

  /** Notes for which draft they are, in case the page is loaded anew before they are there. */
  belongTo(draft: number | null): void {
    if (this.#draft !== draft) leaveTrace(this.#draft, 0);
    this.#draft = draft;
    leaveTrace(draft, this.shown.length + this.lost);
  }

  /** Looks up what this tab had not attached to a draft when its page was loaded anew. */
  recall(draft: number): void {
    if (this.#draft === draft || this.shown.length > 0) return;
    this.#draft = draft;
    this.lost = trace(draft);
  }

  /** Sends one into a draft. Null when it failed, which is shown with it, or was stopped. */
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
      // It was stopped meanwhile.
      if (!this.shown.some((u) => u.key === key)) return null;
      shown.started_ms = Date.now();
      const transfer = upload(draft, file, (sent) => (shown.sent = sent));
      shown.transfer = transfer;
      const changed = await transfer.done;
      // What changed while it was read is a mixture, or cut.
      if (!(await isUnchanged(file))) {
        await takeOut(changed, file);
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

  /** Readies one that failed for another try. False when it is to be chosen again, to be read at all. */
  async again(key: number, chosen?: File): Promise<boolean> {
    const shown = this.shown.find((u) => u.key === key);
    if (!shown) return true;
    const file = chosen ?? shown.file;
    if (!(await isUnchanged(file))) return false;
    Object.assign(shown, { file, name: file.name, total: file.size, sent: 0, error: "" });
    return true;
  }

  /** Stops one, or puts a failed one away. */
  cancel(key: number): void {
    const transfer = this.shown.find((u) => u.key === key)?.transfer;
    this.#forget(key);
    transfer?.cancel();
  }

  cancelAll(): void {
    for (const { key } of [...this.shown]) this.cancel(key);
    this.putLostAway();
  }

  putLostAway(): void {
    this.lost = 0;
    this.belongTo(this.#draft);
  }

  #forget(key: number): void {
    this.shown = this.shown.filter((u) => u.key !== key);
    this.belongTo(this.#draft);
  }
}

/** Why a file was not attached. A browser tells of a file that it can't read as of a broken connection. */
async function reason(error: unknown, file: File): Promise<string> {
  if (!(error instanceof Unreachable)) return problem(error);
  return (await isUnchanged(file)) ? t.attach.brokenOff : t.attach.changed(file.name);
}

/** Takes out what was just attached of a file. */
async function takeOut(draft: Draft, file: File): Promise<void> {
  const attached = draft.attachments.filter(({ size }) => size === file.size).sort((a, b) => b.id - a.id)[0];
  if (attached) await command("detach", { draft: draft.id, attachment: attached.id });
}

// How many files a draft still lacks is kept for as long as the tab, without their names: nothing of
// the correspondence is kept in the browser.
const traceOf = (draft: number): string => `mnm.attaching.${draft}`;

function trace(draft: number): number {
  try {
    return Number(sessionStorage.getItem(traceOf(draft))) || 0;
  } catch {
    return 0;
  }
}

function leaveTrace(draft: number | null, files: number): void {
  if (draft === null) return;
  try {
    if (files > 0) sessionStorage.setItem(traceOf(draft), String(files));
    else sessionStorage.removeItem(traceOf(draft));
  } catch {
    // A browser without storage still asks before it closes the page.
  }
}

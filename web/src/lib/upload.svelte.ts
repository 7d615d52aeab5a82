// Files on their way into a draft: one after the other, each with its progress. One that failed stays
// in sight until it is put away.
import type { Draft } from "./api";
import { store } from "./store.svelte";
import { t } from "./strings";
import { problem, upload, type Transfer } from "./transport";

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

export class Uploads {
  shown = $state<Upload[]>([]);

  get running(): boolean {
    return this.shown.some((u) => !u.error);
  }

  /** Shows files that are about to be sent. */
  announce(files: Iterable<File>): number[] {
    return [...files].map((file) => {
      const key = nextKey++;
      this.shown.push({ key, file, name: file.name, total: file.size, sent: 0, started_ms: Date.now(), transfer: null, error: "" });
      return key;
    });
  }

  /** Sends one into a draft. Null when it failed, which is shown with it, or was stopped. */
  async send(key: number, draft: number | null, why: string): Promise<Draft | null> {
    const shown = this.shown.find((u) => u.key === key);
    if (!shown) return null;
    if (draft === null) {
      shown.error = why || t.attach.noDraft;
      return null;
    }
    shown.started_ms = Date.now();
    const since = store.now();
    try {
      const transfer = upload(draft, shown.file, (sent) => (shown.sent = sent));
      shown.transfer = transfer;
      const changed = await transfer.done;
      this.#forget(key);
      store.putDraft(changed, since);
      return changed;
    } catch (error) {
      if (this.shown.some((u) => u.key === key)) shown.error = problem(error);
      return null;
    }
  }

  /** Stops one, or puts a failed one away. */
  cancel(key: number): void {
    const transfer = this.shown.find((u) => u.key === key)?.transfer;
    this.#forget(key);
    transfer?.cancel();
  }

  cancelAll(): void {
    for (const { key } of [...this.shown]) this.cancel(key);
  }

  #forget(key: number): void {
    this.shown = this.shown.filter((u) => u.key !== key);
  }
}

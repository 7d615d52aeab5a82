// The list of threads that somebody reads or read, newest first: loaded page by page, and kept current by events.
import type { Event, ThreadRow } from "../api";
import { store } from "../store.svelte";
import { command, problem } from "../connection/transport";

const PAGE_ROWS = 100;

export class SharedThreads {
  rows = $state.raw<ThreadRow[]>([]);
  /** The list reaches back to the first one. */
  complete = $state(false);
  error = $state("");

  /** The last row of the pages that were loaded. */
  #last: ThreadRow | undefined;
  #busy = false;
  #unsubscribe: () => void;

  constructor(
    readonly account: number,
    readonly uid: string,
  ) {
    this.#unsubscribe = store.listen((event) => this.#onEvent(event));
  }

  /** Loads the next page. */
  async more(): Promise<void> {
    if (this.#busy || this.complete) return;
    this.#busy = true;
    this.error = "";
    try {
      const place = this.#last && { before_ms: this.#last.last_at_ms, before: this.#last.id };
      const page = await command("threads", { account: this.account, with: this.uid, ...place, limit: PAGE_ROWS });
      this.#last = page.at(-1) ?? this.#last;
      this.complete = page.length < PAGE_ROWS;
      // A row from an event is newer.
      for (const row of page) if (!this.#has(row.id)) this.#put(row);
    } catch (error) {
      this.error = problem(error);
    } finally {
      this.#busy = false;
    }
  }

  #has(id: number): boolean {
    return this.rows.some((row) => row.id === id);
  }

  #put(row: ThreadRow): void {
    this.rows = [...this.rows.filter((known) => known.id !== row.id), row].sort((a, b) => b.last_at_ms - a.last_at_ms || b.id - a.id);
  }

  #onEvent(event: Event): void {
    if (event.event === "thread_gone") {
      this.rows = this.rows.filter((row) => row.id !== event.thread);
    } else if (event.event === "thread" && event.thread.account === this.account) {
      if (this.#has(event.thread.id) || event.thread.parties.some((party) => party.uid === this.uid)) this.#put(event.thread);
    }
  }

  close(): void {
    this.#unsubscribe();
  }
}

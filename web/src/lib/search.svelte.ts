// Search as you type, over every service at once: letters by the engine; people, groups, pings and
// drafts among the records the page already has.
import type { SearchHit } from "./api";
import { contains } from "./format";
import { measurePainted } from "./marks";
import { store } from "./store.svelte";
import { command, problem } from "./connection/transport";

/** Letters that are looked for at first, and at most. */
const HITS_FIRST = 50;
const HITS_MAX = 200;

class Search {
  words = $state("");
  hits = $state.raw<SearchHit[]>([]);
  /** There may be more letters than those found. */
  more = $state(false);
  /** There are too many to be found all. */
  cut = $state(false);
  busy = $state(false);
  error = $state("");

  people = $derived(this.#among(store.contacts, (c) => c.alias));
  groups = $derived(this.#among(store.groups, (g) => g.gid));
  pings = $derived(this.#among(store.pings, (p) => `${p.from} ${p.to} ${p.text} ${p.group ?? ""}`));
  drafts = $derived(this.#among(store.drafts, (d) => `${d.subject} ${d.to.join(" ")} ${d.text}`));

  #limit = HITS_FIRST;
  #pending: AbortController | null = null;

  get active(): boolean {
    return this.words.trim() !== "";
  }

  get count(): number {
    return this.hits.length + this.people.length + this.groups.length + this.pings.length + this.drafts.length;
  }

  #among<T>(list: T[], text: (item: T) => string): T[] {
    const words = this.words.trim().split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    return list.filter((item) => words.every((word) => contains(text(item), word))).slice(0, 20);
  }

  /** Looks for more letters. */
  async all(): Promise<void> {
    this.#limit = HITS_MAX;
    this.busy = true;
    await this.#ask();
  }

  /** Takes new words and asks the engine; the answer to those before is not waited for. */
  type(words: string): void {
    this.words = words;
    this.error = "";
    this.#limit = HITS_FIRST;
    this.more = false;
    this.cut = false;
    this.#pending?.abort();
    if (!this.active) {
      this.hits = [];
      this.busy = false;
      return;
    }
    this.busy = true;
    void this.#ask();
  }

  async #ask(): Promise<void> {
    const pending = new AbortController();
    this.#pending = pending;
    const start = performance.now();
    try {
      const hits = await command("search", { words: this.words, limit: this.#limit }, { signal: pending.signal });
      this.hits = hits;
      this.more = hits.length >= this.#limit && this.#limit < HITS_MAX;
      this.cut = hits.length >= HITS_MAX;
      measurePainted("search", start);
    } catch (error) {
      if (pending.signal.aborted) return;
      this.hits = [];
      this.error = problem(error);
    }
    if (this.#pending === pending) this.busy = false;
  }

  /** Empties the field; false when it was empty. */
  clear(): boolean {
    const was = this.active;
    this.type("");
    return was;
  }
}

export const search = new Search();

// Search as you type, over every service at once: letters by the engine; people, groups, pings and
// drafts among the records the page already has.
import type { Phrase, SearchHit, SearchOrder } from "./api";
import { contains } from "./format";
import { measurePainted } from "./marks";
import { store } from "./store.svelte";
import { command, problem } from "./connection/transport";

/** Letters that are looked for at a time. */
const HITS = 50;
/** How far matches are counted. */
export const COUNTED_MAX = 1_000;
/** What the engine takes as a condition, and no record of the page has in its text. */
const OPERATOR = /^(from|in|is|has|tag|before|after):/i;

class Search {
  words = $state("");
  hits = $state.raw<SearchHit[]>([]);
  /** What was looked for in texts, to be marked where it stands. */
  phrases = $state.raw<Phrase[]>([]);
  /** There may be more letters than those found. */
  more = $state(false);
  /** How many letters there are; null while it is not known. */
  total = $state<number | null>(null);
  /** The index is being made anew. */
  indexing = $state(false);
  /** Only the newest letters were looked through: without words none are looked up. */
  newestOnly = $state(false);
  order = $state<SearchOrder>("best");
  /** Conditions are being chosen, though none is yet. */
  filtering = $state(false);
  busy = $state(false);
  error = $state("");

  people = $derived(this.#among(store.contacts, (c) => c.alias));
  groups = $derived(this.#among(store.groups, (g) => g.gid));
  pings = $derived(this.#among(store.pings, (p) => `${p.from} ${p.to} ${p.text} ${p.group ?? ""}`));
  drafts = $derived(this.#among(store.drafts, (d) => `${d.subject} ${d.to.join(" ")} ${d.text}`));

  #pending: AbortController | null = null;

  get active(): boolean {
    return this.words.trim() !== "";
  }

  get count(): number {
    return this.hits.length + this.people.length + this.groups.length + this.pings.length + this.drafts.length;
  }

  #among<T>(list: T[], text: (item: T) => string): T[] {
    const words = this.words.trim().split(/\s+/).filter(Boolean);
    if (words.length === 0 || words.some((word) => OPERATOR.test(word))) return [];
    const plain = words.map((word) => word.replaceAll('"', "")).filter(Boolean);
    // A quote that is only begun means nothing yet, not everything.
    if (plain.length === 0) return [];
    return list.filter((item) => plain.every((word) => contains(text(item), word))).slice(0, 20);
  }

  /** Adds the next letters. */
  async next(): Promise<void> {
    this.busy = true;
    await this.#ask(this.hits.length);
  }

  setOrder(order: SearchOrder): void {
    this.order = order;
    this.type(this.words);
  }

  /** Takes new words and asks the engine; the answer to those before is not waited for. */
  type(words: string): void {
    this.words = words;
    this.error = "";
    this.more = false;
    this.total = null;
    this.newestOnly = false;
    this.#pending?.abort();
    if (!this.active) {
      this.hits = [];
      this.phrases = [];
      this.busy = false;
      return;
    }
    this.busy = true;
    void this.#ask(0);
  }

  async #ask(skip: number): Promise<void> {
    const pending = new AbortController();
    this.#pending = pending;
    const { signal } = pending;
    const start = performance.now();
    const { words, order } = this;
    try {
      const page = await command("search", { words, order, skip, limit: HITS }, { signal });
      this.hits = skip === 0 ? page.hits : [...this.hits, ...page.hits];
      this.phrases = page.phrases ?? [];
      this.more = page.more;
      this.indexing = page.indexing;
      this.newestOnly = page.newest_only ?? false;
      measurePainted("search", start);
      this.busy = false;
      if (!page.more) this.total = this.hits.length;
      else if (this.total === null) this.total = await command("count_hits", { words }, { signal });
    } catch (error) {
      if (signal.aborted) return;
      if (skip === 0) this.hits = [];
      this.error = problem(error);
    }
    if (this.#pending === pending) this.busy = false;
  }

  /** Empties the field and closes its conditions; false when there was nothing to do. */
  clear(): boolean {
    const was = this.active || this.filtering;
    this.filtering = false;
    this.type("");
    return was;
  }
}

export const search = new Search();

// Comparison and merging of versions of a draft.
import type { Draft } from "../api";

/** What a member types; of a reply only the text. */
export interface Typed {
  text: string;
  subject: string;
  to: string[];
}

/** Whether a draft says the same. */
export function same(draft: Draft, typed: Typed): boolean {
  if (draft.text !== typed.text) return false;
  return draft.thread !== null || (draft.subject === typed.subject.trim() && draft.to.join("\n") === typed.to.map((name) => name.trim()).join("\n"));
}

/** Texts one below the other; blank ones left out. */
export function joined(texts: string[]): string {
  return texts.filter((text) => text.trim()).join("\n\n");
}

/** What either of two texts says: the lines in which they begin and end alike once, the rest one below the other. */
export function both(theirs: string, mine: string): string {
  if (mine.includes(theirs)) return mine;
  if (theirs.includes(mine)) return theirs;
  const [one, other] = [theirs.split("\n"), mine.split("\n")];
  const most = Math.min(one.length, other.length);
  let start = 0;
  while (start < most && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < most - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const own = (lines: string[]): string => lines.slice(start, lines.length - end).join("\n");
  return [...one.slice(0, start), joined([own(one), own(other)]), ...one.slice(one.length - end)].join("\n");
}

// What a member types, compared with what the app has of it.
import type { Draft } from "./api";

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

/** Two texts one below the other, or the one that holds the other. */
export function both(theirs: string, mine: string): string {
  if (mine.includes(theirs)) return mine;
  return theirs.includes(mine) ? theirs : joined([theirs, mine]);
}

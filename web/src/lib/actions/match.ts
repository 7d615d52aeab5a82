// Matching of names by a few letters, in any case and with any accents.
import { fold } from "../format";

const WORD = /[^\p{L}\p{N}]+/u;

/** How well a name is meant by what was typed: lower is better; undefined for not at all. */
export function match(typed: string, name: string): number | undefined {
  const wanted = fold(typed).trim();
  const text = fold(name);
  if (wanted === "") return 0;
  if (text.startsWith(wanted)) return 0;
  const words = text.split(WORD);
  if (wanted.split(WORD).every((part) => words.some((word) => word.startsWith(part)))) return 1;
  // The beginnings of its words: "nl" is "New letter".
  const initials = words.map((word) => word.charAt(0)).join("");
  if (initials.startsWith(wanted.replace(/\s+/g, ""))) return 2;
  if (text.includes(wanted)) return 3;
  return isSubsequence(wanted.replace(/\s+/g, ""), text) ? 4 + text.length / 1000 : undefined;
}

function isSubsequence(letters: string, text: string): boolean {
  let at = 0;
  for (const letter of letters) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** The best matches, best first; those that match alike stay in their order. */
export function best<T>(typed: string, all: readonly T[], name: (one: T) => string, most: number): T[] {
  return all
    .map((one) => ({ one, rank: match(typed, name(one)) }))
    .filter((each): each is { one: T; rank: number } => each.rank !== undefined)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ one }) => one);
}

// Matching of names by a few letters, in any case and with any accents.
import { fold } from "../format";

const WORD = /[^\p{L}\p{N}]+/u;
/** So many letters of a name count as nothing; each so many more put it behind a shorter one that matches alike. */
const STEP = 20;
const STEPS_MAX = 20;
/** What a synonym counts less than the name itself: it comes after words of names. */
const SYNONYM = 1.5;

/** How well a name is meant by what was typed: lower is better; undefined for not at all. */
export function match(typed: string, name: string): number | undefined {
  const wanted = fold(typed).trim();
  if (wanted === "") return 0;
  const text = fold(name);
  const rank = kind(wanted, text);
  return rank === undefined ? undefined : rank + Math.min(Math.floor(text.length / STEP), STEPS_MAX) / 50;
}

function kind(wanted: string, text: string): number | undefined {
  if (text.startsWith(wanted)) return 0;
  const words = text.split(WORD).filter(Boolean);
  const parts = wanted.split(WORD).filter(Boolean);
  if (parts.length > 0 && parts.every((part) => words.some((word) => word.startsWith(part)))) return 1;
  if (text.includes(wanted)) return 2;
  return isOfBeginnings(wanted, words) ? 3 : undefined;
}

/** Whether letters are the beginnings of words that follow each other: "nl" is "New letter", "elanv" is "Élan vital". */
function isOfBeginnings(letters: string, words: readonly string[]): boolean {
  /** How many of the letters can be taken up to the word before. */
  let taken = new Set<number>();
  for (const word of words) {
    const next = new Set<number>();
    for (const from of [0, ...taken]) {
      for (let n = 0; n < word.length && word[n] === letters[from + n]; n += 1) next.add(from + n + 1);
    }
    if (next.has(letters.length)) return true;
    taken = next;
  }
  return false;
}

/** What something is called, and by which other words it is looked for. */
export interface Names {
  name: string;
  also?: readonly string[];
}

function matchAny(typed: string, { name, also = [] }: Names): number | undefined {
  const synonyms = also.map((synonym) => match(typed, synonym) ?? Infinity).filter((rank) => rank < 2);
  const rank = Math.min(match(typed, name) ?? Infinity, ...synonyms.map((rank) => rank + SYNONYM));
  return rank === Infinity ? undefined : rank;
}

/** The best matches, best first; those that match alike stay in their order. */
export function best<T extends Names>(typed: string, all: readonly T[], most: number): T[] {
  return all
    .map((one) => ({ one, rank: matchAny(typed, one) }))
    .filter((each): each is { one: T; rank: number } => each.rank !== undefined)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ one }) => one);
}

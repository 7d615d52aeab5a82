// Where words stand in what is on screen: ranges in the text of elements, to be marked in place.
import type { Phrase } from "../api";
import { isPair, parts, type Token, tokens } from "./token";

/** Most places that are marked, and units of text that are looked through for them. */
const FOUND_MAX = 1000;
const LOOKED_MAX = 500_000;

/** Elements that part words. */
const BLOCKS = "p,div,li,h1,h2,h3,h4,h5,h6,td,th,pre,blockquote,bdi";

/** A place in a text: its first unit, and the one behind it. */
type Span = [start: number, end: number];

/** The places where phrases of the search stand, in the order of the elements. */
export function phrasePlaces(elements: Iterable<Element>, phrases: readonly Phrase[]): Range[] {
  if (phrases.length === 0) return [];
  return among(elements, (text) => phraseSpans(text, phrases));
}

function phraseSpans(text: string, phrases: readonly Phrase[]): Span[] {
  const all = tokens(text);
  const found: Span[] = [];
  for (let at = 0; at < all.length; at += 1) {
    for (const phrase of phrases) {
      const span = standsAt(all, at, phrase);
      if (span) put(found, span);
    }
  }
  return found;
}

/** A text in pieces: what is between the phrases of the search, and what is of them. */
export function inPieces(text: string, phrases: readonly Phrase[]): { text: string; found: boolean }[] {
  const pieces: { text: string; found: boolean }[] = [];
  let from = 0;
  for (const [start, end] of phraseSpans(text, phrases)) {
    if (start > from) pieces.push({ text: text.slice(from, start), found: false });
    pieces.push({ text: text.slice(start, end), found: true });
    from = end;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), found: false });
  return pieces;
}

/** The places where these words stand as they are typed, also amid other words, in any case and with any accents. */
export function wordPlaces(elements: Iterable<Element>, words: string): Range[] {
  const wanted = plain(words.trim()).text;
  if (wanted === "") return [];
  return among(elements, (text) => {
    const { text: folded, at } = plain(text);
    const found: Span[] = [];
    for (let from = folded.indexOf(wanted); from >= 0; from = folded.indexOf(wanted, from + wanted.length)) {
      const [start] = at[from] ?? [0, 0];
      const [, end] = at[from + wanted.length - 1] ?? [0, 0];
      found.push([start, end]);
    }
    return found;
  });
}

/** Where a phrase begins and ends that begins with this token: as in the engine's search/excerpt.rs. */
function standsAt(all: readonly Token[], at: number, { tokens: wanted, is_open }: Phrase): Span | undefined {
  const first = all[at];
  const last = all[at + wanted.length - 1];
  const end = wanted.at(-1);
  if (!first || !last || end === undefined) return undefined;
  if (wanted.slice(0, -1).some((token, n) => all[at + n]?.text !== token)) return undefined;
  if (is_open ? !last.text.startsWith(end) : last.text !== end) return undefined;
  const isHalf = last.text.length > end.length && isPair(last.text);
  return [first.start, isHalf ? last.firstEnd : last.end];
}

/** Adds a place; those that overlap are one. */
function put(found: Span[], [start, end]: Span): void {
  const last = found.at(-1);
  if (last && start < last[1]) last[1] = Math.max(last[1], end);
  else found.push([start, end]);
}

/** A text as it is compared, and where each unit of it comes from. */
function plain(text: string): { text: string; at: Span[] } {
  let folded = "";
  const at: Span[] = [];
  for (const part of parts(text)) {
    // Lines and spaces are the same, however many.
    const c = part.kind === "gap" && part.text.trim() === "" ? " " : part.text;
    if (c === " " && folded.endsWith(" ")) continue;
    folded += c;
    const last = at.at(-1);
    // What is not seen belongs to what it stands on.
    if (part.kind === "unseen" && last) last[1] = part.end;
    for (let n = 0; n < c.length; n += 1) at.push([part.start, part.end]);
  }
  return { text: folded, at };
}

function among(elements: Iterable<Element>, look: (text: string) => Span[]): Range[] {
  const found: Range[] = [];
  let looked = 0;
  for (const element of elements) {
    const { text, nodes } = textOf(element);
    looked += text.length;
    if (looked > LOOKED_MAX) break;
    for (const [start, end] of look(text)) {
      if (found.length >= FOUND_MAX) return found;
      const range = rangeOf(nodes, start, end);
      if (range) found.push(range);
    }
  }
  return found;
}

/** A node of text, and where its text begins in that of its element. */
interface Piece {
  node: Text;
  from: number;
}

/** The text of an element, with a line between its blocks, and the nodes it comes from. */
function textOf(element: Element): { text: string; nodes: Piece[] } {
  let text = "";
  const nodes: Piece[] = [];
  let block: Element | null = null;
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!(node instanceof Text)) {
      if (/^(br|hr|img)$/i.test(node.nodeName)) text += "\n";
      continue;
    }
    const own = node.parentElement?.closest(BLOCKS) ?? null;
    if (own !== block && nodes.length > 0) text += "\n";
    block = own;
    nodes.push({ node, from: text.length });
    text += node.data;
  }
  return { text, nodes };
}

function rangeOf(nodes: readonly Piece[], start: number, end: number): Range | undefined {
  const first = nodes.findLast(({ from }) => from <= start);
  const last = nodes.findLast(({ from }) => from < end);
  if (!first || !last) return undefined;
  const range = new Range();
  range.setStart(first.node, Math.min(start - first.from, first.node.length));
  range.setEnd(last.node, Math.min(end - last.from, last.node.length));
  return range;
}

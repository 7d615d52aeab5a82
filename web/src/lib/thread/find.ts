// Search in what is on screen: where words stand in the text of elements, in any case and with any accents.
import { fold } from "../format";

/** Most places that are marked. */
const FOUND_MAX = 1000;

/** The places where words stand, in the order of the text; each part is looked through by itself. */
export function places(parts: Iterable<Element>, words: string): Range[] {
  const wanted = fold(words).trim();
  const found: Range[] = [];
  if (wanted === "") return found;
  for (const part of parts) {
    const { text, at } = folded(part);
    for (let from = text.indexOf(wanted); from >= 0 && found.length < FOUND_MAX; from = text.indexOf(wanted, from + wanted.length)) {
      const first = at[from];
      const last = at[from + wanted.length - 1];
      if (!first || !last) continue;
      const range = new Range();
      range.setStart(first.node, first.start);
      range.setEnd(last.node, last.end);
      found.push(range);
    }
  }
  return found;
}

interface Letter {
  node: Node;
  start: number;
  end: number;
}

/** The text of an element as it is compared, and where each unit of it comes from. */
function folded(part: Element): { text: string; at: Letter[] } {
  let text = "";
  const at: Letter[] = [];
  const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    let start = 0;
    for (const letter of node.nodeValue ?? "") {
      const end = start + letter.length;
      const plain = fold(letter);
      text += plain;
      for (let n = 0; n < plain.length; n += 1) at.push({ node, start, end });
      // A mark of its own belongs to the letter before it.
      const before = at.at(-1);
      if (plain === "" && before?.node === node) before.end = end;
      start = end;
    }
  }
  return { text, at };
}

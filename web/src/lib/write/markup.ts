// Markup put around or before what is selected, and taken away again: what a format bar does to a text of Markdown.

export const KINDS = ["bold", "italic", "strike", "code", "link", "list", "quote"] as const;
export type Kind = (typeof KINDS)[number];

/** A change of a text: what takes the place of a part of it, and what is selected then. */
export interface Edit {
  from: number;
  to: number;
  text: string;
  start: number;
  end: number;
}

const AROUND: Partial<Record<Kind, string>> = { bold: "**", italic: "_", strike: "~~", code: "`" };
const BEFORE: Partial<Record<Kind, string>> = { list: "- ", quote: "> " };

/** What a kind of markup does to a selection. */
export function mark(text: string, start: number, end: number, kind: Kind): Edit {
  const around = AROUND[kind];
  const before = BEFORE[kind];
  if (kind === "code" && text.slice(start, end).includes("\n")) return fenced(text, start, end);
  if (around) return wrapped(text, start, end, around);
  if (before) return prefixed(text, start, end, before);
  return linked(text, start, end);
}

/** Spaces at the edges stay outside: markup beside a space is none. */
function trimmed(text: string, start: number, end: number): [number, number] {
  const part = text.slice(start, end);
  if (part.trim() === "") return [start, end];
  return [start + part.length - part.trimStart().length, end - (part.length - part.trimEnd().length)];
}

function wrapped(text: string, first: number, last: number, sign: string): Edit {
  const [start, end] = trimmed(text, first, last);
  const { length } = sign;
  const part = text.slice(start, end);
  // Marked already, within the selection or around it: taken away.
  if (part.length >= 2 * length && part.startsWith(sign) && part.endsWith(sign)) {
    const bare = part.slice(length, -length);
    return { from: start, to: end, text: bare, start, end: start + bare.length };
  }
  if (start >= length && text.slice(start - length, start) === sign && text.slice(end, end + length) === sign) {
    return { from: start - length, to: end + length, text: part, start: start - length, end: end - length };
  }
  return { from: start, to: end, text: sign + part + sign, start: start + length, end: end + length };
}

function fenced(text: string, start: number, end: number): Edit {
  const part = text.slice(start, end).replace(/\n$/, "");
  const above = start === 0 || text[start - 1] === "\n" ? "" : "\n";
  const block = `${above}\`\`\`\n${part}\n\`\`\`\n`;
  const begin = start + above.length + 4;
  return { from: start, to: end, text: block, start: begin, end: begin + part.length };
}

/** Whole lines; if all have the sign, it is taken away. */
function prefixed(text: string, start: number, end: number, sign: string): Edit {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const after = text.indexOf("\n", Math.max(end - 1, start));
  const to = after < 0 ? text.length : after;
  const lines = text.slice(from, to).split("\n");
  const has = lines.every((line) => line.startsWith(sign));
  const next = lines.map((line) => (has ? line.slice(sign.length) : sign + line)).join("\n");
  const one = lines.length === 1;
  const shift = has ? -sign.length : sign.length;
  return { from, to, text: next, start: one ? Math.max(from, start + shift) : from, end: one ? Math.max(from, end + shift) : from + next.length };
}

/** An address becomes the target, anything else the words; the other part is selected, to be typed. */
function linked(text: string, first: number, last: number): Edit {
  const [start, end] = trimmed(text, first, last);
  const part = text.slice(start, end);
  const isAddress = /^https?:\/\/\S+$/i.test(part);
  const next = isAddress ? `[](${part})` : `[${part}](https://)`;
  const at = isAddress || part === "" ? start + 1 : start + part.length + 3;
  return { from: start, to: end, text: next, start: at, end: isAddress || part === "" ? at : at + "https://".length };
}

/** The lines of somebody's text as a quote. */
export const quoted = (text: string): string =>
  text
    .trim()
    .split("\n")
    .map((line) => `> ${line}`.trimEnd())
    .join("\n");

/** Makes a change in a field, as if it had been typed. */
export function apply(area: HTMLTextAreaElement, edit: Edit): void {
  area.dispatchEvent(new InputEvent("beforeinput", { inputType: "insertReplacementText", bubbles: true }));
  area.setRangeText(edit.text, edit.from, edit.to, "end");
  area.setSelectionRange(edit.start, edit.end);
  area.dispatchEvent(new InputEvent("input", { inputType: "insertReplacementText", bubbles: true }));
}

/** Puts a text in place of the selection. */
export function insert(area: HTMLTextAreaElement, text: string, from = area.selectionStart, to = area.selectionEnd): void {
  apply(area, { from, to, text, start: from + text.length, end: from + text.length });
}

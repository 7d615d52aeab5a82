// Spans of markup in a line of Markdown, for showing it styled while it is typed. Not the engine's parser, which decides
// what is read: a preview that is a line's guess ahead, at the cost of one line a key.

export type Style = "mark" | "bullet" | "head" | "quote" | "strong" | "em" | "strike" | "code" | "link" | "address";

/** A piece of a line, with all styles that hold for it. */
export interface Span {
  text: string;
  styles: readonly Style[];
}

/** The signs that opened a block of code; empty outside of one. */
export type Fence = string;

export interface Line {
  spans: readonly Span[];
  /** What the next line begins in. */
  fence: Fence;
}

/** Longer lines are shown as typed. */
const LINE_MAX = 8000;

/** What begins a line: a heading, quotes, and a list with its box to tick. */
const HEAD = /^ {0,3}#{1,6}(?=\s|$)/;
const QUOTE = /^(?: {0,3}>)+ ?/;
const BULLET = /^\s*(?:[-+*]|\d{1,9}[.)])\s+(?:\[[ xX]\](?=\s))?/;
const RULE = /^ {0,3}(?:(?:-\s*){3,}|(?:_\s*){3,}|(?:\*\s*){3,})$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;

export function lineOf(text: string, fence: Fence): Line {
  if (fence !== "") {
    const closes = FENCE.exec(text);
    const sign = closes?.[1] ?? "";
    const isEnd = sign.startsWith(fence) && closes?.[2]?.trim() === "";
    return { spans: [{ text, styles: isEnd ? ["mark"] : ["code"] }], fence: isEnd ? "" : fence };
  }
  const opens = FENCE.exec(text)?.[1];
  if (opens) return { spans: [{ text, styles: ["mark"] }], fence: opens };
  if (text.length > LINE_MAX) return { spans: [{ text, styles: [] }], fence };
  if (RULE.test(text)) return { spans: [{ text, styles: ["mark"] }], fence };
  const found: Span[] = [];
  const inner: Style[] = [];
  let rest = text;
  const begins = (pattern: RegExp, style: Style, holds?: Style): void => {
    const sign = pattern.exec(rest)?.[0];
    if (!sign) return;
    found.push({ text: sign, styles: [style] });
    rest = rest.slice(sign.length);
    if (holds) inner.push(holds);
  };
  begins(QUOTE, "mark", "quote");
  begins(BULLET, "bullet");
  begins(HEAD, "mark", "head");
  inline(rest, inner, found);
  return { spans: found, fence };
}

/** What is marked within a line, first found first; a pair of signs belongs together within so many letters. */
const CODE = /(`+)(?!`)(.{1,1000}?)(?<!`)\1(?!`)/y;
const LINK = /(!?\[)([^[\]]{0,500})(\]\()([^\s()<>]{0,2000}|<[^<>]{0,2000}>)(\))/y;
const STRONG = /(\*\*|__)(?=\S)(.{1,1000}?)(?<=\S)\1/y;
const STRIKE = /(~~)(?=\S)(.{1,1000}?)(?<=\S)\1/y;
const EM_STAR = /(\*)(?=[^\s*])([^*]{1,1000}|.{1,1000}?)(?<=[^\s*])\1(?!\*)/y;
const EM_LINE = /(?<![\p{L}\p{N}_])(_)(?=[^\s_])(.{1,1000}?)(?<=[^\s_])\1(?![\p{L}\p{N}_])/uy;
const ADDRESS = /https?:\/\/[^\s<>]{1,2000}/y;
/** Where one of them can begin. */
const SIGN = /[\\`*_~[!h]/g;

function inline(text: string, styles: readonly Style[], into: Span[]): void {
  let from = 0;
  let at = 0;
  const push = (part: string, more: readonly Style[]): void => void (part !== "" && into.push({ text: part, styles: [...styles, ...more] }));
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const around = (found: RegExpExecArray, style: Style): void => {
    const [whole, sign = "", inside = ""] = found;
    push(text.slice(from, at), []);
    push(sign, ["mark"]);
    if (style === "code") push(inside, ["code"]);
    else inline(inside, [...styles, style], into);
    push(sign, ["mark"]);
    from = at = at + whole.length;
  };
  while (at < text.length) {
    SIGN.lastIndex = at;
    const next = SIGN.exec(text);
    if (!next) break;
    at = next.index;
    if (next[0] === "\\") {
      at += 2;
      continue;
    }
    const code = match(CODE);
    const link = code ? null : match(LINK);
    const address = code || link ? null : match(ADDRESS);
    if (code) around(code, "code");
    else if (link) {
      const [whole, open = "", words = "", between = "", target = "", close = ""] = link;
      push(text.slice(from, at), []);
      push(open, ["mark"]);
      inline(words, [...styles, "link"], into);
      push(between, ["mark"]);
      push(target, ["address"]);
      push(close, ["mark"]);
      from = at = at + whole.length;
    } else if (address) {
      push(text.slice(from, at), []);
      push(address[0], ["link"]);
      from = at = at + address[0].length;
    } else {
      const strong = match(STRONG);
      const strike = strong ? null : match(STRIKE);
      const em = strong || strike ? null : (match(EM_STAR) ?? match(EM_LINE));
      if (strong) around(strong, "strong");
      else if (strike) around(strike, "strike");
      else if (em) around(em, "em");
      // Signs of the same kind that begin nothing together.
      else at += /^(`+|\*+|_+|~+|.)/u.exec(text.slice(at, at + 100))?.[0].length ?? 1;
    }
  }
  push(text.slice(from), []);
}

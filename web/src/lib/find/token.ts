// Tokens of a text, by the same rule as the engine's (crates/mnm-engine/src/search/token.rs), so that what a search has
// found can be marked where it stands: case, accents, vowel marks, width and ligatures do not matter, in every script.
// Both are tested by the cases of search/token_cases.json there.

/** Longest token in UTF-8, bytes; longer words are cut. */
const TOKEN_BYTES_MAX = 64;

/** A token, and where it stands in the text, UTF-16 units. */
export interface Token {
  text: string;
  start: number;
  end: number;
  /** The end of its first character, of a pair of them. */
  firstEnd: number;
}

/** What a character is in a text: see the engine's `Kind`. */
type Kind = "word" | "pair" | "mark" | "symbol" | "unseen" | "gap";

/** A part of a character, folded, with the place of that character. */
export interface Part {
  kind: Kind;
  text: string;
  start: number;
  end: number;
}

const ASCII_WORD = /[a-z0-9]/i;
const MARK = /\p{M}/u;
const SKIN = /[\u{1f3fb}-\u{1f3ff}]/u;
const SYMBOL = /[\p{So}\p{Sc}]/u;
const WORD = /[\p{Alphabetic}\p{N}]/u;
const HANGUL = /[\uac00-\ud7a3]/;
/** Accents of Latin, Greek and Cyrillic, vowel marks of Hebrew, Arabic and Syriac, and what is never seen. */
const UNSEEN =
  /[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\p{Default_Ignorable_Code_Point}]/u;
/** Thai, Lao, Tibetan, Burmese, Khmer; kana; Chinese characters; Korean syllables. */
const PAIR =
  /[\u0e00-\u0e4f\u0e80-\u0ecf\u0f40-\u0f6c\u1000-\u103f\u1780-\u17d3\u3005\u3007\u3040-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}\uac00-\ud7a3]/u;

const REPLACED: Readonly<Record<string, string>> = { ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ħ: "h", ŧ: "t", ŋ: "n", ı: "i", ς: "σ" };

export const isPair = (text: string): boolean => PAIR.test(String.fromCodePoint(text.codePointAt(0) ?? 0));

function kindOf(c: string): Kind {
  if (c < "\x80") return ASCII_WORD.test(c) ? "word" : "gap";
  if (UNSEEN.test(c)) return "unseen";
  if (MARK.test(c)) return "mark";
  if (SKIN.test(c)) return "unseen";
  if (SYMBOL.test(c)) return "symbol";
  if (PAIR.test(c)) return "pair";
  return WORD.test(c) ? "word" : "gap";
}

/** The Korean syllable of two parts that follow each other. */
function joined(one: number, other: number): number | undefined {
  if (one >= 0x1100 && one < 0x1113 && other >= 0x1161 && other < 0x1176) return 0xac00 + ((one - 0x1100) * 21 + (other - 0x1161)) * 28;
  const isOpen = one >= 0xac00 && one < 0xd7a4 && (one - 0xac00) % 28 === 0;
  return isOpen && other >= 0x11a8 && other < 0x11c3 ? one + other - 0x11a7 : undefined;
}

/** The parts of a text, folded, in order. */
export function* parts(text: string): Generator<Part> {
  for (let at = 0; at < text.length; ) {
    const start = at;
    let code = text.codePointAt(at) ?? 0;
    at += code > 0xffff ? 2 : 1;
    if (code < 0x80) {
      const c = text.charAt(start);
      yield ASCII_WORD.test(c) ? { kind: "word", text: c.toLowerCase(), start, end: at } : { kind: "gap", text: c, start, end: at };
      continue;
    }
    for (let next = joined(code, text.charCodeAt(at)); next !== undefined; next = joined(code, text.charCodeAt(at))) {
      code = next;
      at += 1;
    }
    yield* folded(String.fromCodePoint(code), start, at);
  }
}

function* folded(c: string, start: number, end: number): Generator<Part> {
  const whole = kindOf(c);
  if (HANGUL.test(c) || whole === "symbol") return void (yield { kind: whole, text: c, start, end });
  for (const part of c.normalize("NFKD")) {
    const kind = kindOf(part);
    if (kind === "unseen") {
      yield { kind, text: "", start, end };
      continue;
    }
    for (const lower of part.toLowerCase()) {
      // Lower case of a letter may bring an accent of its own.
      if (kindOf(lower) !== "unseen") yield { kind, text: REPLACED[lower] ?? lower, start, end };
    }
  }
}

/** The tokens of a text, in order. */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let word: Token | undefined;
  let run: Token[] = [];
  const endWord = (): void => {
    if (word) found.push(word);
    word = undefined;
  };
  const endRun = (): void => {
    for (const [at, one] of run.entries()) {
      const other = run[at + 1];
      found.push(other ? { text: one.text + other.text, start: one.start, end: other.end, firstEnd: one.end } : { ...one, firstEnd: one.end });
    }
    run = [];
  };
  for (const part of parts(text)) {
    const begun = (): Token => ({ text: "", start: part.start, end: part.start, firstEnd: part.start });
    switch (part.kind) {
      case "unseen":
      case "mark": {
        const last = run.at(-1) ?? word;
        if (last) put(last, part);
        break;
      }
      case "word":
        endRun();
        put((word ??= begun()), part);
        break;
      case "pair": {
        endWord();
        const one = begun();
        put(one, part);
        run.push(one);
        break;
      }
      case "symbol": {
        endRun();
        endWord();
        const one = begun();
        put(one, part);
        found.push(one);
        break;
      }
      case "gap":
        endRun();
        endWord();
        break;
      default:
        part.kind satisfies never;
    }
  }
  endRun();
  endWord();
  return found;
}

function put(token: Token, part: Part): void {
  for (const c of part.text) if (fits(token.text + c)) token.text += c;
  token.end = part.end;
}

/** A unit of UTF-16 has at most three bytes in UTF-8, which are counted only where that is too many. */
const fits = (text: string): boolean => text.length * 3 <= TOKEN_BYTES_MAX || new TextEncoder().encode(text).length <= TOKEN_BYTES_MAX;

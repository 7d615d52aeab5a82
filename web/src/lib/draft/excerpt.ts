// The beginning of a draft as it will be read: without the marks of its formatting.

/** Longest beginning that is looked at, letters. */
const LENGTH_MAX = 400;
/** What stands before the text of a line: quotes, headings, lists, tasks. */
const BEFORE = /^\s*(?:(?:>|#{1,6}(?=\s)|[-*+](?=\s)|\d{1,9}[.)](?=\s)|\[[ xX]\](?=\s))\s*)+/;
const FENCE_OR_RULE = /^\s*(?:```|~~~|([-*_])(?:\s*\1){2,}\s*$)/;
/** Pictures and links: their words stay. */
const LINK = /!?\[([^\]]*)\]\((?:<[^>]*>|[^()\s]*)\)/g;
/** Bold, italic, struck, code: what is between equal marks that touch it. */
const MARKED = /(\*{1,3}|~~|`+)(?=\S)([^\n]*?\S)\1/g;
/** An underscore within a word is a letter of it. */
const UNDERSCORED = /(^|[^\p{L}\p{N}_])(_{1,3})(?=\S)([^\n]*?\S)\2(?![\p{L}\p{N}_])/gu;

/** The beginning of a text in Markdown on one line, without markup. */
export function excerpt(text: string): string {
  return text
    .slice(0, LENGTH_MAX)
    .split("\n")
    .filter((line) => !FENCE_OR_RULE.test(line))
    .map((line) => line.replace(BEFORE, "").replace(LINK, "$1").replace(MARKED, "$2").replace(UNDERSCORED, "$1$3"))
    .filter((line) => line.trim() !== "")
    .join(" ")
    .trim();
}

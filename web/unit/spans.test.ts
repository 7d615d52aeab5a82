// Spans of markup while it is typed: what is marked, and that nothing of the text is lost.
import { expect, test } from "vitest";

import { lineOf } from "../src/lib/write/spans";

/** A line with what is styled between brackets, behind the names of its styles. */
const styled = (text: string, fence = ""): string =>
  lineOf(text, fence)
    .spans.map((span) => (span.styles.length === 0 ? span.text : `[${span.styles.join(" ")}:${span.text}]`))
    .join("");

test("signs are marks, and what stands between them is styled", () => {
  expect(styled("a **b** c")).toBe("a [mark:**][strong:b][mark:**] c");
  expect(styled("_i_ and *i*")).toBe("[mark:_][em:i][mark:_] and [mark:*][em:i][mark:*]");
  expect(styled("**a _b_**")).toBe("[mark:**][strong:a ][strong mark:_][strong em:b][strong mark:_][mark:**]");
  expect(styled("~~x~~ `a*b*`")).toBe("[mark:~~][strike:x][mark:~~] [mark:`][code:a*b*][mark:`]");
  expect(styled("see [it](https://a.example/b) now")).toBe("see [mark:[][link:it][mark:](][address:https://a.example/b][mark:)] now");
  expect(styled("https://a.example/_b_c, so")).toBe("[link:https://a.example/_b_c,] so");
});

test("what is no markup stays as it is", () => {
  for (const text of ["2 * 3 * 4", "snake_case_name", "a ** b **", "\\*not\\*", "**", "*", "[x] (y)", "", "~~", "h", "5*", "привет_мир_вам"]) expect(styled(text), text).toBe(text);
});

test("lines begin with headings, quotes and lists, one within the other", () => {
  expect(styled("## Plan **b**")).toBe("[mark:##][head: Plan ][head mark:**][head strong:b][head mark:**]");
  expect(styled("> - a")).toBe("[mark:> ][bullet:- ][quote:a]");
  expect(styled("12. [x] done")).toBe("[bullet:12. [x]] done");
  expect(styled("- - -")).toBe("[mark:- - -]");
  expect(styled("#tag")).toBe("#tag");
});

test("a block of code goes on until its end", () => {
  const texts = ["```rust", "**x**", "``", "```", "**x**"];
  let fence = "";
  const styles = texts.map((text) => {
    const line = lineOf(text, fence);
    ({ fence } = line);
    return line.spans.map((span) => span.styles.join(" ")).join();
  });
  expect(styles).toEqual(["mark", "code", "code", "mark", "mark,strong,mark"]);
});

test("no letter is lost or added, and no line takes long, whatever is typed", () => {
  const signs = ["*", "**", "_", "~~", "`", "```", "[", "](", ")", "!", "h", "https://", "a", " ", "\\", ">", "#", "- ", "é", "ש", "👩‍🚀", "1."];
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
  for (let n = 0; n < 5000; n += 1) {
    const text = Array.from({ length: random(30) }, () => signs[random(signs.length)]).join("");
    const fence = random(5) === 0 ? "```" : "";
    expect(lineOf(text, fence).spans.map((span) => span.text).join("")).toBe(text);
  }
  for (const sign of signs) {
    const text = `${sign}a `.repeat(3000).slice(0, 8000);
    expect(lineOf(text, "").spans.map((span) => span.text).join("")).toBe(text);
  }
});

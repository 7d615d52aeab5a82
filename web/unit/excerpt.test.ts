// Beginnings of drafts as the list shows them.
import { expect, test } from "vitest";

import { excerpt } from "../src/lib/draft/excerpt";

test.each([
  ["**Bold** and *slanted* and ~~gone~~ and `code`", "Bold and slanted and gone and code"],
  ["***both*** __so__ _too_ snake_case_name 2*3*4", "both so too snake_case_name 234"],
  ["# Heading\n\n- one\n- [x] two\n3. three\n> > said", "Heading one two three said"],
  ["![plan](this_u:plan.png) [our page](https://example.org) [x](<a b>)", "plan our page x"],
  ["```js\nlet a = 1;\n```\n---\nend", "let a = 1; end"],
  ["5 * 3 and 2 * 4, a - b, #5, 1.5", "5 * 3 and 2 * 4, a - b, #5, 1.5"],
  ["", ""],
])("%j is shown as %j", (text, shown) => {
  expect(excerpt(text)).toBe(shown);
});

test("a long text of marks alone takes no time", () => {
  const started = performance.now();
  excerpt("*_`~[(".repeat(50_000));
  expect(performance.now() - started).toBeLessThan(500);
});

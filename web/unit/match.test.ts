// Names meant by a few letters.
import { expect, test } from "vitest";

import { best, match } from "../src/lib/actions/match";

test("a name is meant by its beginning, by beginnings of its words, by their initials, or by some of its letters", () => {
  const name = "Harbour Rowing Club";
  const ranks = ["Harb", "row club", "hrc", "our", "hrbr"].map((typed) => match(typed, name) ?? NaN);
  expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
  expect(ranks.slice(0, 4)).toEqual([0, 1, 2, 3]);
  expect(match("hrbx", name)).toBeUndefined();
  expect(match("club rowing", name)).toBe(1);
});

test("neither case nor accents count, in any script", () => {
  expect(match("chloe", "Chloé Dubois")).toBe(0);
  expect(match("ÉCOLE", "ecole du soir")).toBe(0);
  expect(match("ива", "Иван Петров")).toBe(0);
  expect(match("山", "富士山")).toBe(3);
});

test("the best come first, and not more than are wanted", () => {
  const names = ["Settings", "New letter", "Newest things", "Sent by Nel"];
  expect(best("ne", names, (name) => name, 8)).toEqual(["New letter", "Newest things", "Sent by Nel"]);
  expect(best("n", names, (name) => name, 2)).toHaveLength(2);
});

// Joining of two versions of a text.
import { expect, test } from "vitest";

import { both } from "../src/lib/draft/compare";

test("joined versions hold their common lines once, however often they are joined", () => {
  const cases: [string, string, string][] = [
    ["a", "b", "a\n\nb"],
    ["a", "a b", "a b"],
    ["a b", "a", "a b"],
    ["a\nx\nz", "a\ny\nz", "a\nx\n\ny\nz"],
    ["a\n\nb\n\nc", "a\n\nb\n\nd", "a\n\nb\n\nc\n\nd"],
    ["a\na\n1", "a\n2", "a\na\n1\n\n2"],
  ];
  for (const [theirs, mine, together] of cases) expect(both(theirs, mine)).toBe(together);
});

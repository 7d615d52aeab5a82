// Conditions among the words of a search, as they are chosen on the page.
import { expect, test } from "vitest";

import { conditionOf, daysBefore, withCondition } from "../src/lib/find/condition";

test("a condition is written behind the words, in place of the one that was there", () => {
  expect(withCondition("", "is", "unread")).toBe("is:unread ");
  expect(withCondition("oars ", "from", "Anna Berg")).toBe('oars from:"Anna Berg" ');
  expect(withCondition('from:"Anna Berg" oars "good night"', "from", "boris")).toBe('oars "good night" from:boris ');
  expect(withCondition("oars has:file", "has", "")).toBe("oars ");
  expect(withCondition("has:file", "has", "")).toBe("");
  expect(withCondition("x", "tag", 'a "quoted" name')).toBe('x tag:"a quoted name" ');
});

test("a condition is read as the engine reads it", () => {
  expect(conditionOf('x from:"Anna Berg" y', "from")).toBe("Anna Berg");
  expect(conditionOf("FROM:anna", "from")).toBe("anna");
  expect(conditionOf('"from:anna"', "from")).toBeUndefined();
  expect(conditionOf("from:", "from")).toBeUndefined();
  expect(conditionOf('tag:"not closed yet', "tag")).toBe("not closed yet");
  expect(conditionOf("in:a:b", "in")).toBe("a:b");
});

test("days are those of the universal time", () => {
  expect(daysBefore(Date.UTC(2026, 2, 1, 0, 30), 1)).toBe("2026-02-28");
});

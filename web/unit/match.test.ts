// Names meant by a few letters.
import { expect, test } from "vitest";

import { best, match } from "../src/lib/actions/match";
import { ACTIONS } from "../src/lib/actions/registry";
import { t } from "../src/lib/strings";

test("a name is meant by its beginning, by beginnings of its words, by what is within them, or by letters that begin words after each other", () => {
  const name = "Harbour Rowing Club";
  const ranks = ["Harb", "row club", "our", "hrc"].map((typed) => match(typed, name) ?? NaN);
  expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
  expect(ranks).toEqual([0, 1, 2, 3]);
  expect(match("harowc", name)).toBe(3);
  expect(match("rc", name)).toBe(3);
  // Letters amid words, and of words that are not neighbours.
  expect(match("hrbr", name)).toBeUndefined();
  expect(match("hc", name)).toBeUndefined();
  expect(match("...", name)).toBeUndefined();
  expect(match("club rowing", name)).toBe(1);
});

test("neither case nor accents count, in any script", () => {
  expect(match("chloe", "Chloé Dubois")).toBe(0);
  expect(match("ÉCOLE", "ecole du soir")).toBe(0);
  expect(match("ива", "Иван Петров")).toBe(0);
  expect(match("山", "富士山")).toBe(2);
});

test("the best come first, and not more than are wanted", () => {
  const found = (typed: string, most: number, ...names: string[]): string[] => best(typed, names.map((name) => ({ name })), most).map(({ name }) => name);
  const names = ["Settings", "New letter", "Newest things", "Sent by Nel"];
  expect(found("ne", 8, ...names)).toEqual(["New letter", "Newest things", "Sent by Nel"]);
  expect(found("n", 2, ...names)).toHaveLength(2);
  // A long one has more words, and so matches more.
  const long = `About ${"the boats and all that is to be said of them ".repeat(20)}`;
  expect(found("boats", 8, long, "Who mends the boats")).toEqual(["Who mends the boats", long]);
  expect(found("a".repeat(99) + "b", 8, "a ".repeat(1000) + "b")).toHaveLength(1);
  expect(found("a".repeat(99) + "c", 8, "aaaa ".repeat(1000))).toEqual([]);
});

test("a synonym counts less than a name, and only by its words", () => {
  const phone = { name: "Add a device", also: ["phone", "another computer"] };
  const call = { name: "Phone calls" };
  expect(best("phone", [phone, call], 8)).toEqual([call, phone]);
  expect(best("compu", [phone, call], 8)).toEqual([phone]);
  expect(best("hone", [phone], 8)).toEqual([]);
});

test("every other word by which an action is looked for belongs to an action", () => {
  expect(Object.keys(t.palette.also).filter((id) => !ACTIONS.some((action) => action.id === id))).toEqual([]);
});

test.each([
  ["tags", "Tags…"], ["device", "Add a device"], ["phone", "Add a device"], ["reconnect", "Reconnect"], ["keys", "Help: all keys"], ["help", "Help: all keys"],
  ["notices", "Settings: Notices"], ["notifications", "Settings: Notices"], ["empty", "Empty trash"], ["starred", "Starred"], ["unread", "Unread"], ["inbox", "Inbox"],
  ["archive", "Archive"], ["trash", "Trash"], ["bin", "Trash"], ["my alias", "Copy my alias"], ["keyboard", "Settings: Keyboard"],
])("“%s” means “%s” among all actions", (typed, name) => {
  const all = ACTIONS.filter((action) => !action.moves).map((action) => ({ name: action.name, also: t.palette.also[action.id] ?? [] }));
  expect(best(typed, all, 3)[0]?.name).toBe(name);
});

// Keys of actions as they are changed: what is free, what is refused, what is swapped, and what is kept.
import { beforeEach, expect, test } from "vitest";

import type { Action } from "../src/lib/actions/action";
import { bindings, hint, spoken } from "../src/lib/actions/bindings.svelte";
import { ACTIONS } from "../src/lib/actions/registry";
import { keyOf } from "../src/lib/keys";

const action = (id: string): Action => ACTIONS.find((one) => one.id === id)!;
const kept = (): unknown => JSON.parse(localStorage.getItem("mnm.bindings") ?? "{}");

beforeEach(() => bindings.resetAll());

test("no two actions come with the same key, and none with the beginning of another's", () => {
  const keys = ACTIONS.flatMap((one) => one.keys);
  expect(new Set(keys).size).toBe(keys.length);
  for (const key of keys) expect(keys.filter((other) => other.startsWith(`${key} `))).toEqual([]);
  for (const one of ACTIONS) for (const key of one.keys) expect(bindings.objection(one, key), key).toBeUndefined();
});

test("a key that is set is the action's only one, is kept, and goes with a reset", () => {
  const archive = action("mark-archived");
  bindings.set(archive, ["y"]);
  expect([bindings.action("y")?.id, bindings.action("e")]).toEqual(["mark-archived", undefined]);
  expect(hint("mark-archived")).toBe(" (y)");
  expect(kept()).toEqual({ "mark-archived": ["y"] });
  bindings.set(archive, []);
  expect([bindings.of("mark-archived"), hint("mark-archived"), bindings.isChanged(archive)]).toEqual([[], "", true]);
  expect(bindings.reset(archive)).toBeUndefined();
  expect([bindings.of("mark-archived"), bindings.anyChanged, kept()]).toEqual([["e"], false, {}]);
});

test("a key that another has is refused by that one's name, and can be swapped", () => {
  const archive = action("mark-archived");
  const mute = action("mark-muted");
  const objection = bindings.objection(archive, "m");
  expect([objection?.swap?.id, objection?.why]).toEqual(["mark-muted", "m is the key of “Mute”."]);
  bindings.swap(archive, "m", mute);
  expect([bindings.of("mark-archived"), bindings.of("mark-muted")]).toEqual([["m"], ["e"]]);
  // Back alone it cannot go; both can.
  const back = bindings.reset(archive);
  expect(back?.swap?.id).toBe("mark-muted");
  bindings.swap(archive, "e", mute);
  expect([bindings.of("mark-archived"), bindings.of("mark-muted"), kept()]).toEqual([["e"], ["m"], {}]);
});

test("an action that is given another's key in a browser's storage takes it from it", () => {
  bindings.set(action("ping"), ["c"]);
  expect([bindings.action("c")?.id, bindings.of("compose")]).toEqual(["ping", []]);
});

test("what pages, browsers and fields need is refused, and so is what begins other keys", () => {
  const archive = action("mark-archived");
  for (const key of ["Enter", "Space", "Tab", "ArrowDown", "Shift+ArrowDown", "Ctrl+C", "Ctrl+V", "Ctrl+Z", "F5", "Ctrl+Enter"]) expect(bindings.objection(archive, key)?.swap, key).toBeUndefined();
  for (const key of ["Enter", "Space", "Ctrl+C", "F5"]) expect(bindings.objection(archive, key)?.why).toContain("is needed");
  expect(bindings.objection(archive, "g")?.why).toBe("g begins g l, the keys of “Letters”.");
  for (const key of ["y", "Alt+a", "Ctrl+J", "F2", "g x", "+"]) expect(bindings.objection(archive, key), key).toBeUndefined();
  // Two keys begin with whatever does.
  bindings.set(archive, ["y a"]);
  expect([bindings.begins("y"), bindings.action("y a")?.id]).toEqual([true, "mark-archived"]);
});

test("keys count by their place where another alphabet is written, and are said as on a keyboard", () => {
  const press = (key: string, code: string, more: KeyboardEventInit = {}): string => keyOf(new KeyboardEvent("keydown", { key, code, ...more }));
  expect([press("с", "KeyC"), press("С", "KeyC", { shiftKey: true }), press("ж", "Semicolon"), press("Ж", "Semicolon", { shiftKey: true }), press("х", "BracketLeft"), press("ё", "Backquote")]).toEqual(["c", "C", ";", ":", "[", "`"].map((key) => (key === "C" ? "Shift+C" : key)));
  expect([press(";", "Comma"), press("?", "Minus", { shiftKey: true })]).toEqual([";", "?"]);
  expect([press("л", "KeyK", { ctrlKey: true }), press("+", "Equal", { ctrlKey: true, shiftKey: true })]).toEqual(["Ctrl+K", "Ctrl++"]);
  expect(["Ctrl+K", "g l", "Alt+ArrowDown", "+", "Ctrl++", "Shift+U"].map(spoken)).toEqual(["Ctrl+K", "g l", "Alt+↓", "+", "Ctrl++", "Shift+U"]);
});

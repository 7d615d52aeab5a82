// Arrangement of messages: runs of one author, days, and folded letters.
import { expect, test } from "vitest";

import { arrange, beginning, foldedAtFirst, isEmojiOnly } from "../src/lib/thread/arrange";
import { anna, me, message } from "./records";

const NOON = new Date(2026, 10, 27, 12).getTime();
const MINUTE = 60_000;
const at = (id: number, minutes: number, some = {}) => message(id, { at_ms: NOON + minutes * MINUTE, ...some });

const shape = (messages: ReturnType<typeof at>[], chat = true, firstNew = 0) =>
  arrange(messages, chat, "Roof", firstNew).map((one) => `${one.newDay ? "day " : ""}${one.begins ? "begins" : "goes on"}${one.ends ? " ends" : ""}`);

test("bubbles less than five minutes apart are one run, with one time", () => {
  expect(shape([at(1, 0), at(2, 4.98), at(3, 10)])).toEqual(["day begins", "goes on ends", "begins ends"]);
});

test("another author, another day, the mark of what is new and what failed end a run", () => {
  expect(shape([at(1, 0), at(2, 1, { from: me })])[1]).toBe("begins ends");
  expect(shape([at(1, 719), at(2, 721)])[1]).toBe("day begins ends");
  expect(shape([at(1, 0), at(2, 1)], true, 2)[1]).toBe("begins ends");
  expect(shape([at(1, 0, { state: { state: "failed", error: "no" } }), at(2, 1)])).toEqual(["day begins ends", "begins ends"]);
  // The same id under another name: who writes must be seen.
  expect(shape([at(1, 0), at(2, 1, { from: { ...anna, alias: "another" } })])[1]).toBe("begins ends");
});

test("letters go on for an hour, and another subject begins anew", () => {
  expect(shape([at(1, 0), at(2, 59), at(3, 119)], false)).toEqual(["day begins", "goes on ends", "begins ends"]);
  expect(shape([at(1, 0), at(2, 1, { subject: "Walls" })], false)[1]).toBe("begins ends");
  expect(shape([at(1, 0), at(2, 1, { subject: "Roof" })], false)[1]).toBe("goes on ends");
});

test("what is read is folded, but for the newest, and nothing that needs attention", () => {
  const messages = [at(1, 0), at(2, 1, { unread: true }), at(3, 2, { state: { state: "failed", error: "no" } }), at(4, 3)];
  expect([...foldedAtFirst(messages, true)]).toEqual([1]);
  expect([...foldedAtFirst(messages, false)]).toEqual([1, 4]);
});

test("the beginning of a letter is its text, and only that", () => {
  expect(beginning("<p>See <b>you</b>\nat &amp; eight</p><p>Björn</p>")).toBe("See you at & eight Björn");
  expect(beginning(`<p>${"a".repeat(5000)}</p>`).length).toBe(200);
});

test("one to three emoji stand alone", () => {
  for (const text of ["👍", " 👩‍👩‍👧 🏳️‍🌈 ", "❤️"]) expect(isEmojiOnly(text), text).toBe(true);
  for (const text of ["", "ok 👍", "12", "👍👍👍👍", "#"]) expect(isEmojiOnly(text), text).toBe(false);
});

test("what stands as before is the same object, so that it is not drawn again", () => {
  const messages = [at(1, 0), at(2, 1), at(3, 60)];
  const before = arrange(messages, true, "Roof", 0);
  const after = arrange([...messages, at(4, 61)], true, "Roof", 0, before);
  expect(after.map((one, i) => one === before[i])).toEqual([true, true, false, false]);
  expect(after[2]?.ends).toBe(false);
});

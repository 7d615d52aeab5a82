// Writing: markup around a selection, undo of a field, emoji by their names.
import { expect, test } from "vitest";

import { EMOJI, emojiCalled, findEmoji } from "../src/lib/write/emoji";
import { History } from "../src/lib/write/history";
import { apply, insert, mark, quoted, type Kind } from "../src/lib/write/markup";

/** What becomes of a text in which the selection stands between brackets; the selection after it, the same way. */
function marked(text: string, kind: Kind): string {
  const start = text.indexOf("⟨");
  const end = text.indexOf("⟩") - 1;
  const bare = text.replace(/[⟨⟩]/g, "");
  const edit = mark(bare, start, end, kind);
  const next = bare.slice(0, edit.from) + edit.text + bare.slice(edit.to);
  return `${next.slice(0, edit.start)}⟨${next.slice(edit.start, edit.end)}⟩${next.slice(edit.end)}`;
}

test("markup is put around what is selected, without spaces at its edges, and taken away by the same", () => {
  expect(marked("a ⟨word ⟩here", "bold")).toBe("a **⟨word⟩** here");
  expect(marked("a **⟨word⟩** here", "bold")).toBe("a ⟨word⟩ here");
  expect(marked("a ⟨**word**⟩ here", "bold")).toBe("a ⟨word⟩ here");
  expect(marked("a ⟨⟩b", "italic")).toBe("a _⟨⟩_b");
  expect(marked("⟨x⟩", "strike")).toBe("~~⟨x⟩~~");
  expect(marked("⟨x⟩", "code")).toBe("`⟨x⟩`");
  expect(marked("so: ⟨a\nb⟩", "code")).toBe("so: \n```\n⟨a\nb⟩\n```\n");
});

test("lists and quotes are of whole lines", () => {
  expect(marked("one\nt⟨w⟩o\nthree", "list")).toBe("one\n- t⟨w⟩o\nthree");
  expect(marked("o⟨ne\ntw⟩o", "quote")).toBe("⟨> one\n> two⟩");
  expect(marked("⟨> one\n> two⟩", "quote")).toBe("⟨one\ntwo⟩");
  expect(marked("⟨⟩", "list")).toBe("- ⟨⟩");
  expect(marked("one\n⟨⟩", "list")).toBe("one\n- ⟨⟩");
});

test("a link takes words or an address, and selects what is missing", () => {
  expect(marked("see ⟨this⟩", "link")).toBe("see [this](⟨https://⟩)");
  expect(marked("see ⟨https://example.org/a⟩", "link")).toBe("see [⟨⟩](https://example.org/a)");
  expect(marked("⟨⟩", "link")).toBe("[⟨⟩](https://)");
});

test("a quote has a sign before every line", () => expect(quoted("a\n\nb\n")).toBe("> a\n>\n> b"));

test("what is typed and what is put in are undone and done again step by step", () => {
  document.body.innerHTML = "<textarea></textarea>";
  const area = document.querySelector("textarea")!;
  const stop = new History(area).attach();
  const type = (text: string): void => {
    area.dispatchEvent(new InputEvent("beforeinput", { inputType: "insertText", data: text }));
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new InputEvent("input", { inputType: "insertText", data: text }));
  };
  const press = (key: string, shiftKey = false): void => void area.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey: true, shiftKey }));
  for (const letter of "word") type(letter);
  apply(area, mark(area.value, 0, 4, "bold"));
  insert(area, "🎉", area.value.length, area.value.length);
  expect(area.value).toBe("**word**🎉");
  press("z");
  expect(area.value).toBe("**word**");
  press("z");
  expect(area.value).toBe("word");
  press("z");
  expect(area.value).toBe("");
  press("z");
  press("z", true);
  press("y");
  expect(area.value).toBe("**word**");
  // After something else no step leads back into another text.
  area.value = "the next reply";
  press("z");
  expect(area.value).toBe("the next reply");
  stop();
});

test("emoji are found by the beginnings of their names, and each has a name of its own", () => {
  expect(findEmoji("thumbs", 3).map(({ char }) => char)).toEqual(["👍", "👎"]);
  expect(findEmoji("smil", 2).map(({ names }) => names[0])).toEqual(["smiley", "smile"]);
  expect(findEmoji("nothing like it", 3)).toEqual([]);
  expect(emojiCalled("tada")).toBe("🎉");
  expect(emojiCalled("+1")).toBe("👍");
  const all = EMOJI.flatMap(({ emoji }) => emoji);
  expect(all.length).toBeGreaterThan(200);
  for (const of of [all.map(({ char }) => char), all.map(({ names }) => names[0])]) expect(new Set(of).size).toBe(of.length);
});

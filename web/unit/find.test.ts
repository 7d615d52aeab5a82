// Words found in texts on screen: tokens as the engine makes them, and the places of phrases.
import { expect, test } from "vitest";

import cases from "../../crates/mnm-engine/src/search/token_cases.json";
import { inPieces, phrasePlaces, wordPlaces } from "../src/lib/find/place";
import { tokens } from "../src/lib/find/token";

const show = (html: string): void => void (document.body.innerHTML = html);

test.each(cases)("$text has the tokens that the engine makes of it", ({ text, tokens: expected }) => {
  expect(tokens(text).map((token) => [token.text, text.slice(token.start, token.end)])).toEqual(expected);
});

test("a token is as long as the engine's", () => {
  expect(tokens("w".repeat(1000))[0]?.text).toHaveLength(64);
  expect(new TextEncoder().encode(tokens("ж".repeat(1000))[0]?.text)).toHaveLength(64);
});

test("phrases are marked as they are written, in every script and across bold letters", () => {
  const found = (html: string, tokens: string[], is_open = false): string[] => {
    show(html);
    return phrasePlaces(document.querySelectorAll("div"), [{ tokens, is_open }]).map(String);
  };
  expect(found("<div><p>The Café, <b>ca</b>fe\u0301s</p></div>", ["cafe"])).toEqual(["Café"]);
  expect(found("<div><p>The Café, <b>ca</b>fe\u0301s</p></div>", ["caf"], true)).toEqual(["Café", "cafe\u0301s"]);
  expect(found("<div>in der Straße</div>", ["strasse"])).toEqual(["Straße"]);
  expect(found("<div>我们明天在图书馆门口</div>", ["图书", "书馆"])).toEqual(["图书馆"]);
  expect(found("<div>来週の会議</div>", ["会"], true)).toEqual(["会"]);
  expect(found("<div>か が</div>", ["か"], true)).toEqual(["か", "が"]);
  expect(found("<div>مُحَمَّد هنا</div>", ["محمد"])).toEqual(["مُحَمَّد"]);
  expect(found("<div>a good night</div>", ["good", "night"])).toEqual(["good night"]);
  // Blocks and lines part words; letters amid a word are none.
  expect(found("<div><p>good</p><p>night</p> goodnight</div>", ["night"])).toEqual(["night"]);
  expect(found("<div>good<br>night</div>", ["night"])).toEqual(["night"]);
  expect(found("<div>nothing</div>", ["thing"])).toEqual([]);
});

test("a subject is parted at what was found", () => {
  const phrases = [{ tokens: ["strasse"], is_open: false }, { tokens: ["图书", "书馆"], is_open: false }];
  const pieces = (text: string): string[] => inPieces(text, phrases).map(({ text, found }) => (found ? `[${text}]` : text));
  expect(pieces("Die Straße: 图书馆!")).toEqual(["Die ", "[Straße]", ": ", "[图书馆]", "!"]);
  expect(pieces("Straße")).toEqual(["[Straße]"]);
  expect(pieces("Nothing")).toEqual(["Nothing"]);
  expect(pieces("")).toEqual([]);
});

test("what overlaps is one place, and there is a limit", () => {
  show(`<p>${"东京塔 ".repeat(2)}</p><p>${"ab ".repeat(3000)}</p>`);
  const phrases = [["东京"], ["京塔"], ["ab"]].map((tokens) => ({ tokens, is_open: false }));
  const found = phrasePlaces(document.querySelectorAll("p"), phrases).map(String);
  expect(found.slice(0, 3)).toEqual(["东京塔", "东京塔", "ab"]);
  expect(found).toHaveLength(1000);
  show(`<p>${"x ".repeat(400_000)}</p><p>ab</p>`);
  expect(phrasePlaces(document.querySelectorAll("p"), phrases)).toEqual([]);
});

test("letters are found amid words, across bold ones, with any accents and in other forms", () => {
  const found = (words: string): string[] => wordPlaces(document.querySelectorAll("p"), words).map(String);
  show("<p>The cafe\u0301 and the <b>Ca</b>fés</p><p>ca</p><p>fe</p><p>ﬁne Straße, Smørrebrød</p>");
  expect(found("café")).toEqual(["cafe\u0301", "Café"]);
  expect(found("CAFES")).toEqual(["Cafés"]);
  expect(found("fin")).toEqual(["ﬁn"]);
  expect(found("strasse, smorre")).toEqual(["Straße, Smørre"]);
  expect(found(" ")).toEqual([]);
  show(`<p>${"ab".repeat(3000)}</p>`);
  expect(found("ab")).toHaveLength(1000);
});

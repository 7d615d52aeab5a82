// A search as it is typed: what the page finds among its own records, and what it keeps of the answers.
import { expect, test } from "vitest";

import { App, settle } from "./app";
import { openPage } from "./page";
import { contact } from "./records";

test("people are found by all that is typed, and none by a quote that is only begun or by a condition", async () => {
  const app = new App();
  app.on("contacts", () => [contact({ alias: "Anna Berg" }), contact({ uid: "uid-bert", alias: "Bert Bruch" })]);
  app.on("search", () => ({ hits: [], phrases: [], more: false, indexing: false, newest_only: false }));
  await openPage();
  const { search } = await import("../src/lib/search.svelte");
  const found = (words: string): string[] => {
    search.type(words);
    return search.people.map(({ alias }) => alias);
  };
  expect(found("ber")).toEqual(["Anna Berg", "Bert Bruch"]);
  expect(found("ber anna")).toEqual(["Anna Berg"]);
  expect(found('"anna berg"')).toEqual(["Anna Berg"]);
  expect(found('"')).toEqual([]);
  expect(found('" "')).toEqual([]);
  expect(found("from:anna berg")).toEqual([]);
});

test("that only the newest letters were looked through is said with the answer, and not of the next words", async () => {
  const app = new App();
  app.on("search", ({ words }) => ({ hits: [], phrases: [], more: false, indexing: false, newest_only: words === "from:anna" }));
  await openPage();
  const { search } = await import("../src/lib/search.svelte");
  search.type("from:anna");
  await settle();
  expect(search.newestOnly).toBe(true);
  search.type("from:anna oars");
  expect(search.newestOnly).toBe(false);
  await settle();
  expect(search.newestOnly).toBe(false);
  expect(app.all("search").map(({ words }) => words)).toEqual(["from:anna", "from:anna oars"]);
});

// What the page finds among its own records while one types.
import { expect, test } from "vitest";

import { App } from "./app";
import { openPage } from "./page";
import { contact } from "./records";

test("people are found by all that is typed, and none by a quote that is only begun or by a condition", async () => {
  const app = new App();
  app.on("contacts", () => [contact({ alias: "Anna Berg" }), contact({ uid: "uid-bert", alias: "Bert Bruch" })]);
  app.on("search", () => ({ hits: [], phrases: [], more: false, indexing: false }));
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

// Pings by person: which one stands for all that passed between two people.
import { expect, test } from "vitest";

import { byPerson } from "../src/lib/pings";
import { ping } from "./records";

test("who was reached in the end is not shown by a ping that was refused before", () => {
  const refused = ping(1, { incoming: false, to: "Björn", at_ms: 1, state: { state: "failed", error: "nobody is called that" } });
  const reached = ping(2, { incoming: false, to: "Björn", at_ms: 2, state: { state: "accepted" } });
  expect(byPerson([refused, reached], (alias) => alias).map(({ shown }) => shown.id)).toEqual([2]);
  expect(byPerson([reached, { ...refused, at_ms: 3 }], (alias) => alias).map(({ shown }) => shown.id)).toEqual([1]);
  expect(byPerson([refused], (alias) => alias).map(({ shown }) => shown.id)).toEqual([1]);
});

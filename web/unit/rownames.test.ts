// Names in rows: a group stands for its members, and for nobody else.
import { beforeEach, expect, test } from "vitest";

import type { Party } from "../src/lib/api";
import { firstName } from "../src/lib/format";
import { store } from "../src/lib/store.svelte";
import { rowNames } from "../src/lib/thread/rownames";
import * as records from "./records";

const bea: Party = { uid: "uid-bea", alias: "Bea Brand", kind: "contact" };
const sven: Party = { uid: "uid-sven", alias: "Sven Stranger", kind: "stranger" };
const crew: Party = { uid: "Regatta Crew", alias: "Regatta Crew", kind: "group" };

beforeEach(() => {
  store.groups = [
    { account: records.ACCOUNT, gid: "Regatta Crew", standing: "joined", whole: true, empty: false, alias: records.me.alias, known: 3, joined: 2, members: [{ alias: "Bea Brand", standing: "joined" }, { alias: "Sven Stranger", standing: "invited" }] },
  ];
});

test("members are not named beside their group, others are", () => {
  expect(rowNames(records.row({ parties: [records.me, bea, crew, sven] }))).toEqual(["Regatta Crew", "Sven Stranger"]);
  expect(rowNames(records.row({ account: 2, parties: [bea, crew] }))).toEqual(["Regatta Crew", "Bea Brand"]);
  expect(rowNames(records.row({ parties: [records.me, bea] }))).toEqual(["Bea Brand"]);
});

test("a first name is a word of letters before others; whatever else a name is, it stays whole", () => {
  expect([bea, sven, { ...bea, alias: "bea.brand" }, { ...bea, alias: "B. Brand" }, { ...bea, alias: "The" }].map(firstName)).toEqual(["Bea", "Sven", "bea.brand", "B. Brand", "The"]);
  expect(firstName(records.me)).toBe("You");
});

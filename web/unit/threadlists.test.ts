// The lists of threads: which rows are in which, and how far each is loaded.
import { expect, test } from "vitest";

import type { ThreadRow, ThreadSort } from "../src/lib/api";
import { prefs } from "../src/lib/prefs.svelte";
import { ThreadLists } from "../src/lib/threadlists.svelte";
import { ACCOUNT, row } from "./records";

const ids = (lists: ThreadLists, view: "inbox" | "archive" | "starred" | "trash", rows: ReturnType<typeof row>[]) =>
  lists.arranged(ACCOUNT, view, rows).map(({ id }) => id);

test("a row that is older than what is loaded is not listed before what lies between", () => {
  const lists = new ThreadLists();
  const page = [row({ id: 9, last_at_ms: 90 }), row({ id: 8, last_at_ms: 80 })];
  lists.reset([ACCOUNT], page, false);
  const old = row({ id: 1, last_at_ms: 10 });
  const pinned = row({ id: 2, last_at_ms: 5, pinned: true });
  expect(ids(lists, "inbox", [...page, old, pinned])).toEqual([2, 9, 8]);
  expect(lists.place(ACCOUNT, "inbox")).toEqual({ before_ms: 80, before: 8 });
  lists.loaded(ACCOUNT, "inbox", [row({ id: 5, last_at_ms: 50 }), old], true);
  expect(ids(lists, "inbox", [...page, row({ id: 5, last_at_ms: 50 }), old, pinned])).toEqual([2, 9, 8, 5, 1]);
});

test("each list has the rows with its marks, and pages of its own", () => {
  const lists = new ThreadLists();
  const rows = [
    row({ id: 1, starred: true }),
    row({ id: 2, archived: true, starred: true }),
    row({ id: 3, archived: true, trashed_ms: 7, starred: true }),
  ];
  lists.reset([ACCOUNT], rows.slice(0, 1), true);
  for (const view of ["starred", "archive", "trash"] as const) {
    expect(lists.isComplete(ACCOUNT, view)).toBe(false);
    lists.loaded(ACCOUNT, view, [], true);
  }
  expect(ids(lists, "inbox", rows)).toEqual([1]);
  expect(ids(lists, "starred", rows)).toEqual([2, 1]);
  expect(ids(lists, "archive", rows)).toEqual([2]);
  expect(ids(lists, "trash", rows)).toEqual([3]);
});

test("a list in another order has its rows as far as they are loaded in that order", () => {
  const lists = new ThreadLists();
  const rows = [
    row({ id: 1, last_at_ms: 10, subject_key: "b", person_key: "y", unread: 0 }),
    row({ id: 2, last_at_ms: 20, subject_key: "a", person_key: "z", unread: 1 }),
    row({ id: 3, last_at_ms: 30, subject_key: "c", person_key: "y", unread: 0 }),
    row({ id: 4, last_at_ms: 5, subject_key: "z", person_key: "a", pinned: true }),
    row({ id: 5, last_at_ms: 40, subject_key: "\u{1f6f6}", person_key: "\uffee", unread: 1 }),
  ];
  const sorted = (sort: ThreadSort): number[] => {
    prefs.setSort(sort);
    return ids(lists, "inbox", rows);
  };
  expect(sorted("oldest")).toEqual([4, 1, 2, 3, 5]);
  // By code points, as the engine has them.
  expect(sorted("subject")).toEqual([4, 2, 1, 3, 5]);
  expect(sorted("person")).toEqual([4, 3, 1, 2, 5]);
  expect(sorted("unread")).toEqual([4, 5, 2, 3, 1]);
  expect(lists.arranged(ACCOUNT, "inbox", rows, 1).map(({ id }) => id)).toEqual([4, 5, 2, 1, 3]);

  prefs.setSort("subject");
  lists.loaded(ACCOUNT, "inbox", [rows[1], rows[0]] as ThreadRow[], false);
  expect(ids(lists, "inbox", rows)).toEqual([4, 2, 1]);
  expect(lists.place(ACCOUNT, "inbox")).toEqual({ before_key: "b", before_ms: 10, before: 1 });
  // Each order has pages of its own, and a list that cannot have it goes by time.
  expect(lists.sortOf("starred")).toBe("subject");
  expect(lists.place(ACCOUNT, "starred")).toBeUndefined();
  prefs.setSort("unread");
  expect([lists.sortOf("inbox"), lists.sortOf("starred"), lists.sortOf("tag:1")]).toEqual(["unread", "newest", "newest"]);
  prefs.setSort("newest");
  expect(lists.place(ACCOUNT, "inbox")).toBeUndefined();
});

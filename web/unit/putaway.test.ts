// Putting threads away: what the bar says stays true.
import { beforeEach, expect, test } from "vitest";

import { App } from "./app";
import { openPage, type Page } from "./page";
import { row } from "./records";

let app: App;
let page: Page;

beforeEach(async () => {
  app = new App();
  app.on("mark_threads", () => 1);
  page = await openPage();
});

test("bar goes when what it tells of was undone by a key", async () => {
  await page.putAway.mark([row()], "trashed", true);
  expect(page.putAway.last?.text).toContain("30 days");
  await page.putAway.mark([row()], "starred", true);
  expect(page.putAway.last?.mark).toBe("trashed");
  await page.putAway.mark([row()], "trashed", false);
  expect(page.putAway.last).toBeNull();
});

test("key pressed again before the event has come takes off what it has put on", async () => {
  await app.tell({ event: "thread", thread: row() });
  const pressed = async (): Promise<unknown> => {
    await page.putAway.mark(page.store.threads, "starred", !page.store.threads[0]?.starred);
    return app.all("mark_threads").at(-1)?.on;
  };
  expect([await pressed(), await pressed(), await pressed()]).toEqual([true, false, true]);
});

test("event that came before the reply stands", async () => {
  await app.tell({ event: "thread", thread: row() });
  const reply = app.hold("mark_threads");
  const marking = page.putAway.mark(page.store.threads, "starred", true);
  await app.tell({ event: "thread", thread: { ...row(), starred: false, subject: "Taken off elsewhere" } });
  await reply.all();
  await marking;
  expect(page.store.threads.map(({ subject, starred }) => [subject, starred])).toEqual([["Taken off elsewhere", false]]);
});

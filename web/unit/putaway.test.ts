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

// Nudging: a page that is looked at does not wait for the pauses of the app.
import { expect, test, vi } from "vitest";

import type { Link } from "../src/lib/api";
import { App, pass, settle } from "./app";
import { openPage } from "./page";
import { account, state } from "./records";

const offline: Link = { state: "offline", error: "Nobody answers.", retry_at_ms: 0 };
const refused: Link = { state: "refused", error: "Another certificate.", seen: null, retry_at_ms: 0 };

/** Tells how the account stands, and answers so whoever asks. */
async function stands(app: App, link: Link): Promise<void> {
  app.on("state", () => state({ accounts: [account({ link })] }));
  await app.tell({ event: "account", account: account({ link }) });
}

test("service that is away is tried within five seconds as long as the page is looked at", async () => {
  const app = new App();
  await openPage();
  const seen = vi.spyOn(document, "visibilityState", "get").mockReturnValue("visible");
  const nudges = (): number => app.all("nudge").length;
  await pass(10_000);
  expect(nudges()).toBe(0);
  await stands(app, offline);
  await pass(2000);
  expect(nudges()).toBe(0);
  await pass(3000);
  expect(nudges()).toBeGreaterThan(0);
  // A stream in which nothing comes for longer is taken for lost.
  await pass(5000);
  await stands(app, offline);
  await pass(10_000);
  const tries = nudges();
  // In 20 seconds; each pause is between half and all of five.
  expect(tries).toBeGreaterThanOrEqual(3);
  expect(tries).toBeLessThanOrEqual(8);
  seen.mockReturnValue("hidden");
  await stands(app, offline);
  await pass(10_000);
  expect(nudges()).toBe(tries);
  seen.mockReturnValue("visible");
  document.dispatchEvent(new Event("visibilitychange"));
  await settle();
  expect(nudges()).toBe(tries + 1);
  await stands(app, account().link);
  await pass(10_000);
  expect(nudges()).toBe(tries + 1);
});

test("service that refuses is not asked again and again", async () => {
  const app = new App();
  await openPage();
  await stands(app, refused);
  await pass(10_000);
  expect(app.all("nudge")).toHaveLength(0);
});

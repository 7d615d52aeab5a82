// Steps that tests of writing share: a thread that is open, its reply, an app that answers late.
import type { Page } from "@playwright/test";

import { type Club, expect, introduce, type Member } from "./fixture";

/** Two members with one thread, open on the first one's page; its row number. */
export async function thread(club: Club, member: (name: string) => Promise<Member>): Promise<{ anna: Member; boris: Member; id: number }> {
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  const sent = (await boris.run("send", "--to", anna.alias, "--subject", "Plans", "Shall we?")) as { thread: number };
  expect(sent.thread).toBeGreaterThan(0);
  await anna.page.getByRole("link", { name: /Plans/ }).click();
  await expect(reply(anna.page)).toBeVisible();
  return { anna, boris, id: Number(new URL(anna.page.url()).hash.split("/").at(3)) };
}

export const reply = (page: Page) => page.locator("[data-key='reply']");
export const texts = (page: Page) => page.locator("[data-message] .prose");

/** The real app answers, only late. */
export async function late(page: Page, delay_ms: number): Promise<void> {
  await page.unroute("**/api/command");
  await page.route("**/api/command", async (route) => {
    await new Promise((done) => setTimeout(done, delay_ms));
    // The test may have gone on.
    await route.continue().catch(() => undefined);
  });
}

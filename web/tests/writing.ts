// Shared steps of tests of writing: an open thread, its reply box, an app whose replies are held back.
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
/** The texts of the messages, those of folded letters too. */
export const texts = (page: Page) => page.locator("[data-message] .prose, [data-folded] .text");

/** Keeps what a page asks of its app until it is let go; or until it is told that the app is away. */
export async function hold(page: Page): Promise<{ release: () => Promise<void>; fail: () => void }> {
  let settle: (answered: boolean) => void = () => undefined;
  const settled = new Promise<boolean>((done) => (settle = done));
  await page.route("**/api/command", async (route) => {
    const answered = await settled;
    // The page may have gone on.
    await (answered ? route.continue() : route.abort()).catch(() => undefined);
  });
  const release = async (): Promise<void> => {
    await page.unroute("**/api/command");
    settle(true);
  };
  return { release, fail: () => settle(false) };
}

// Joining: an error stands at the question that it is about, and an account that was made is gone to.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { Club, expect, test } from "./fixture";

const address = (page: Page) => page.getByLabel("Address", { exact: true });
const alias = (page: Page) => page.getByRole("textbox", { name: "Your alias" });

async function answers(page: Page, at: string, name: string): Promise<void> {
  await address(page).fill(at);
  await page.keyboard.press("Enter");
  await alias(page).fill(name);
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Name of this device")).toBeVisible();
  await page.keyboard.press("Enter");
}

test("errors of joining stand at their questions", async ({ club, member }) => {
  const ada = await (await member("Ada")).join(club);
  const eve = await member("Eve");
  const { page } = eve;
  // Elsewhere she is a member already, so the page is not left by itself.
  const data = await mkdtemp(join(tmpdir(), "tmtpd-join-"));
  const other = new Club(data, "Other Club");
  await other.start();
  await eve.join(other);
  await page.goto(`${eve.origin}/#/join`);
  const told = page.getByRole("alert");

  // No address, and one where nobody answers.
  await answers(page, "club example", eve.alias);
  await expect(told).toBeVisible();
  await expect(address(page)).toBeFocused();
  await expect(address(page)).toHaveValue("club example");
  await answers(page, "=127.0.0.1:1", eve.alias);
  await expect(told).toContainText("check the address");
  await expect(address(page)).toBeFocused();
  // An alias that none can have.
  await answers(page, club.address, "two  spaces within");
  await expect(told).toContainText("alias");
  await expect(alias(page)).toBeFocused();
  await expect(alias(page)).toHaveValue("two  spaces within");

  // A taken one: the account is there, and asks for another.
  await alias(page).fill(ada.alias);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  const pane = page.locator(".list-pane");
  await expect(pane).toContainText("the alias you asked for is taken");
  await pane.getByRole("textbox", { name: "Your alias" }).fill(eve.alias);
  await page.keyboard.press("Enter");
  await expect(pane).not.toContainText("the alias you asked for is taken");
  await expect(pane).toContainText(eve.alias);
  await other.stop();
  await rm(data, { recursive: true, force: true });
});

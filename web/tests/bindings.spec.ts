// Keys as a member changes them: in the settings, under `?`, in the palette, and on keyboards of other alphabets.
import type { Page } from "@playwright/test";

import { expect, test } from "./fixture";
import { thread } from "./writing";

const settings = (page: Page) => page.locator("section", { has: page.getByRole("heading", { name: "Keyboard" }) });
const keyOf = (page: Page, name: string) => settings(page).getByRole("button", { name: new RegExp(`^${name}: [^:]*(Change the key|Choose one)`) });

test("a key is changed by pressing another, is refused or swapped by name, and goes with a reset", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  const { page } = anna;
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await page.getByRole("button", { name: "Change keys" }).click();
  await expect(settings(page).getByRole("heading", { name: "Keyboard" })).toBeFocused();

  await test.step("what is free is taken, what the page needs is not", async () => {
    await keyOf(page, "Archive, or back to the inbox").click();
    const how = page.getByRole("status").filter({ hasText: /Press the new key|needed|is the key of/ });
    await expect(how).toHaveText("Press the new key. Esc keeps the present one.");
    await page.keyboard.press("Enter");
    await expect(how).toContainText("Enter is needed by every page");
    await page.keyboard.press("Control+c");
    await expect(how).toContainText("Ctrl+C is needed");
    await page.keyboard.press("Escape");
    await expect(how).toHaveCount(0);
    await expect(keyOf(page, "Archive, or back to the inbox")).toBeFocused();
    await page.keyboard.press("Enter");
    await page.keyboard.press("y");
    await expect(keyOf(page, "Archive, or back to the inbox")).toHaveAccessibleName(/: y\./);
    await expect(keyOf(page, "Archive, or back to the inbox")).toBeFocused();
  });

  await test.step("what another has is swapped, or not", async () => {
    await keyOf(page, "New letter").click();
    await page.keyboard.press("p");
    await expect(settings(page)).toContainText("p is the key of “New ping”.");
    await page.getByRole("button", { name: "Swap the two" }).click();
    await expect(keyOf(page, "New letter")).toHaveAccessibleName(/: p\./);
    await expect(keyOf(page, "New ping")).toHaveAccessibleName(/: c\./);
    // Two keys, one after the other; and none.
    await keyOf(page, "Settings").click();
    await page.keyboard.press("g");
    await page.keyboard.press("o");
    await expect(keyOf(page, "Settings")).toHaveAccessibleName(/: g o\./);
    await keyOf(page, "Star").click();
    await page.getByRole("button", { name: "No key", exact: true }).click();
    await expect(keyOf(page, "Star")).toHaveText("None");
    // Leaving is no choice.
    await keyOf(page, "Mute").click();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await expect(keyOf(page, "Mute")).toHaveText("m");
  });

  await test.step("they hold where they are told and pressed, after a reload too", async () => {
    await page.reload();
    await page.getByRole("link", { name: /Test Club/ }).first().click();
    await page.keyboard.press("?");
    const help = page.getByRole("dialog", { name: "Keyboard" });
    await expect(help.locator("dt", { hasText: "y" }).first()).toBeVisible();
    await expect(help).not.toContainText("Star");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("new letter");
    await expect(page.getByRole("dialog").getByRole("option").first()).toContainText("p");
    await page.keyboard.press("Escape");
    await page.keyboard.press("c");
    await expect(page.getByLabel("Their alias")).toBeFocused();
    await page.keyboard.press("Escape");
    // By its place, where Cyrillic is written.
    await page.evaluate(() => document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key: "з", code: "KeyP", bubbles: true, cancelable: true })));
    await expect(page.getByRole("combobox", { name: "To" })).toBeFocused();
    await page.keyboard.press("Escape");
    await page.keyboard.press("g");
    await page.keyboard.press("l");
    const row = page.locator("[data-row]").first();
    await row.focus();
    await page.keyboard.press("e");
    await expect(row).toBeVisible();
    await expect(row.locator("xpath=..").getByRole("button", { name: "Archive" })).toHaveAttribute("title", "Archive (y)");
    await page.keyboard.press("y");
    await expect(page.locator("[data-row]")).toHaveCount(0);
  });

  await test.step("one goes back, then all", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("o");
    await settings(page).getByRole("button", { name: "Archive, or back to the inbox: Back to e" }).click();
    await expect(keyOf(page, "Archive, or back to the inbox")).toHaveText("e");
    await settings(page).getByRole("button", { name: "All keys as they came" }).click();
    await expect(settings(page).getByRole("heading", { name: "Keyboard" })).toBeFocused();
    await expect(keyOf(page, "New letter")).toHaveText("c");
    await expect(settings(page).getByRole("button", { name: /: Back to|All keys as/ })).toHaveCount(0);
    expect(await page.evaluate(() => localStorage.getItem("mnm.bindings"))).toBe("{}");
  });
});

// The palette does anything: lists, dialogs, the account's own things and settings, by the words people have for them.
import type { Page } from "@playwright/test";

import { expect, introduce, test } from "./fixture";

const palette = (page: Page) => page.getByRole("dialog", { name: "Go to, or do, anything" });

async function take(page: Page, words: string): Promise<void> {
  await page.keyboard.press("Control+k");
  await palette(page).getByRole("combobox").fill(words);
  await expect(palette(page).getByRole("option").first()).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(palette(page)).toHaveCount(0);
}

test("what people look for is found by their own words", async ({ club, member }) => {
  const ada = await (await member("Ada", { permissions: ["clipboard-read", "clipboard-write"] })).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(ada, boris);
  await boris.write(ada.alias, `All about ${"the gardens and streets of a town at sea, its devices and keys, ".repeat(3)}`.slice(0, 200), "Long.");
  const { page } = ada;
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.locator("[data-row]").click();
  await expect(page.locator(".prose")).toHaveText("Long.");
  const list = page.locator(".view-line");

  for (const words of ["paper", "pdf"]) {
    await page.keyboard.press("Control+k");
    await palette(page).getByRole("combobox").fill(words);
    await expect(palette(page).getByRole("option").first()).toContainText("Print");
    await page.keyboard.press("Escape");
  }

  await take(page, "tags");
  const tags = page.getByRole("dialog", { name: "Tags" });
  await expect(tags).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(tags).toHaveCount(0);

  await take(page, "empty");
  await expect(page.getByRole("dialog", { name: "Empty the trash?" })).toBeVisible();
  await page.keyboard.press("Escape");

  for (const [words, name] of [["trash", "Trash"], ["starred", "Starred"], ["archive", "Archive"], ["unread", "Unread"], ["bin", "Trash"]] as const) {
    await take(page, words);
    await expect(list).toContainText(name);
  }
  await take(page, "inbox");
  await expect(list).toHaveCount(0);

  await take(page, "alias");
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(ada.alias);
  await take(page, "reconnect");
  await expect(page.locator("[aria-live]", { hasText: "Reconnecting" })).toHaveCount(1);
  await take(page, "device");
  await expect(page.getByLabel("Name of the new device")).toBeFocused();
  await take(page, "keys");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
  await page.keyboard.press("Escape");
  await take(page, "notifications");
  await expect(page.getByRole("heading", { name: "Notices" })).toBeFocused();
  // From one section to the other.
  await take(page, "appearance");
  await expect(page.getByRole("heading", { name: "Look" })).toBeFocused();

  await ada.command("save_search", { account: 1, name: "Seaside", words: "town sea" });
  await expect(async () => {
    await take(page, "seaside");
    await expect(page.getByRole("searchbox")).toHaveValue("town sea", { timeout: 1000 });
  }).toPass();
});

test("what is typed before the palette is loaded is no command", async ({ club, member }) => {
  const ada = await (await member("Ada")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(ada, boris);
  await boris.write(ada.alias, "Regatta", "On Sunday.");
  const { page } = ada;
  await page.locator("[data-row]").click();
  await expect(page.locator(".prose")).toHaveText("On Sunday.");

  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/later-*.js", async (route) => {
    await released;
    await route.continue();
  });
  await page.reload();
  await expect(page.locator(".prose")).toHaveText("On Sunday.");
  // Given up before it was there.
  await page.keyboard.press("Control+k");
  await page.keyboard.type("se");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("se");
  await page.keyboard.press("Control+k");
  // `e` would archive the thread, `#` delete it, `c` begin a letter.
  await page.keyboard.press("Control+k");
  await page.keyboard.type("e#c");
  for (let n = 0; n < 3; n += 1) await page.keyboard.press("Backspace");
  await page.keyboard.type("sec");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Enter");
  await expect(palette(page)).toHaveCount(0);
  release();
  const field = palette(page).getByRole("combobox");
  await expect(field).toHaveValue("se");
  await expect(field).toBeFocused();
  await page.keyboard.type("ttings");
  await expect(field).toHaveValue("settings");
  await expect(palette(page).getByRole("option").first()).toContainText("Settings");
  await page.keyboard.press("Escape");
  await expect(page.locator("[data-row]")).toHaveCount(1);
  await expect(page.locator(".prose")).toHaveText("On Sunday.");
});

// The service dies and comes back: what the page says meanwhile, and that nothing is lost.
import { expect, introduce, test } from "./fixture";

test("a letter written during an outage is queued, can be undone, and leaves afterwards", async ({ club, member }) => {
  test.setTimeout(120_000);
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  const { page } = anna;

  await club.kill();
  await expect(page.locator(".list-pane .state", { hasText: "Offline" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Reconnect" }).first()).toBeVisible();

  await page.keyboard.press("c");
  await page.getByRole("combobox", { name: "To" }).fill(boris.alias);
  await page.getByRole("combobox", { name: "To" }).press("Enter");
  await page.getByLabel("Subject").fill("Written in the dark");
  await page.getByRole("textbox", { name: "Letter" }).fill("Is anybody there?");
  await page.keyboard.press("Control+Enter");
  await expect(page.locator("article [data-state=queued]")).toBeVisible();
  // Why it waits is told once, by the note about the connection.
  await expect(page.locator("article .note")).toHaveCount(0);

  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("textbox", { name: "Letter" })).toHaveValue("Is anybody there?");
  await page.getByRole("textbox", { name: "Letter" }).fill("Is anybody there now?");
  await page.keyboard.press("Control+Enter");
  await expect(page.locator("article [data-state=queued]")).toBeVisible();

  await club.start();
  const reconnect = page.getByRole("button", { name: "Reconnect" }).first();
  await expect(async () => {
    // The app tries by itself as well, and may take the button away first.
    if (await reconnect.isVisible()) await reconnect.click({ timeout: 1_000 });
    await expect(page.locator(".list-pane .state", { hasText: "Connected" })).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 40_000 });
  await expect(page.locator("article [data-state=sent]")).toBeVisible();

  await boris.page.getByRole("link", { name: /Written in the dark/ }).click({ timeout: 60_000 });
  await expect(boris.page.locator(".prose")).toHaveText(/Is anybody there now\?/);
  await expect(boris.page.locator("[data-message]")).toHaveCount(1);
});

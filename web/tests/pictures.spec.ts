// Pictures of a message: a click shows one large, arrows go to the next, Esc closes; a file's name stands once.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, introduce, test } from "./fixture";
import { png } from "./picture";

test("pictures open large, in the text as below it", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  const files = ["plan.png", "wide.png", "tall.png"].map((name) => join(boris.home, name)) as [string, string, string];
  for (const [n, [width, height]] of ([[1200, 900], [4000, 400], [20, 900]] as const).entries()) await writeFile(files[n] ?? "", png(width, height, height));
  const notes = join(boris.home, "notes.txt");
  await writeFile(notes, "notes");
  await boris.run("send", "--to", anna.alias, "--subject", "Views", ...files.flatMap((file) => ["--attach", file]), "--attach", notes, "See ![the plan](this_u:plan.png) here");
  const { page } = anna;
  await page.setViewportSize({ width: 1000, height: 700 });
  await page.getByRole("link", { name: /Views/ }).click();
  const message = page.locator("[data-message]");
  await expect(message.locator("img")).toHaveCount(3);
  // What is shown needs no second sign.
  await expect(message.getByRole("list", { name: "Files" }).getByRole("listitem")).toHaveCount(1);
  await expect(message.getByRole("link", { name: /Save .notes.txt/ })).toHaveCount(1);

  // The bytes come when the test lets them: the place is there before.
  let release = (): void => {};
  const held = new Promise<void>((go) => (release = go));
  await message.getByRole("img", { name: "wide.png" }).scrollIntoViewIfNeeded();
  await page.route(/\/api\/attachments\/\d+\?inline=1/, async (route) => {
    await held;
    await route.continue();
  });
  await message.getByRole("button").filter({ has: page.getByRole("img", { name: "the plan" }) }).click();
  const large = page.getByRole("dialog");
  const picture = large.getByRole("img");
  const size = async (): Promise<number[]> => Object.values((await picture.boundingBox()) ?? {}).map(Math.round).slice(2);
  // Once it has grown to its size.
  await large.evaluate((dialog) => Promise.all(dialog.getAnimations().map((growing) => growing.finished)));
  const plan = await size();
  expect((plan[0] ?? 0) / (plan[1] ?? 1)).toBeCloseTo(4 / 3, 1);
  expect(plan[1]).toBeGreaterThan(500);
  release();
  await expect.poll(() => picture.evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth)).toBe(1200);
  expect(await size()).toEqual(plan);

  await expect(large).toContainText("1 of 3");
  await page.keyboard.press("ArrowRight");
  await expect(large).toContainText("2 of 3");
  await expect(picture).toHaveAttribute("alt", /wide.png/);
  const wide = await size();
  expect((wide[0] ?? 0) / (wide[1] ?? 1)).toBeCloseTo(10, 0);
  expect(wide[0]).toBeLessThanOrEqual(1000);
  await page.keyboard.press("ArrowRight");
  // Not larger than it is.
  expect((await size())[0]).toBeLessThanOrEqual(20);
  await page.keyboard.press("ArrowRight");
  await expect(large).toContainText("1 of 3");
  await page.keyboard.press("ArrowLeft");
  await expect(large).toContainText("3 of 3");
  const saved = page.waitForEvent("download");
  await large.getByRole("link", { name: /Save/ }).click();
  expect((await saved).suggestedFilename()).toBe("tall.png");
  await page.keyboard.press("Escape");
  await expect(large).toHaveCount(0);
  // One below the text, by the keyboard, on a phone too.
  await page.setViewportSize({ width: 390, height: 700 });
  const below = message.getByRole("button").filter({ has: page.getByRole("img", { name: "wide.png" }) });
  await below.focus();
  await page.keyboard.press("Enter");
  await expect(large).toContainText("2 of 3");
  expect((await size())[0]).toBeLessThanOrEqual(390);
  await page.keyboard.press("Escape");
  await expect(below).toBeFocused();
});

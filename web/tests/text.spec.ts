// The text of a letter on screen: its own pictures and files where it refers to them, and never more than a
// page can bear.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, introduce, test } from "./fixture";
import { png } from "./picture";

const TEXT = `Here ![the *plan*](this_u:plan.png) it is, [all of it](<this_u:whole plan.bin>).

![too large](this_u:points.png) ![again](this_u:plan.png)

![gone](this_u:gone.png) [up](this_u:../plan.png) ![x](<this_u:" onerror="alert(1)>) [js](this_u:javascript:alert(1))
![path](/api/attachments/1) ![out](https://tracker.example/x.png)

:::
first
:::>

${"![n](this_u:plan.png) [m](this_u:plan.png)\n".repeat(1000)}`;

test("text shows and links the attachments of its own letter only", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(boris, anna);
  const [plan, whole, points] = ["plan.png", "whole plan.bin", "points.png"].map((name) => join(boris.home, name)) as [string, string, string];
  await writeFile(plan, png(1200, 900, 900));
  await writeFile(whole, "the whole plan");
  await writeFile(points, png(20_000, 20_000, 40));
  await boris.run("send", "--to", anna.alias, "--subject", "Plans", "--attach", plan, "--attach", whole, "--attach", points, TEXT);
  const thread = ((await boris.run("inbox")) as { id: number }[])[0]?.id ?? 0;
  await boris.run("reply", String(thread), "another ![the plan](this_u:plan.png)");
  await expect.poll(() => anna.unread()).toBe(2);

  const { page } = anna;
  await page.getByRole("link", { name: /Plans/ }).click();
  const body = page.locator(".prose", { hasText: "Here" });

  await test.step("the picture stands in the text, once, at its place", async () => {
    await expect(body.locator("img")).toHaveCount(1);
    const picture = body.getByRole("img", { name: "the plan" });
    await picture.scrollIntoViewIfNeeded();
    await expect.poll(() => picture.evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth)).toBe(1200);
    await expect(page.locator("[data-message] img")).toHaveCount(1);
    await expect(body.locator("p").first()).toHaveText("Here  it is, all of it.");
  });

  await test.step("files are links that save them", async () => {
    for (const [text, name] of [["all of it", "whole plan.bin"], ["too large", "points.png"], ["again", "plan.png"]] as const) {
      const download = page.waitForEvent("download");
      await body.getByRole("link", { name: text, exact: true }).click();
      expect((await download).suggestedFilename()).toBe(name);
    }
    await expect(page.getByRole("dialog")).toHaveCount(0);
  });

  await test.step("what is not attached stays text, and slides have lines", async () => {
    await expect(body).toContainText("gone (gone.png) up (../plan.png) x (\" onerror=\"alert(1)) js (javascript:alert(1))");
    await expect(page.locator(".prose", { hasText: "another" })).toHaveText("another the plan (plan.png)");
    await expect(body.locator("hr")).toHaveCount(2);
    await expect(body.locator("[onerror]")).toHaveCount(0);
  });

  await test.step("as chat and in what is being written too", async () => {
    await page.keyboard.press("v");
    await expect(body.locator("img")).toHaveCount(1);
    await page.keyboard.press("v");
    await page.keyboard.press("r");
    await page.locator("input[type=file]").setInputFiles(plan);
    await page.getByRole("textbox", { name: "Reply" }).fill("mine ![own](this_u:plan.png)");
    await page.getByRole("button", { name: "Preview" }).click();
    await expect(page.getByRole("region", { name: "Preview" }).getByRole("img", { name: "own" })).toBeVisible();
  });

  await test.step("nothing was asked for but the files of the letters", () => {
    const asked = anna.requests.map((url) => new URL(url)).filter((url) => /png|bin|attachments/.test(url.pathname));
    expect(asked.length).toBeGreaterThan(0);
    for (const { pathname } of asked) expect(pathname).toMatch(/^\/api\/(attachments\/\d+|drafts\/\d+\/attachments)$/);
  });
});

test("letter with very many blocks shows its beginning, and all of it on demand", async ({ club, member }) => {
  const BLOCKS = 25_000;
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(boris, anna);
  await boris.write(anna.alias, "Blocks", Array.from({ length: BLOCKS }, (_, n) => (n === 50 ? `b${n}${"\u0301".repeat(20_000)}` : `b${n}`)).join("\n\n"));
  await expect.poll(() => anna.unread()).toBe(1);

  const { page } = anna;
  await page.getByRole("link", { name: /Blocks/ }).click();
  const letter = page.locator("[data-message]");
  const whole = letter.getByRole("button", { name: "Show all of this message" });
  await expect(whole).toBeVisible();
  await expect(letter.locator(".prose > p").first()).toHaveText("b0");
  const blocks = await letter.locator(".prose *").count();
  expect(blocks).toBeGreaterThan(1000);
  expect(blocks).toBeLessThanOrEqual(15_000);

  await whole.click();
  await expect(whole).toHaveCount(0);
  const text = await letter.locator(".whole").textContent();
  expect(text?.split(/\s+/).length).toBe(BLOCKS);
  expect(text?.endsWith(`b${BLOCKS - 1}`)).toBe(true);
  // Drawing thousands of accents on one character takes minutes.
  expect(text?.match(/\u0301/g)).toHaveLength(30);
  expect(await letter.locator("*").count()).toBeLessThan(100);
});

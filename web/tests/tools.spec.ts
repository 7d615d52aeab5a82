// Tools: what can be done with a message, the format bar, emoji.
import { expect, test } from "./fixture";
import { reply, thread } from "./writing";

test("a message is answered with a quote, copied, linked to and forwarded from where it stands", async ({ club, member }) => {
  const { anna, boris, id } = await thread(club, (name) => member(name, { permissions: ["clipboard-read", "clipboard-write"] }));
  const { page } = anna;
  await boris.write("", "", "First line.\n\nSecond *line*.", id);
  const letter = page.locator("[data-message]", { hasText: "First line." }).first();
  const bar = page.getByRole("toolbar", { name: "What to do with this message" });
  await page.mouse.move(1, 1);
  await expect(bar).toHaveCount(0);
  await letter.hover();
  await expect(bar.getByRole("button")).toHaveCount(2);
  for (const button of await bar.getByRole("button").all()) expect(Object.values((await button.boundingBox()) ?? {}).slice(2)).toEqual([28, 28]);

  await bar.getByRole("button", { name: "Reply with a quote" }).click();
  await expect(reply(page)).toBeFocused();
  await expect(reply(page)).toHaveValue("> First line.\n>\n> Second *line*.\n\n");
  await page.keyboard.type("Yes.");
  await page.keyboard.press("Control+Enter");
  await page.keyboard.press("Control+Enter");
  await expect(page.locator("[data-message] blockquote")).toContainText("Second line.");

  const menu = page.getByRole("menu", { name: "More for this message" });
  const more = async (item: string): Promise<void> => {
    await letter.hover();
    await bar.getByRole("button", { name: "More for this message" }).click();
    await menu.getByRole("menuitem", { name: item }).click();
    await expect(page.locator("dialog.menu")).toHaveCount(0);
  };
  await more("Copy the text");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("First line.\n\nSecond *line*.");
  await more("Copy a link to it");
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await page.goto(link);
  await expect(letter).toBeFocused();
  // With the focus the buttons are there for the keyboard, too.
  await page.mouse.move(1, 1);
  await expect(bar).toHaveCount(1);
  await page.keyboard.press("Tab");
  await expect(bar.getByRole("button").first()).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(menu.getByRole("menuitem").first()).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(menu.getByRole("menuitem").last()).toBeFocused();
  // All of it is on screen, though the last letter stands at the foot.
  for (const item of await menu.getByRole("menuitem").all()) await expect(item).toBeInViewport({ ratio: 1 });
  await page.keyboard.press("Escape");
  await expect(page.locator("dialog.menu")).toHaveCount(0);
  await expect(bar.getByRole("button", { name: "More for this message" })).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "Forward this thread" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(bar.getByRole("button", { name: "More for this message" })).toBeFocused();

  // On a phone it is a sheet at the foot, with room for fingers.
  await page.setViewportSize({ width: 390, height: 844 });
  await page.keyboard.press("Enter");
  // Once it has come up.
  await expect.poll(async () => {
    const sheet = (await page.locator("dialog.menu").boundingBox())!;
    return [sheet.x, sheet.width, sheet.y + sheet.height];
  }).toEqual([0, 390, 844]);
  for (const item of await menu.getByRole("menuitem").all()) expect((await item.boundingBox())!.height).toBe(44);
});

test("text is formatted by a bar and by keys, and every step can be undone", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  const { page } = anna;
  const bar = page.getByRole("toolbar", { name: "Format" });
  await expect(bar).toHaveCount(0);
  await reply(page).focus();
  expect((await bar.boundingBox())?.height).toBe(32);
  await page.keyboard.type("a word");
  await page.keyboard.press("Control+Shift+ArrowLeft");
  await page.keyboard.press("Control+b");
  await expect(reply(page)).toHaveValue("a **word**");
  await page.keyboard.press("Control+z");
  await expect(reply(page)).toHaveValue("a word");
  await page.keyboard.press("Control+Shift+z");
  await expect(reply(page)).toHaveValue("a **word**");
  await page.keyboard.press("Control+i");
  await expect(reply(page)).toHaveValue("a **_word_**");
  await bar.getByRole("button", { name: "List" }).click();
  await expect(reply(page)).toBeFocused();
  await expect(reply(page)).toHaveValue("- a **_word_**");
  for (let n = 0; n < 4; n += 1) await page.keyboard.press("Control+z");
  await expect(reply(page)).toHaveValue("");
  // A selection becomes a link by the key that is the palette's otherwise.
  await page.keyboard.type("here");
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("https://example.org");
  await expect(reply(page)).toHaveValue("[here](https://example.org)");
  await page.keyboard.press("Control+End");
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog", { name: "Go to, or do, anything" })).toBeVisible();
  await page.keyboard.press("Escape");
  // What is formatted is what is saved.
  await page.reload();
  await expect(reply(page)).toHaveValue("[here](https://example.org)");

  // In chat only while something is selected.
  await page.getByRole("button", { name: "Chat" }).click();
  await reply(page).focus();
  await page.keyboard.press("End");
  await expect(bar).toHaveCount(0);
  await page.keyboard.press("Control+a");
  await expect(bar).toBeVisible();
});

test("emoji come by their names between colons, and from a picker", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  const { page } = anna;
  await page.getByRole("button", { name: "Chat" }).click();
  await reply(page).focus();
  await page.keyboard.type("Done :tad");
  await expect(page.getByRole("main").getByRole("option").first()).toContainText("tada");
  // Enter takes it, and does not send.
  await page.keyboard.press("Enter");
  await expect(reply(page)).toHaveValue("Done 🎉 ");
  await page.keyboard.type(":smile: at 10:30: ok");
  await expect(reply(page)).toHaveValue("Done 🎉 😄 at 10:30: ok");
  await page.getByRole("button", { name: "Emoji" }).click();
  const picker = page.getByRole("dialog", { name: "Emoji" });
  await expect(picker.getByRole("searchbox")).toBeFocused();
  await page.keyboard.type("green");
  await expect(picker.getByRole("button")).toHaveText(["🟢", "💚"]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(picker).toHaveCount(0);
  await expect(reply(page)).toBeFocused();
  await expect(reply(page)).toHaveValue("Done 🎉 😄 at 10:30: ok🟢");
  await page.keyboard.press("Enter");
  await expect(page.locator("[data-message] .prose").last()).toHaveText("Done 🎉 😄 at 10:30: ok🟢");
});

// Input: IME composition, names with commas, keyboard layouts, dropped files; and printing.
import type { Locator, Page } from "@playwright/test";

import { expect, introduce, test } from "./fixture";

/** A key as a keyboard of another layout sends it. */
async function key(page: Page, init: { key: string; code: string; shiftKey?: boolean }): Promise<void> {
  await page.evaluate((made) => document.body.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...made })), init);
}

/** The colour that an element is painted in, as an angle. */
const hue = (what: Locator, name: string): Promise<string> =>
  what.first().evaluate((element, property) => getComputedStyle(element).getPropertyValue(property).trim(), name);

test("names with commas stay whole, and IME composition keeps its keys", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const miller = await (await member("Miller, Jo Ann")).join(club);
  await introduce(anna, miller);
  const { page } = anna;
  const chips = page.locator(".chip bdi");
  const to = page.getByRole("combobox", { name: "To" });
  // Whoever is pinged by name is of one colour with whom the address book knows.
  await page.getByRole("link", { name: /^Pings/ }).click();
  const pinged = await hue(page.locator("[data-row]", { hasText: `To ${miller.alias}` }).locator(".avatar"), "--own");
  await page.getByRole("link", { name: /^People/ }).click();
  expect(await hue(page.getByRole("link", { name: miller.alias }).locator(".avatar"), "--own")).toBe(pinged);
  await page.keyboard.press("c");

  await to.fill(`${miller.alias.toLowerCase()}, Somebody Else, Third`);
  await expect(chips).toHaveText([miller.alias, "Somebody Else"]);
  await expect(to).toHaveValue("Third");
  await to.fill("");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Backspace");
  await expect(chips).toHaveCount(0);
  await to.pressSequentially("Miller, J");
  await expect(chips).toHaveCount(0);
  await to.fill(miller.alias);
  await to.blur();
  await expect(chips).toHaveText([miller.alias]);

  const session = await page.context().newCDPSession(page);
  await to.focus();
  await session.send("Input.imeSetComposition", { text: "tanaka", selectionStart: 6, selectionEnd: 6 });
  await to.evaluate((field) => field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, keyCode: 229, bubbles: true, cancelable: true })));
  // As Safari sends it.
  await to.evaluate((field) => field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true, cancelable: true })));
  await expect(chips).toHaveCount(1);
  await expect(to).toHaveValue("tanaka");
  await session.send("Input.insertText", { text: "田中、太郎" });
  await expect(to).toHaveValue("田中、太郎");
  await expect(chips).toHaveCount(1);
});

test("shortcuts follow the key's position on other keyboard layouts", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const { page } = anna;
  const searching = (): Promise<boolean> => page.evaluate(() => document.activeElement?.getAttribute("data-key") === "search");
  await expect(page.getByText("No letters yet")).toBeVisible();
  // Russian, Greek, Hebrew, Arabic, and Caps Lock.
  for (const [typed, code] of [["з", "KeyP"], ["π", "KeyP"], ["פ", "KeyP"], ["ح", "KeyP"], ["P", "KeyP"]]) {
    await key(page, { key: typed ?? "", code: code ?? "" });
    await expect(page.getByLabel("Their alias")).toBeVisible();
    await page.getByLabel("Their alias").blur();
    await key(page, { key: "п", code: "KeyG" });
    await key(page, { key: "в", code: "KeyD" });
    await expect(page.getByText("No drafts")).toBeVisible();
  }
  await key(page, { key: ".", code: "Slash" });
  expect(await searching()).toBe(true);
  await page.keyboard.press("Escape");
  await key(page, { key: ",", code: "Slash", shiftKey: true });
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
  await expect(page.getByRole("dialog").getByRole("heading", { name: "Keyboard" })).toBeInViewport();
  // What lies over the page is of the same place.
  expect(await hue(page.locator("dialog[open]"), "--hue")).toBe(await hue(page.locator(".rail a[aria-current]"), "--hue"));
  await page.keyboard.press("Escape");
  // Letters that a layout has in another place are what they say, and so is the third level.
  await key(page, { key: "-", code: "Slash" });
  expect(await searching()).toBe(false);
  await key(page, { key: "c", code: "KeyP" });
  await expect(page.getByRole("combobox", { name: "To" })).toBeVisible();
});

test("files dropped on the messages go to the reply, and attachments of a long letter are visible", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  await boris.write(anna.alias, "Drop here", "some text");
  const { page } = anna;
  await page.getByRole("link", { name: /Drop here/ }).click();
  const files = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(["dropped"], "dropped.txt"));
    return data;
  });
  for (const kind of ["dragenter", "dragover", "drop"]) await page.locator(".prose").dispatchEvent(kind, { dataTransfer: files });
  await expect(page.getByRole("button", { name: /Take .dropped.txt. out/ })).toHaveCount(1);
  await expect(page.getByRole("link", { name: /Drop here/ }).getByText("Draft")).toBeVisible();

  await page.locator("body").press("Escape");
  await page.keyboard.press("c");
  await page.getByRole("textbox", { name: "Letter" }).fill(Array.from({ length: 60 }, (_, n) => `line ${n}`).join("\n"));
  await page.locator("input[type=file]").setInputFiles({ name: "kept.txt", mimeType: "text/plain", buffer: Buffer.from("kept") });
  const kept = page.getByRole("button", { name: /Take .kept.txt. out/ });
  await expect(kept).toBeVisible();
  expect((await page.locator(".tray").boundingBox())?.height).toBeGreaterThan(20);
});

test("printed letter is whole, with author, time and subject, and without the lists", async ({ club, member }) => {
  // The words are English, and so is the date, whatever the browser speaks.
  const anna = await (await member("Anna", { locale: "de-DE" })).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  await boris.write(anna.alias, "To be printed", Array.from({ length: 120 }, (_, n) => `paragraph ${n}`).join("\n\n"));
  const { page } = anna;
  await page.getByRole("link", { name: /To be printed/ }).click();
  await expect(page.getByText("paragraph 0", { exact: true })).toBeVisible();
  const pdf = (await page.pdf({ format: "A4" })).toString("latin1");
  expect(pdf.match(/\/Type\s*\/Page\b/g)?.length).toBeGreaterThan(2);
  await page.emulateMedia({ media: "print" });
  await expect(page.getByRole("heading", { name: "To be printed" })).toBeVisible();
  await expect(page.getByText(new RegExp(`${new Date().getFullYear()} at`)).first()).toBeVisible();
  await expect(page.locator("[data-message]").getByText(boris.alias).first()).toBeVisible();
  for (const gone of [".list-pane", ".rail", ".reply", "[data-key=look]"]) await expect(page.locator(gone)).toBeHidden();
  expect(await page.getByRole("log").evaluate((e) => e.scrollHeight - e.clientHeight)).toBe(0);

  // Where the system chooses the colours, what is chosen is told by a line around it.
  await page.emulateMedia({ media: "screen", forcedColors: "active" });
  for (const chosen of await page.locator("a[aria-current]").all()) await expect(chosen).toHaveCSS("outline-style", "solid");
});

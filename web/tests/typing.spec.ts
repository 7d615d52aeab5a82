// Typed text in forms: it comes into a field however one came to the form, and no letter of it is taken for a command.
import type { Page } from "@playwright/test";

import { expect, introduce, test } from "./fixture";
import { reply, texts, thread } from "./writing";

const to = (page: Page) => page.getByLabel("Their alias");

test("who has come to a form by the mouse, by its address or at the first start types into its first field", async ({ club, member }) => {
  const fresh = (await member("Fresh")).page;
  const address = fresh.getByLabel("Address");
  await expect(address).toBeFocused();
  await fresh.keyboard.type("mcp");
  await expect(address).toHaveValue("mcp");

  const ada = await (await member("Ada")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(ada, boris);
  const { page } = ada;
  for (const list of ["Pings", "People"]) {
    await page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name: list }).click();
    await page.getByRole("link", { name: "New ping" }).click();
    await expect(page.getByRole("heading", { name: "Knock at a door" })).toBeVisible();
    await expect(to(page)).toBeFocused();
    await page.keyboard.type("Martin");
    await expect(to(page)).toHaveValue("Martin");
    await page.goBack();
  }
  await page.goto(`${ada.origin}/#/1/pings/new`);
  await page.reload();
  await expect(to(page)).toBeFocused();
  await page.keyboard.type("Martin");
  // The link to the form that is open leads into it again.
  await page.getByRole("link", { name: "New ping" }).click();
  await page.keyboard.type("c");
  await expect(page.getByRole("heading", { name: "Knock at a door" })).toBeVisible();
  await expect(to(page)).toHaveValue("Martin");
  await page.getByRole("link", { name: "Join a service" }).click();
  await expect(page.getByLabel("Address")).toBeFocused();
  await page.keyboard.type("mcp");
  await expect(page.getByLabel("Address")).toHaveValue("mcp");
});

test("the Tab key goes from the subject to the text, then once to the format bar; letters typed on buttons are no commands", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  const { page } = anna;
  await page.keyboard.press("c");
  await page.getByLabel("Subject").fill("Plans");
  await page.keyboard.press("Tab");
  const text = page.getByRole("textbox", { name: "Letter" });
  await expect(text).toBeFocused();
  const bar = page.getByRole("toolbar", { name: "Format" });
  await page.keyboard.press("Tab");
  await expect(bar.getByRole("button", { name: "Bold" })).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect(bar.getByRole("button", { name: "Italic" })).toBeFocused();
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowRight");
  await expect(bar.getByRole("button", { name: "Bold" })).toBeFocused();
  await page.keyboard.type("pmj#c?");
  await expect(bar.getByRole("button", { name: "Bold" })).toBeFocused();
  await expect(page.getByLabel("Subject")).toHaveValue("Plans");
  await page.keyboard.press("Escape");
  await expect(text).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Send", exact: true })).toBeFocused();
  await page.keyboard.type("gp");
  await expect(page.getByLabel("Subject")).toHaveValue("Plans");

  // The reply's bar is come to by the Tab key as well.
  await page.getByRole("link", { name: /Plans/ }).first().click();
  await page.keyboard.press("r");
  await expect(reply(page)).toBeFocused();
  for (let n = 0; n < 3; n += 1) await page.keyboard.press("Tab");
  await expect(bar.getByRole("button", { name: "Bold" })).toBeFocused();
  await page.keyboard.type("cv");
  await page.keyboard.press("Escape");
  await expect(reply(page)).toBeFocused();
  await expect(page.locator(".messages.letters")).toBeVisible();
});

test("right after a letter is sent its key takes it back from the empty reply, and Ctrl+Z while it waits", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  const { page } = anna;
  const held = page.locator("article [data-state=held]");
  await page.evaluate(() => localStorage.setItem("mnm.undo", "30"));
  await page.reload();
  const send = async (): Promise<void> => {
    await page.keyboard.press("Control+Enter");
    await expect(held).toBeVisible();
    await expect(reply(page)).toBeFocused();
    await expect(reply(page)).toHaveValue("");
  };
  const isBack = async (): Promise<void> => {
    await expect(reply(page)).toHaveValue("Think again");
    await expect(reply(page)).toBeFocused();
    await expect(held).toHaveCount(0);
  };
  await reply(page).fill("Think again");
  await send();
  await page.keyboard.press("Control+z");
  await isBack();
  await send();
  await expect(page.getByRole("button", { name: "Undo" }).locator("kbd")).toHaveText("z");
  await page.keyboard.press("z");
  await isBack();
  await send();
  // What has been begun is the next letter.
  await page.keyboard.type("az");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("z");
  await expect(reply(page)).toHaveValue("z");
  await expect(held).toHaveCount(1);
});

test("page keys in an empty reply page through the thread", async ({ club, member }) => {
  const { anna, boris, id } = await thread(club, member);
  const { page } = anna;
  const [mirror] = (await boris.command<{ id: number }[]>("threads", {})).map((row) => row.id);
  for (let n = 0; n < 6; n += 1) await boris.write("", "", `Part ${n}.\n\n${"More of it.\n\n".repeat(20)}`, mirror);
  expect(id).toBeGreaterThan(0);
  await page.keyboard.press("v");
  await expect(texts(page)).toHaveCount(7);
  await page.keyboard.press("r");
  await expect(reply(page)).toBeFocused();
  const top = (): Promise<number> => page.locator("main .scroller").evaluate((element) => element.scrollTop);
  await page.locator("main .scroller").evaluate((element) => element.scrollTo(0, 0));
  const before = await top();
  await page.keyboard.press("PageDown");
  await expect.poll(top).toBeGreaterThan(before + 100);
  const below = await top();
  await page.keyboard.press("PageUp");
  await expect.poll(top).toBeLessThan(below - 100);
  await expect(reply(page)).toBeFocused();
  // With a text they are the field's.
  await page.keyboard.type("A text");
  const then = await top();
  await page.keyboard.press("PageDown");
  await page.keyboard.press("x");
  await expect(reply(page)).toHaveValue(/x/);
  expect(await top()).toBe(then);
});

// Keyboard: the palette, moving among rows, threads and panes, search in a thread, and where the focus goes.
import { gzipSync } from "node:zlib";

import type { Page } from "@playwright/test";

import { expect, test } from "./fixture";
import { threads } from "./measure";
import { reply } from "./writing";

/** The row of a thread. */
const row = (page: Page, subject: string) => page.locator("[data-row]", { hasText: subject });
const scroller = (page: Page) => page.locator("main .scroller");
const palette = (page: Page) => page.getByRole("dialog", { name: "Go to, or do, anything" });

test("palette goes to threads, people, pages and services, and does what can be done, by a few letters", async ({ club, member }) => {
  const { ada, boris } = await threads(club, member, ["Élan vital", "Boats"]);
  const { page } = ada;
  await page.setViewportSize({ width: 1280, height: 800 });
  const field = palette(page).getByRole("combobox");
  const options = palette(page).getByRole("option");
  await page.keyboard.press("Control+k");
  await expect(field).toBeFocused();
  // Nothing typed: what is newest.
  await expect(options.first()).toContainText("Boats");
  const place = async (): Promise<number[]> => Object.values((await palette(page).boundingBox()) ?? {}).map(Math.round);
  // Once it has grown to its size.
  await expect.poll(async () => (await place()).slice(0, 3)).toEqual([360, 120, 560]);
  expect((await options.first().boundingBox())?.height).toBe(40);
  expect(await options.count()).toBeLessThanOrEqual(8);

  await page.keyboard.type("elanv");
  await expect(options).toHaveText([/Élan vital/]);
  await page.keyboard.press("Enter");
  await expect(palette(page)).toHaveCount(0);
  await expect(page.locator(".prose")).toHaveText("Text of Élan vital.");
  await expect(scroller(page)).toBeFocused();

  const to = async (words: string): Promise<void> => {
    await page.keyboard.press("Control+k");
    await page.keyboard.type(words);
    await expect(options.first()).toBeVisible();
    await page.keyboard.press("Enter");
    await expect(palette(page)).toHaveCount(0);
  };
  await to("letters or");
  await expect(page.locator(".messages.chat")).toBeVisible();
  await to(boris.alias.toUpperCase());
  await expect(page.getByRole("heading", { level: 1, name: boris.alias })).toBeVisible();
  await to("nl");
  await expect(page.getByRole("combobox", { name: "To" })).toBeFocused();
  await to("setti");
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await to("theme");
  expect(await page.evaluate(() => document.documentElement.dataset["theme"])).toBe("light");
  await to("test club");
  await expect(page.locator(".list-pane")).toBeVisible();
  // A word of a letter leads to its thread, too.
  await page.keyboard.press("Control+k");
  await page.keyboard.type("text of boats");
  await expect(options).toHaveText([/Boats/]);
  await page.keyboard.press("Escape");
  await expect(palette(page)).toHaveCount(0);
  // Empty again: what was used last, but for where one is.
  await page.keyboard.press("Control+k");
  await expect(options.first()).toContainText("Change the theme");
  await page.keyboard.press("Control+k");
  await expect(palette(page)).toHaveCount(0);
});

test("keys go from rows into threads and back, to what is unread, and through panes; the focus is never lost", async ({ club, member }) => {
  const { ada, boris } = await threads(club, member, ["One", "Two", "Three"]);
  const { page } = ada;
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.keyboard.press("ArrowDown");
  await expect(row(page, "Three")).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("k");
  await page.keyboard.press("j");
  await expect(row(page, "Two")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator(".prose")).toHaveText("Text of Two.");
  await expect(scroller(page)).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(row(page, "Two")).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect(scroller(page)).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await expect(row(page, "Two")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.locator(".prose")).toHaveCount(0);
  await expect(row(page, "Two")).toBeFocused();

  // Next unread, then the thread above and below, also while something is written.
  await page.keyboard.press("n");
  await expect(page.locator(".prose")).toHaveText("Text of Three.");
  await expect.poll(() => ada.unread()).toBe(1);
  await page.keyboard.press("n");
  await expect(page.locator(".prose")).toHaveText("Text of One.");
  await page.keyboard.press("r");
  await expect(reply(page)).toBeFocused();
  await page.keyboard.press("Alt+ArrowUp");
  await expect(page.locator(".prose")).toHaveText("Text of Two.");

  await page.keyboard.press("F6");
  await expect(page.locator(".rail .service[aria-current]")).toBeFocused();
  await page.keyboard.press("F6");
  await expect(row(page, "Two")).toBeFocused();
  await page.keyboard.press("F6");
  await expect(scroller(page)).toBeFocused();
  await page.keyboard.press("Shift+F6");
  await expect(row(page, "Two")).toBeFocused();
  await page.keyboard.press("c");
  await expect(page.getByRole("combobox", { name: "To" })).toBeFocused();

  // Chat: the focus is where one writes.
  await boris.write(ada.alias, "", "A word");
  await row(page, "A word").focus();
  await page.keyboard.press("Enter");
  await expect(reply(page)).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(scroller(page)).toBeFocused();

  // What is composed by an input method is no command.
  await page.evaluate(() => document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key: "c", code: "KeyC", bubbles: true, isComposing: true })));
  await page.evaluate(() => document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key: "Process", code: "KeyC", keyCode: 229, bubbles: true })));
  await expect(page.getByRole("combobox", { name: "To" })).toHaveCount(0);
  // By its place where another alphabet is written.
  await page.evaluate(() => document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key: "л", code: "KeyK", ctrlKey: true, bubbles: true })));
  await expect(palette(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toContainText("Next unread");
});

test("letters are folded and shown, and paged through, by keys", async ({ club, member }) => {
  const { ada, boris } = await threads(club, member, ["Long"]);
  const { page } = ada;
  const [thread] = (await boris.command<{ id: number }[]>("threads", {})).map(({ id }) => id);
  for (let n = 2; n < 9; n += 1) await boris.write("", "", `Part ${n}.\n\n${"More of it.\n\n".repeat(20)}`, thread);
  await expect.poll(() => ada.unread()).toBe(8);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(scroller(page)).toBeFocused();
  const top = (): Promise<number> => scroller(page).evaluate((element) => element.scrollTop);
  const before = await top();
  await page.keyboard.press("Space");
  await expect.poll(top).toBeGreaterThan(before + 100);
  // From the row it is the same thread that is paged.
  await page.keyboard.press("Escape");
  const then = await top();
  await page.keyboard.press("Space");
  await expect.poll(top).toBeGreaterThan(then + 100);
  await page.keyboard.press("Shift+Space");
  await expect.poll(top).toBeLessThan(then + 100);

  await expect.poll(async () => {
    await page.keyboard.press("PageDown");
    return ada.unread();
  }).toBe(0);
  await page.keyboard.press("[");
  await expect(page.locator("[data-folded]")).toHaveCount(7);
  await page.keyboard.press("]");
  await expect(page.locator("[data-folded]")).toHaveCount(0);
  await page.locator("[data-message]").nth(3).focus();
  await page.keyboard.press("[");
  await expect(page.locator("[data-folded]")).toHaveCount(1);
  await expect(page.locator("[data-folded]")).toBeFocused();
});

test("search in a thread marks what it finds in place, folded letters too, and steps through it", async ({ club, member }) => {
  const { ada, boris } = await threads(club, member, ["Crew"]);
  const { page } = ada;
  const [thread] = (await boris.command<{ id: number }[]>("threads", {})).map(({ id }) => id);
  await boris.write("", "", "The **Ca**fé opens at ten.", thread);
  await boris.write("", "", `${"A line.\n\n".repeat(60)}CAFE again.`, thread);
  await expect.poll(() => ada.unread()).toBe(3);
  await row(page, "Crew").click();
  await expect(page.locator(".prose")).toHaveCount(3);
  await page.reload();
  await expect(page.locator("[data-folded]")).toHaveCount(2);
  await page.keyboard.press("Control+f");
  const field = page.getByRole("searchbox", { name: "Search in this thread" });
  await expect(field).toBeFocused();
  await page.keyboard.type("cafe");
  const count = page.getByRole("search").getByRole("status");
  await expect(count).toHaveText(/^\d of 2$/);
  const marked = (): Promise<string[]> => page.evaluate(() => [...(CSS.highlights.get("found") ?? [])].map(String));
  expect(await marked()).toEqual(["Café", "CAFE"]);
  const inView = (): Promise<boolean> =>
    page.evaluate(() => {
      const [range] = [...(CSS.highlights.get("found-now") ?? [])] as Range[];
      const box = range!.getBoundingClientRect();
      const screen = document.querySelector("main .scroller")!.getBoundingClientRect();
      return box.top >= screen.top && box.bottom <= screen.bottom;
    });
  for (let n = 0; n < 3; n += 1) {
    const before = await count.textContent();
    await page.keyboard.press(n === 2 ? "Shift+Enter" : "Enter");
    await expect(count).not.toHaveText(before ?? "");
    await expect.poll(inView).toBe(true);
  }
  await page.keyboard.press("Escape");
  await expect(field).toHaveCount(0);
  await expect(page.locator("[data-message]:focus")).toHaveCount(1);
  expect(await marked()).toEqual([]);
});

test("from the search field arrow and Enter lead to the first hit, and Esc back to the list", async ({ club, member }) => {
  const { ada } = await threads(club, member, ["One", "Two", "Three"]);
  const { page } = ada;
  await page.setViewportSize({ width: 1280, height: 800 });
  const field = page.getByRole("searchbox", { name: "Search all letters" });
  const hits = page.locator(".list-pane .list-row .snippet");
  const first = page.locator(".list-pane [data-row]").first();
  await page.keyboard.press("/");
  await page.keyboard.type("text");
  // Before there is a hit, too.
  await page.keyboard.press("Enter");
  await expect(hits).toHaveCount(3);
  await expect(first).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await expect(field).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(first).toBeFocused();
  const subject = (await first.locator("bdi").first().textContent()) ?? "";
  await page.keyboard.press("Enter");
  await expect(page.locator(".prose")).toHaveText(`Text of ${subject}.`);
  await page.keyboard.press("/");
  await page.keyboard.press("Escape");
  await expect(field).toHaveValue("");
  await expect(row(page, subject)).toBeFocused();
  // From a hit as well, and by the button.
  await page.keyboard.press("/");
  await page.keyboard.type("three");
  await expect(hits).toHaveCount(1);
  await page.keyboard.press("ArrowDown");
  await expect(first).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(row(page, subject)).toBeFocused();
  await field.fill("three");
  await page.getByRole("button", { name: "Clear search" }).click();
  await expect(field).toBeFocused();
});

test("skip links are the first stops of the Tab key, and lead to the list, the letter and the composer", async ({ club, member }) => {
  const { ada } = await threads(club, member, ["One"]);
  const { page } = ada;
  await page.setViewportSize({ width: 1280, height: 800 });
  await row(page, "One").click();
  await expect(scroller(page)).toBeFocused();
  const links = page.getByRole("navigation", { name: "Skip" }).getByRole("button");
  await expect(links).toHaveText(["Skip to the list", "Skip to the letter", "Skip to the composer"]);
  const seen = (): Promise<string[]> => links.evaluateAll((all) => all.filter((one) => getComputedStyle(one).clipPath === "none").map((one) => one.textContent ?? ""));
  expect(await seen()).toEqual([]);
  const targets = [row(page, "One"), scroller(page), reply(page)];
  for (const [n, target] of targets.entries()) {
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await links.first().focus();
    for (let tab = 0; tab < n; tab += 1) await page.keyboard.press("Tab");
    await expect(links.nth(n)).toBeFocused();
    expect(await seen()).toHaveLength(1);
    await page.keyboard.press("Enter");
    await expect(target).toBeFocused();
  }
  // The first thing that the Tab key comes to.
  await page.goto(`${ada.origin}/#/1/letters`);
  await page.reload();
  await expect(row(page, "One")).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(links.first()).toBeFocused();
  await expect(links).toHaveText(["Skip to the list", "Skip to the page"]);
});

test("after a ping is accepted the next one that waits has the focus", async ({ club, member }) => {
  const ada = await (await member("Ada")).join(club);
  const { page } = ada;
  await page.setViewportSize({ width: 1280, height: 800 });
  for (const name of ["Boris", "Clara"]) await (await (await member(name)).join(club)).run("ping", ada.alias, `It is ${name}`);
  await page.getByRole("link", { name: /^Pings/ }).click();
  await expect(page.locator("[data-row]")).toHaveCount(2);
  await row(page, "Boris").click();
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(row(page, "Clara")).toBeFocused();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Accept" }).click();
  // Nobody waits any more: what comes next is to write.
  await expect(page.getByRole("link", { name: "Write a letter" })).toBeFocused();
});

test("what comes before the first row is small, and the rest is there before the app can be another program", async ({ club, member }) => {
  const { ada } = await threads(club, member, ["One"]);
  const { page } = ada;
  await page.reload();
  await expect(row(page, "One")).toBeVisible();
  const loaded = (): Promise<{ name: string; start: number }[]> =>
    page.evaluate(() => performance.getEntriesByType("resource").filter(({ name }) => /\.(js|css)$/.test(name)).map(({ name, startTime }) => ({ name, start: startTime })));
  await expect.poll(async () => (await loaded()).some(({ name }) => /later/.test(name))).toBe(true);
  const drawn = await page.evaluate(() => performance.getEntriesByName("first-row")[0]?.startTime ?? 0);
  const files = await loaded();
  // All from the folder of this run.
  expect(new Set(files.map(({ name }) => /^\/[0-9a-f]{32}\/assets\//.test(new URL(name).pathname)))).toEqual(new Set([true]));
  const later = files.filter(({ name }) => /later/.test(name));
  for (const { start } of later) expect(start).toBeGreaterThan(drawn);
  let first = 0;
  for (const { name } of files) if (!/later/.test(name)) first += gzipSync(Buffer.from(await (await page.request.get(name)).body())).length;
  expect(first).toBeLessThanOrEqual(150_000);

  ada.forgive(/ERR_/);
  await ada.stopApp();
  const asked = ada.requests.length;
  await page.keyboard.press("Control+k");
  await expect(palette(page)).toBeVisible();
  expect(ada.requests.slice(asked).filter((url) => /assets/.test(url))).toEqual([]);
  await page.keyboard.press("Escape");
  await ada.startApp();
});

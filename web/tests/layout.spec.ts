// The layout where room is short or things come and go: low windows, notices, narrow lists, long names.
import type { Page } from "@playwright/test";

import { expect, introduce, test } from "./fixture";
import { box, letters, style, wholeRows } from "./measure";
import { reply, thread } from "./writing";

/** Lines of the screen, in its middle, that show a part of the page. */
const linesOf = (page: Page, selector: string): Promise<number> =>
  page.evaluate((selector) => {
    let lines = 0;
    for (let y = 0; y < innerHeight; y += 1) if (document.elementFromPoint(innerWidth / 2, y)?.closest(selector)) lines += 1;
    return lines;
  }, selector);

/** Whether a text is cut at its end. */
const isCut = (page: Page, selector: string): Promise<boolean> => page.locator(selector).evaluate((one) => one.scrollWidth > one.clientWidth);

test("in a low window the whole page scrolls, and nothing lies over what is read or written", async ({ club, member }) => {
  const { ada, boris } = await letters(club, member, 3, { viewport: { width: 320, height: 200 }, hasTouch: true, isMobile: true });
  const { page } = ada;
  const [one] = (await boris.command<{ id: number }[]>("threads", {})).map((row) => row.id);
  await boris.write("", "", "A line of a long letter.\n".repeat(40), one);
  for (const height of [200, 256]) {
    await page.setViewportSize({ width: 320, height });
    await page.goto(`${ada.origin}/#/1/letters`);
    await expect(page.locator("[data-row]").first()).toBeVisible();
    expect(await wholeRows(page)).toBeGreaterThanOrEqual(1);
    // Nothing lies over it.
    const row = await box(page.locator("[data-row]").first());
    const over = await page.evaluate(({ x, y, width, height }) => [4, width / 2, width - 8].flatMap((dx) => [2, height - 4].map((dy) => document.elementFromPoint(x + dx, y + dy)?.closest("[data-row]") !== null)), row);
    expect(over).not.toContain(false);
    await expect(page.getByRole("navigation", { name: "Places" })).not.toBeInViewport();
    await page.locator(".frame").evaluate((frame) => frame.scrollTo(0, 10_000));
    await expect(page.getByRole("navigation", { name: "Places" })).toBeInViewport();

    await page.locator("[data-row]").first().click();
    await expect(page.locator(".prose").last()).toContainText("long letter");
    expect(await linesOf(page, ".messages")).toBeGreaterThanOrEqual(120);
    await expect.poll(() => ada.unread()).toBeLessThan(4);
    await reply(page).tap();
    await reply(page).fill("Seen while it is written");
    await expect(reply(page)).toBeInViewport({ ratio: 1 });
    expect(await linesOf(page, ".reply textarea")).toBeGreaterThan(30);
    await reply(page).fill("");

    await page.goto(`${ada.origin}/#/1/letters/new`);
    const area = page.getByRole("textbox", { name: "Letter" });
    await area.tap();
    await area.pressSequentially("Written line by line\n".repeat(12));
    // The line with the caret is on screen, and nothing is over it.
    expect(await linesOf(page, ".sheet")).toBeGreaterThan(100);
    const end = await area.evaluate((one) => one.getBoundingClientRect().bottom - parseFloat(getComputedStyle(one).paddingBottom));
    expect(end).toBeLessThanOrEqual(height);
    expect(end).toBeGreaterThan(26);
  }
});

test("the undo bar stands above what is written, however high that is", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  const { page } = anna;
  await page.setViewportSize({ width: 1280, height: 800 });
  await reply(page).fill("Sent.");
  await reply(page).press("Control+Enter");
  const bar = page.locator(".undo-bar");
  const foot = page.locator(".reply");
  await expect(bar).toBeVisible();
  const gap = async (): Promise<number> => Math.round((await box(foot)).y - (await box(bar)).y - (await box(bar)).height);
  await expect(page.getByRole("toolbar", { name: "Format" })).toBeVisible();
  await expect.poll(gap).toBe(8);
  await reply(page).fill("Line.\n".repeat(8));
  await expect.poll(gap).toBe(8);
});

test("a new member's first steps are shown on a phone, too", async ({ club, member }) => {
  const ada = await (await member("Ada", { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })).join(club);
  const { page } = ada;
  const card = page.getByRole("region", { name: "First steps" });
  await expect(card).toBeInViewport();
  await expect(card).toContainText(ada.alias);
  for (const name of ["Copy", "Your alias as a code"]) await expect(card.getByRole("button", { name })).toBeInViewport({ ratio: 1 });
  for (const name of ["New ping", "Add"]) await expect(card.getByRole("link", { name })).toBeInViewport({ ratio: 1 });
  expect(await isCut(page, ".steps")).toBe(false);
  await card.getByRole("link", { name: "New ping" }).click();
  await expect(page.getByLabel("Their alias")).toBeVisible();
});

test("a service that is not reached is told by a mark and a pattern, and the time is not cut", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  const { page } = anna;
  await page.setViewportSize({ width: 1280, height: 800 });
  const bar = page.locator(".place-bar");
  const pattern = (): Promise<string> => bar.evaluate((one) => getComputedStyle(one, "::after").backgroundImage);
  await expect(bar.locator(".state svg")).toHaveCount(0);
  expect(await pattern()).toBe("none");
  await club.kill();
  await expect(bar.locator(".state")).toContainText("Offline since", { timeout: 30_000 });
  await reply(page).fill("It waits.");
  await reply(page).press("Control+Enter");
  await expect(bar.locator(".state")).toContainText("1 waits", { timeout: 20_000 });
  expect(await pattern()).toContain("gradient");
  await expect(bar.locator(".state svg")).toBeVisible();
  // What may be cut is the alias.
  const told = await bar.locator(".state").evaluate((state) => {
    const range = document.createRange();
    range.selectNodeContents(state);
    range.setEndBefore(state.querySelector("bdi")!);
    return { end: range.getBoundingClientRect().right, edge: state.getBoundingClientRect().right };
  });
  expect(told.end).toBeLessThanOrEqual(told.edge);
  await club.start();
});

test("nothing moves when the app is away, and when threads are selected", async ({ club, member }) => {
  const { ada } = await letters(club, member, 4);
  ada.forgive(/ERR_/);
  const { page } = ada;
  await page.setViewportSize({ width: 1280, height: 800 });
  const rows = page.locator("[data-row]");
  const tops = async (): Promise<number[]> => (await Promise.all([0, 1, 2, 3].map((n) => box(rows.nth(n))))).map(({ y }) => y);
  const before = await tops();
  await rows.nth(1).click({ modifiers: ["Control"] });
  await rows.nth(2).click({ modifiers: ["Control"] });
  const selected = page.getByRole("toolbar", { name: "2 selected" });
  await expect(selected).toBeVisible();
  expect(await tops()).toEqual(before);
  expect((await box(selected.getByRole("status"))).height).toBeLessThanOrEqual(20);
  expect(await selected.getByRole("status").evaluate((one) => one.scrollWidth <= one.clientWidth)).toBe(true);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("navigation", { name: "Sections" })).toBeVisible();

  await rows.first().click();
  await reply(page).fill("Half a reply");
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  const header = await box(page.locator("main .page-head"));
  await ada.stopApp();
  await expect(page.getByRole("alert")).toContainText("isn’t answering");
  await reply(page).fill("Half a reply, and more");
  await expect(page.getByText("Not saved yet")).toBeVisible();
  await expect(page.getByText("isn’t answering")).toHaveCount(1);
  expect(await tops()).toEqual(before);
  expect(await box(page.locator("main .page-head"))).toEqual(header);
  await page.getByRole("button", { name: "Close" }).click();
  await expect(page.getByText("isn’t answering")).toHaveCount(0);
  await expect(page.locator(".place-bar")).toContainText("The app is away");
  await ada.startApp();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
});

test("a long subject leaves the header as it is, and stands whole in the details", async ({ club, member }) => {
  const { ada, boris } = await letters(club, member, 1);
  const { page } = ada;
  const subject = "A very long subject that goes on and on about the boathouse roof, the gutter, the ladder and who shall hold it when it rains";
  await boris.write(ada.alias, subject, "Text");
  const head = page.locator("main .page-head").first();
  for (const [width, height] of [[1600, 900], [1280, 800], [390, 844]] as const) {
    await page.setViewportSize({ width, height });
    await page.goto(`${ada.origin}/#/1/letters`);
    await page.getByRole("link", { name: /A very long subject/ }).click();
    await expect(page.locator("main h1")).toHaveAttribute("title", subject);
    expect((await box(head)).height).toBe(48);
    // Who it is with is said once, and so is the service.
    await expect(head.locator("p")).toHaveText(`${boris.alias} · 1 message${width < 640 ? " · Test Club" : ""}`, { useInnerText: true });
    if (width < 640) {
      // The subject has the room of the switch.
      await expect(head.getByRole("group")).toBeHidden();
      expect((await box(page.locator("main h1"))).width).toBeGreaterThan(220);
    }
  }
  await page.setViewportSize({ width: 1600, height: 900 });
  await page.getByRole("button", { name: "Who reads this thread" }).click();
  await expect(page.getByRole("complementary", { name: "Details" })).toContainText(subject);
});

test("tabs of the list stand apart, and those without room are in a menu", async ({ club, member }) => {
  const { ada } = await letters(club, member, 1);
  const { page } = ada;
  const tabs = page.getByRole("navigation", { name: "Sections" });
  const gaps = (): Promise<number[]> =>
    tabs.evaluate((nav) => {
      const shown = [...nav.querySelectorAll(".tab:not(.cut, .more)")].map((tab) => {
        const words = document.createRange();
        words.selectNodeContents(tab);
        return words.getBoundingClientRect();
      });
      return shown.slice(1).map((box, n) => Math.round(box.left - shown[n]!.right));
    });
  for (const [width, count] of [[1600, 5], [800, 3]] as const) {
    await page.setViewportSize({ width, height: 800 });
    await expect.poll(() => tabs.getByRole("link").count()).toBeGreaterThanOrEqual(count);
    expect(new Set(await gaps())).toEqual(new Set([12]));
    const [nav, ends] = [await box(tabs), await tabs.getByRole("link").evaluateAll((links) => links.map((link) => link.getBoundingClientRect().right))];
    expect(Math.max(...ends)).toBeLessThanOrEqual(nav.x + nav.width - 36);
  }
  // At 264.
  await expect(tabs.getByRole("link", { name: "Drafts" })).toHaveCount(0);
  await tabs.getByRole("button", { name: "More lists" }).click();
  await page.getByRole("menuitem", { name: "Drafts" }).click();
  await expect(page.getByText("No drafts")).toBeVisible();
  await expect(tabs.getByRole("button", { name: "More lists" })).toHaveText("Drafts");
});

test("a row shows its text beside long names, and most of its subject when it is compact", async ({ club, member }) => {
  const anna = await (await member("Anna von und zu Schwarzenberg")).join(club);
  const bea = await (await member("Beatrice de la Fontaine")).join(club);
  const carl = await (await member("Carl")).join(club);
  await introduce(anna, carl);
  await introduce(anna, bea);
  const draft = await anna.command<{ id: number }>("save_draft", { account: 1, to: [carl.alias, bea.alias], subject: "Boats for Saturday and the whole of Sunday, too", text: "The two eights are in the yard." });
  await anna.command("send", { draft: draft.id });
  const { page } = carl;
  await page.setViewportSize({ width: 1280, height: 800 });
  const row = page.locator("[data-row]").first();
  await expect(row).toBeVisible();
  const line = await box(row.locator(".line"));
  // Who wrote it stands before the text, and not a second time.
  await expect(row.locator(".line")).toHaveText(/^[^:]*Fontaine[^:]*Anna:/);
  expect((await box(row.locator(".snippet"))).width).toBeGreaterThan(line.width * 0.29);
  await page.evaluate(() => localStorage.setItem("mnm.density", "compact"));
  await page.reload();
  await expect(row).toBeVisible();
  expect((await box(row)).height).toBe(36);
  expect((await box(row.locator(".title"))).width).toBeGreaterThanOrEqual(0.6 * 320);

  // On a phone the composer has one line, and says in which place one is.
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${carl.origin}/#/1/letters/1`);
  await page.getByRole("button", { name: "More for this thread" }).click();
  await page.getByRole("menuitem", { name: "Show as chat" }).click();
  await expect(reply(page)).toHaveAttribute("placeholder", /Schwarzenberg/);
  expect((await box(page.locator(".reply .box"))).height).toBeLessThanOrEqual(52);
  await reply(page).fill("A draft");
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  expect(await isCut(page, ".below > .clip")).toBe(false);
});

test("the foot of a phone tells the place once, and its count lies beside the sign", async ({ club, member }) => {
  const { ada } = await letters(club, member, 1, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const { page } = ada;
  const foot = page.getByRole("navigation", { name: "Places" });
  const [badge, sign] = [await box(foot.locator(".badge").first()), await box(foot.locator("svg").first())];
  expect(badge.x).toBeGreaterThanOrEqual(sign.x + sign.width - 4);
  await expect(page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name: /Letters/ })).toHaveCount(0);
  await foot.getByRole("link", { name: "Pings" }).click();
  await expect(page.getByRole("list", { name: "Pings" })).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Sections" })).toHaveCount(0);
});

test("new messages are counted on their line, which the date does not cover", async ({ club, member }) => {
  const { anna, boris, id } = await thread(club, member);
  const { page } = anna;
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("button", { name: "Chat" }).click();
  await page.getByRole("link", { name: /^Pings/ }).click();
  const [theirs] = (await boris.command<{ id: number }[]>("threads", {})).map((row) => row.id);
  for (let n = 0; n < 30; n += 1) await boris.write("", "", `Line ${n}`, theirs);
  await expect.poll(() => anna.unread(), { timeout: 30_000 }).toBe(30);
  await page.goto(`${anna.origin}/#/1/letters/${id}`);
  const line = page.locator(".fresh");
  await expect(line).toHaveText("30 new");
  // The date stands above it when the chat is opened.
  const [day, count] = [await box(page.locator(".day time").first()), await box(line)];
  expect(day.y + day.height).toBeLessThanOrEqual(count.y);
  // It is scrolled under the date.
  await page.getByRole("log").evaluate((log) => {
    const line = log.querySelector(".fresh")!.getBoundingClientRect();
    log.scrollTop += line.top - log.getBoundingClientRect().top - 6;
  });
  const at = await box(line.locator("span"));
  expect(await page.evaluate(({ x, y, width, height }) => document.elementFromPoint(x + width / 2, y + height / 2)?.closest(".fresh") !== null, at)).toBe(true);
  expect(await style(page.locator(".day time").first(), "border-top-width")).toBe("1px");
});

test("a new letter is a column as wide as a letter, and more files than are seen are counted", async ({ club, member }) => {
  const ada = await (await member("Ada")).join(club);
  const { page } = ada;
  await page.setViewportSize({ width: 1920, height: 1080 });
  await page.goto(`${ada.origin}/#/1/letters/new`);
  const area = page.getByRole("textbox", { name: "Letter" });
  await expect(area).toBeVisible();
  expect((await box(page.locator(".fields > .subject"))).width).toBe(640);
  const text = await area.evaluate((one) => one.clientWidth - 2 * parseFloat(getComputedStyle(one).paddingLeft));
  expect(text).toBeGreaterThan(560);
  expect(text).toBeLessThanOrEqual(600);
  await page.locator("main input[type=file]").setInputFiles(Array.from({ length: 5 }, (_, n) => ({ name: `file ${n}.txt`, mimeType: "text/plain", buffer: Buffer.from("x") })));
  await expect(page.locator("main").getByText("5 files, 5 B")).toBeInViewport();
});

test("dialogs begin at what is most likely meant, and can be left", async ({ club, member }) => {
  const { ada, boris } = await letters(club, member, 1, { colorScheme: "dark" });
  const { page } = ada;
  const dialog = page.getByRole("dialog");
  await page.locator("[data-row]").click();
  await page.getByRole("button", { name: "Forward this thread" }).click();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toHaveCount(0);
  await page.getByRole("button", { name: "Who reads this thread" }).click();
  const since = dialog.locator(".since").first();
  await expect(since).toContainText("Added by");
  expect((await box(since)).height).toBeLessThanOrEqual(20);
  await expect(dialog.locator("li", { hasText: "You" }).locator(".avatar")).toHaveText("A");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "More for this thread" }).click();
  await page.getByRole("menuitem", { name: "Tags…" }).click();
  await expect(dialog.getByLabel("New tag")).toBeFocused();
  await page.keyboard.press("Escape");

  const row = page.locator("[data-thread-row]");
  await row.hover();
  await row.getByRole("button", { name: "Star" }).click();
  expect(await style(row.locator(".starred svg"), "fill")).not.toBe("none");
  // Send is seen on a dark ground.
  expect(await style(page.locator(".reply .send"), "background-color")).toBe("rgb(144, 193, 254)");
  await page.getByRole("button", { name: "More for this thread" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("combobox", { name: "Which threads" }).selectOption({ label: "Trash" });
  await page.getByRole("button", { name: "Empty trash" }).click();
  await expect(dialog.getByRole("button", { name: "Keep them" })).toBeFocused();
  await page.keyboard.press("Escape");
  await boris.page.getByRole("link", { name: /^Pings/ }).click();
  await boris.page.getByRole("list", { name: "Pings" }).getByRole("link").click();
  await expect(boris.page.getByRole("heading", { name: `${ada.alias} knocked at your door` })).toBeVisible();
});

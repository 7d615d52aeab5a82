// What holds on every page: nothing is wider than the window, and every target is large enough.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { type Club, expect, introduce, type Member, test } from "./fixture";
import { box, wholeRows } from "./measure";

interface Place {
  /** The part of the address behind the account. */
  at: string;
  /** What is seen once it is there. */
  shows: string;
}

/** A member with one of everything, and where that is. */
async function everything(club: Club, member: (name: string, options?: object) => Promise<Member>, options: object): Promise<{ ada: Member; places: Place[] }> {
  const ada = await (await member("Ada", options)).join(club);
  const boris = await (await member("Boris of the long and winding name that never ends")).join(club);
  const carl = await (await member("Carl")).join(club);
  await introduce(ada, boris);
  await carl.run("ping", ada.alias, "We met at the regatta. May I write to you?");
  const group = `Crew of ${ada.alias}`;
  await ada.command("invite", { account: 1, group, to: carl.alias, text: "Come in" });
  await boris.write(ada.alias, "A subject that is longer than any window is wide, so that it has to be cut somewhere", "Hello.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n`code` and https://example.org/a/very/long/address/without/any/place/at/which/it/could/be/broken/into/lines");
  await expect(ada.page.locator("[data-thread-row]")).toHaveCount(1);
  const thread = Number(await ada.page.locator("[data-thread-row]").getAttribute("data-thread-row"));
  const { id: draft } = await ada.command<{ id: number }>("save_draft", { account: 1, to: [boris.alias], subject: "Fair", text: "Dear **Boris**,\n\n- oars" });
  await ada.command("save_draft", { account: 1, to: [], subject: "", thread, text: "Half a **reply**" });
  let ping = 0;
  await expect(async () => {
    ping = (await ada.command<{ id: number; incoming: boolean; from: string }[]>("pings", { account: 1 })).find((one) => one.incoming && one.from === carl.alias)?.id ?? 0;
    expect(ping).toBeGreaterThan(0);
  }).toPass();
  const [{ uid }] = (await ada.command<{ uid: string }[]>("contacts", { account: 1 })) as [{ uid: string }];
  const places = [
    { at: "1/letters", shows: "[data-thread-row]" },
    { at: `1/letters/${thread}`, shows: "main [data-message]" },
    { at: "1/letters/new", shows: "main form" },
    { at: "1/drafts", shows: ".list-pane [data-row]" },
    { at: `1/drafts/${draft}`, shows: "main form" },
    { at: "1/pings", shows: ".list-pane [data-row]" },
    { at: `1/pings/${ping}`, shows: "main blockquote" },
    { at: "1/pings/new", shows: "main form" },
    { at: "1/people", shows: ".list-pane [data-row]" },
    { at: `1/people/${encodeURIComponent(uid)}`, shows: "main [data-thread-row]" },
    { at: "1/groups", shows: ".list-pane [data-row]" },
    { at: "1/groups/new", shows: "main form" },
    { at: `1/groups/${encodeURIComponent(group)}`, shows: "main .member" },
    { at: "1/service", shows: "main h1" },
    { at: "settings", shows: "main h1" },
    { at: "join", shows: "main form" },
  ];
  return { ada, places };
}

async function go(member: Member, { at, shows }: Place): Promise<void> {
  await member.page.goto(`${member.origin}/#/${at}`);
  await expect(member.page.locator(shows).first()).toBeVisible();
}

/** What can be scrolled sideways, but for code and tables of a letter. */
const sideways = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll<HTMLElement>("body *")]
      .filter((one) => one === document.documentElement || (/auto|scroll/.test(getComputedStyle(one).overflowX) && !one.closest(".prose")))
      .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.checkVisibility())
      .map((one) => `${one.tagName} ${one.className} ${one.scrollWidth} > ${one.clientWidth}`),
  );

/** Targets that are smaller than this, but for those within a line of text. */
const small = (page: Page, least: number): Promise<string[]> =>
  page.evaluate(
    (least) =>
      [...document.querySelectorAll<HTMLElement>("a, button, input:not([type=checkbox], [type=radio]), label:has(input), textarea, select, [role=option]")]
        .filter((element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !element.closest(".prose, .hidden, .skip") && element.tabIndex >= -1)
        .filter((element) => {
          const { width, height } = element.getBoundingClientRect();
          // Less is what moving to its place makes of it.
          return width > 1 && (width < least - 0.1 || height < least - 0.1);
        })
        .map((element) => `${element.outerHTML.replace(/ svelte-\w+/g, "").slice(0, 90)} ${Math.round(element.getBoundingClientRect().width)}×${Math.round(element.getBoundingClientRect().height)}`),
    least,
  );

/** Fields with letters so small that a phone would zoom into them. */
const tiny = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("input:not([type=checkbox], [type=radio], [type=file]), textarea")]
      .filter((field) => field.checkVisibility() && parseFloat(getComputedStyle(field).fontSize) < 16)
      .map((field) => field.outerHTML.slice(0, 90)),
  );

test("no page is wider than its window, from 320 to 1920 and at 400 %", async ({ club, member }) => {
  test.setTimeout(120_000);
  const { ada, places } = await everything(club, member, {});
  const { page } = ada;
  for (const [width, height] of [[320, 640], [390, 844], [768, 1024], [1280, 800], [1920, 1080], [320, 200]] as const) {
    await page.setViewportSize({ width, height });
    for (const place of places) {
      await go(ada, place);
      expect.soft(await sideways(page), `${place.at} at ${width}`).toEqual([]);
    }
    await go(ada, places[1]!);
    for (const key of ["Control+k", "?"]) {
      await page.keyboard.press("Escape");
      await page.keyboard.press(key);
      await expect(page.getByRole("dialog")).toBeVisible();
      expect.soft(await sideways(page), `${key} at ${width}`).toEqual([]);
      await page.keyboard.press("Escape");
      await expect(page.getByRole("dialog")).toHaveCount(0);
    }
  }
});

test("every target of every page is large enough for a pointer", async ({ club, member }) => {
  const { ada, places } = await everything(club, member, { viewport: { width: 1280, height: 800 } });
  const { page } = ada;
  for (const place of places) {
    await go(ada, place);
    expect.soft(await small(page, 24), place.at).toEqual([]);
  }
  await page.goto(`${ada.origin}/#/1/letters`);
  await page.keyboard.press("/");
  await page.getByRole("searchbox").fill("hello");
  await expect(page.locator(".list-pane .snippet")).toHaveCount(1);
  expect.soft(await small(page, 24), "search").toEqual([]);
});

test("every target of every page of a phone is large enough for a finger, and axe finds nothing", async ({ club, member }) => {
  test.setTimeout(120_000);
  const { ada, places } = await everything(club, member, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, reducedMotion: "reduce" });
  const { page } = ada;
  for (const place of [...places, { at: "", shows: ".rail h1" }]) {
    await go(ada, place);
    expect.soft(await small(page, 44), place.at).toEqual([]);
    expect.soft(await tiny(page), place.at).toEqual([]);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect.soft(violations.map((v) => `${v.impact} ${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`), place.at).toEqual([]);
  }
  await go(ada, places[1]!);
  await page.getByRole("button", { name: "More for this thread" }).click();
  await expect(page.getByRole("menuitem").first()).toBeVisible();
  expect.soft(await small(page, 44), "menu").toEqual([]);
  await page.getByRole("menuitem", { name: "Who reads this thread" }).click();
  await expect(page.getByRole("dialog").getByRole("button", { name: "Strike" }).first()).toBeVisible();
  expect.soft(await small(page, 44), "readers").toEqual([]);
  const sheet = await box(page.getByRole("dialog"));
  expect.soft([sheet.x, sheet.width, sheet.y + sheet.height]).toEqual([0, 390, 844]);
  await page.keyboard.press("Escape");
  await go(ada, places[0]!);
  await page.getByRole("button", { name: "Search" }).first().click();
  await page.getByRole("searchbox").fill("hello");
  await expect(page.locator(".list-pane .snippet")).toHaveCount(1);
  expect.soft(await small(page, 44), "search").toEqual([]);
});

test("panes are as wide as the window has room for, and rows fill their height", async ({ club, member }) => {
  const ada = await (await member("Ada")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(ada, boris);
  for (let n = 0; n < 17; n += 1) await boris.write(ada.alias, `Letter ${n}`, "Text.");
  const { page } = ada;
  await expect(page.locator("[data-row]")).toHaveCount(17);
  for (const [width, height, rail, list, rows] of [[768, 1024, 56, 264, 15], [1280, 800, 64, 320, 12], [1920, 1080, 64, 400, 16]] as const) {
    await page.setViewportSize({ width, height });
    expect.soft([(await box(page.locator(".rail"))).width, (await box(page.locator(".list-pane"))).width, await wholeRows(page)], `at ${width}`).toEqual([rail, list, rows]);
  }
  await page.setViewportSize({ width: 320, height: 640 });
  await expect(page.locator(".bottom-bar")).toBeVisible();
  expect([(await box(page.locator(".list-pane"))).width, (await box(page.locator(".bottom-bar"))).height, await wholeRows(page)]).toEqual([320, 57, 8]);
});

// Pictures of the pages for `docs/screens`: a club with letters, chat and a group, wide and on a phone, light and dark.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import type { Page } from "@playwright/test";

import { Club, expect, introduce, type Member, test } from "../tests/fixture";

const FOLDER = process.env["SCREENS"] ?? resolve(import.meta.dirname, "../../docs/screens");

/** Goes to a page as those do who use a mouse: the focus that a page moves by itself is then not shown. */
async function go(member: Member, place: string): Promise<void> {
  await member.page.mouse.click(2, 600);
  await member.page.goto(`${member.origin}/#/${place}`);
}

/** Takes a picture in each theme. */
async function shoot(page: Page, name: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.screenshot({ path: `${FOLDER}/${name}-${scheme}.png` });
  }
}

/** The same on a wide screen and on a phone, which is touched. */
async function both(page: Page, phone: Page, name: string): Promise<void> {
  await shoot(page, `${name}-wide`);
  await phone.touchscreen.tap(2, 600);
  await phone.goto(page.url());
  await shoot(phone, `${name}-phone`);
}

/** A phone on which the pages of a member's app are open. */
async function phoneOf(member: Member): Promise<Page> {
  const context = await member.page.context().browser()!.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, locale: "en-GB" });
  const page = await context.newPage();
  await page.goto(((await member.run("url")) as { url: string }).url);
  await page.locator(".frame").waitFor();
  return page;
}

async function arrived(member: Member, subject: string): Promise<number> {
  let thread = 0;
  await expect(async () => {
    const rows = await member.command<{ id: number; subject: string }[]>("threads", {});
    thread = rows.find((row) => row.subject === subject)?.id ?? 0;
    expect(thread).not.toBe(0);
  }).toPass({ timeout: 20_000 });
  return thread;
}

/** A member of just this alias. */
const called = (member: Member, alias: string): Member => Object.assign(member, { alias });

test("screens", async ({ member }) => {
  test.setTimeout(240_000);
  const data = await mkdtemp(join(tmpdir(), "tmtpd-web-"));
  const club = new Club(data, "Harbour Rowing Club");
  await club.start();
  const ada = called(await member("Ada"), "Ada Lovelace");
  await ada.page.setViewportSize({ width: 1280, height: 800 });
  const phone = await phoneOf(ada);
  await both(ada.page, phone, "first-run");
  await ada.join(club);
  await expect(ada.page.locator(".list-pane")).toBeVisible();
  await go(ada, "1/letters");
  await both(ada.page, phone, "empty");
  const bjorn = await called(await member("Björn"), "Björn Berg").join(club);
  const chloe = await called(await member("Chloé"), "Chloé Martin").join(club);
  await introduce(ada, bjorn);
  await introduce(ada, chloe);
  const subjects = ["Keys for the boathouse", "Minutes of the autumn meeting", "Winter training, who comes?", "Re-rigging the quad", "Guest rowers in June", "Invoice 2026-118"];
  for (const subject of subjects) await bjorn.write(ada.alias, subject, "Two stretchers are cracked, and the second key is with the caretaker.");
  await ada.write(bjorn.alias, "Plan for Saturday’s regatta", "Dear Björn, here is the plan. Three tables, one picture.");
  const there = await arrived(bjorn, "Plan for Saturday’s regatta");
  await bjorn.write("", "", "Great plan. The tide turns at ten, so bring the long oars and a thermos; the coach says she will wait for us at the lower landing.\n\nBest,\nBjörn", there);
  await bjorn.write("", "", "See you at eight.", there);
  const here = await arrived(ada, "Plan for Saturday’s regatta");
  await ada.write("", "", "Written while the service was down. It left by itself as soon as the club was back.", here);
  await chloe.write(ada.alias, "", "Great! Who brings the thermos?");
  const chat = await arrived(ada, "");
  await ada.write("", "", "I do.", chat);
  await ada.write("", "", "See you at eight then.", chat);
  const theirs = await arrived(chloe, "");
  for (const text of ["And the long oars, the short ones are at the joiner’s until Monday at least.", "line one\nline two", "👍"]) await chloe.write("", "", text, theirs);
  await expect(ada.page.locator("[data-row]")).toHaveCount(8);
  await both(ada.page, phone, "list");
  await go(ada, `1/letters/${here}`);
  await expect(ada.page.locator("[data-row][aria-current]")).not.toHaveClass(/unread/);
  await both(ada.page, phone, "letters");
  await ada.page.setViewportSize({ width: 1920, height: 1080 });
  await shoot(ada.page, "letters-large");
  await ada.page.setViewportSize({ width: 1280, height: 800 });
  await go(ada, `1/letters/${chat}`);
  await expect(ada.page.locator("[data-row][aria-current]")).not.toHaveClass(/unread/);
  await both(ada.page, phone, "chat");
  for (const [name, place] of [["compose", "letters/new"], ["people", "people"], ["pings", "pings"], ["groups", "groups/new"], ["service", "service"], ["ping", "pings/new"]] as const) {
    await go(ada, `1/${place}`);
    await both(ada.page, phone, name);
  }
  await go(ada, "settings");
  await both(ada.page, phone, "settings");
  await phone.context().close();
  await club.stop();
  await rm(data, { recursive: true, force: true });
});

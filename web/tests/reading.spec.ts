// Reading: long threads and long lists, what counts as read, where a thread opens, pictures.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { expect, introduce, type Member, test } from "./fixture";
import { wholeRows } from "./measure";
import { png } from "./picture";

const MESSAGES = 230;
const THREADS = 215;

/** Messages and rows of the list that are on the page. */
const rows = (page: Page, what: string): Promise<number> => page.locator(what).count();

const scroller = (page: Page) => page.getByRole("log");

/** Scrolls to a height of the thread until the message is on the page. */
async function scrollTo(page: Page, top: number, text: string): Promise<void> {
  await expect(async () => {
    await scroller(page).evaluate((element, to) => (element.scrollTop = to), top);
    await expect(page.locator(".prose", { hasText: new RegExp(`^${text}\\s*$`) })).toBeInViewport({ timeout: 200 });
  }).toPass();
}

async function pair(member: (name: string, options?: object) => Promise<Member>, club: Parameters<Member["join"]>[0]) {
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  return { anna, boris };
}

test("long thread loads page by page, and only what was on screen is marked read", async ({ club, member }) => {
  test.setTimeout(120_000);
  const { anna, boris } = await pair(member, club);
  const { page } = anna;
  let thread: number | undefined;
  for (let n = 0; n < MESSAGES; n += 1) thread = await boris.write(anna.alias, "", `message ${n}`, thread);
  await expect.poll(() => anna.unread(), { timeout: 60_000 }).toBe(MESSAGES);

  await page.getByRole("link", { name: new RegExp(boris.alias) }).first().click();
  await expect(page.locator(".prose", { hasText: /^message 0\s*$/ })).toBeInViewport();
  expect(await rows(page, "[data-message]")).toBeLessThanOrEqual(100);
  const pill = page.getByRole("button", { name: /^\d+ unread$/ });
  await expect.poll(() => anna.unread()).toBeLessThan(MESSAGES);
  const left = await anna.unread();
  expect(left).toBeGreaterThan(MESSAGES - 60);
  await expect(pill).toHaveAccessibleName(`${left} unread`);
  await expect(pill).toHaveText("99+");

  await pill.click();
  await expect.poll(() => anna.unread()).toBeLessThan(left);
  await scrollTo(page, 1e9, `message ${MESSAGES - 1}`);
  expect(await rows(page, "[data-message]")).toBeLessThanOrEqual(200);
  expect(await anna.unread()).toBeGreaterThan(0);
  // What was passed over does not draw the reader back.
  await boris.write(anna.alias, "", "one more", thread);
  await expect(page.locator(".prose", { hasText: /^one more\s*$/ })).toBeInViewport();
  await scrollTo(page, 0, "message 0");
  expect(await rows(page, "[data-message]")).toBeLessThanOrEqual(200);
  await page.locator("[data-key=reply]").fill("from above");
  await page.keyboard.press("Enter");
  await expect(page.locator(".prose", { hasText: /^from above\s*$/ })).toBeInViewport();

  const row = ((await anna.run("inbox")) as { id: number }[])[0];
  const whole = (await anna.run("read", String(row?.id))) as { messages: { text: string }[] };
  const expected = Array.from({ length: MESSAGES }, (_, n) => `message ${n}`);
  expect(whole.messages.map((m) => m.text)).toEqual([...expected, "one more", "from above"]);
  expect(await anna.unread()).toBe(0);
  await expect(pill).toHaveCount(0);
});

test("messages that arrive below or in a hidden window are counted and stay unread", async ({ club, member }) => {
  const { anna, boris } = await pair(member, club);
  const { page } = anna;
  const thread = await boris.write(anna.alias, "", "the first");
  for (let n = 0; n < 20; n += 1) await boris.write(anna.alias, "", `filling ${n}`, thread);
  await expect.poll(() => anna.unread()).toBe(21);
  await page.getByRole("link", { name: new RegExp(boris.alias) }).first().click();
  await scrollTo(page, 1e9, "filling 19");
  await scrollTo(page, 0, "the first");
  await expect.poll(() => anna.unread()).toBeLessThan(20);
  await anna.run("read", "1");

  await boris.write(anna.alias, "", "while above", thread);
  const pill = page.getByRole("button", { name: "1 new" });
  await expect(pill).toHaveText("1");
  const box = (await pill.boundingBox())!;
  expect([box.width, box.height]).toEqual([40, 40]);
  await expect(page.locator(".prose", { hasText: "the first" })).toBeInViewport();
  expect(await anna.unread()).toBe(1);
  await pill.click();
  await expect(page.locator(".prose", { hasText: "while above" })).toBeInViewport();
  await expect.poll(() => anna.unread()).toBe(0);

  await page.evaluate(() => Object.defineProperty(document, "hasFocus", { value: () => false, configurable: true }));
  await boris.write(anna.alias, "", "while away", thread);
  await expect(page.locator(".prose", { hasText: "while away" })).toBeInViewport();
  expect(await anna.unread()).toBe(1);
  await expect(page.getByRole("separator").filter({ hasText: "New" })).toBeVisible();
  await page.evaluate(() => {
    delete (document as { hasFocus?: unknown }).hasFocus;
    dispatchEvent(new Event("focus"));
  });
  await expect.poll(() => anna.unread()).toBe(0);
});

test("button at the foot counts messages that arrived, not those unread before", async ({ club, member }) => {
  const { anna, boris } = await pair(member, club);
  const { page } = anna;
  const thread = await boris.write(anna.alias, "", "the first");
  for (let n = 0; n < 130; n += 1) await boris.write(anna.alias, "", `filling ${n}`, thread);
  await expect.poll(() => anna.unread(), { timeout: 30_000 }).toBe(131);
  await page.getByRole("link", { name: new RegExp(boris.alias) }).first().click();
  await expect(page.getByRole("button", { name: /^1\d\d unread$/ })).toBeVisible();
  // Beyond what is loaded.
  for (const text of ["one more", "and one"]) await boris.write(anna.alias, "", text, thread);
  await expect(page.getByRole("button", { name: "2 new", exact: true })).toBeVisible();
  await scrollTo(page, 1e9, "and one");
  await expect(page.getByRole("button", { name: /new$/ })).toHaveCount(0);
  await scrollTo(page, 0, "the first");
  await boris.write(anna.alias, "", "the last", thread);
  const end = page.getByRole("button", { name: "1 new", exact: true });
  await expect(end).toBeVisible();
  await end.click();
  await expect(page.locator(".prose", { hasText: /^the last\s*$/ })).toBeInViewport();
  // Away from the end with nothing new below, it leads there all the same.
  await scrollTo(page, 0, "the first");
  await anna.run("read", "1");
  await page.getByRole("button", { name: "To the end" }).click();
  await expect(page.locator(".prose", { hasText: /^the last\s*$/ })).toBeInViewport();
  await expect(page.getByRole("button", { name: "To the end" })).toHaveCount(0);
});

test("letters open at the top of the newest, search hits at the message", async ({ club, member }) => {
  const { anna, boris } = await pair(member, club);
  const { page } = anna;
  const long = Array.from({ length: 80 }, (_, n) => `paragraph ${n}`).join("\n\n");
  const thread = await boris.write(anna.alias, "Two long letters", long);
  await boris.write(anna.alias, "", `needle\n\n${long}`, thread);
  await expect.poll(() => anna.unread()).toBe(2);
  await page.getByRole("link", { name: /Two long letters/ }).click();
  const letter = page.locator("[data-message]");
  await expect(letter.nth(0).getByText("paragraph 0", { exact: true })).toBeInViewport();
  // Its first screenful is read; the one below is not.
  await expect.poll(() => anna.unread()).toBe(1);
  await page.getByRole("button", { name: "1 unread" }).click();
  await expect(letter.getByText("needle")).toBeInViewport();
  await expect.poll(() => anna.unread()).toBe(0);
  await page.getByRole("link", { name: /^Pings/ }).click();
  await page.getByRole("link", { name: /^Letters/ }).click();
  await page.getByRole("link", { name: /Two long letters/ }).click();
  await expect(letter.getByText("needle")).toBeInViewport();
  await scroller(page).evaluate((element) => (element.scrollTop = 0));
  await page.getByRole("searchbox").fill("needle");
  await page.getByRole("link", { name: /Two long letters/ }).click();
  await expect(letter.getByText("needle")).toBeInViewport();
});

test("long list is virtual, and every row can be reached", async ({ club, member }) => {
  test.setTimeout(120_000);
  const { anna, boris } = await pair(member, club);
  const { page } = anna;
  for (let n = 0; n < THREADS; n += 1) await boris.write(anna.alias, `subject ${n}`, "text");
  await expect.poll(() => anna.unread(), { timeout: 60_000 }).toBe(THREADS);
  const list = page.locator(".list-pane .scroll");
  await expect(async () => {
    await list.evaluate((element) => (element.scrollTop = 1e9));
    await expect(page.getByRole("link", { name: /subject 0\b/ })).toBeInViewport({ timeout: 200 });
  }).toPass();
  expect(await rows(page, "[data-row]")).toBeLessThanOrEqual(120);
  await expect(page.getByRole("button", { name: "Show older letters" })).toHaveCount(0);
  await list.evaluate((element) => (element.scrollTop = 0));
  await expect(page.getByRole("link", { name: new RegExp(`subject ${THREADS - 1}\\b`) })).toBeInViewport();
  expect(await rows(page, "[data-row]")).toBeLessThanOrEqual(120);
  // A window that grows is full of rows at once.
  await page.setViewportSize({ width: 1280, height: 400 });
  await page.setViewportSize({ width: 1280, height: 2400 });
  await expect.poll(() => wholeRows(page)).toBeGreaterThanOrEqual(36);
  await page.setViewportSize({ width: 1280, height: 720 });

  await page.getByRole("searchbox").fill("text");
  await expect(page.locator(".list-pane [data-row]")).toHaveCount(50);
  await page.getByRole("button", { name: "Show more letters" }).click();
  await expect(page.locator(".list-pane [data-row]")).toHaveCount(100);

  // Somebody's page has all their letters, not only those that the list has loaded.
  await page.reload();
  await page.getByRole("link", { name: /^People/ }).click();
  await page.getByRole("link", { name: boris.alias }).click();
  const body = page.locator(".page-body");
  await expect(async () => {
    await body.evaluate((element) => (element.scrollTop = 1e9));
    await expect(body.getByRole("link", { name: /subject 0\b/ })).toBeInViewport({ timeout: 200 });
  }).toPass();
});

test("pictures are laid out before they load, and one with too many points stays a file", async ({ club, member }) => {
  const { anna, boris } = await pair(member, club);
  const { page } = anna;
  const small = join(boris.home, "small.png");
  const points = join(boris.home, "points.png");
  await writeFile(small, png(1200, 900, 900));
  await writeFile(points, png(20_000, 20_000, 40));
  await boris.run("send", "--to", anna.alias, "--subject", "Pictures", "--attach", small, "--attach", points, "Look");
  const thread = ((await boris.run("inbox")) as { id: number }[])[0]?.id ?? 0;
  for (let n = 0; n < 3; n += 1) await boris.run("reply", String(thread), "--attach", small, `picture ${n}`);
  await expect.poll(() => anna.unread()).toBe(4);
  await anna.run("read", "1");

  // The bytes of pictures come when the test lets them.
  let release = (): void => {};
  const held = new Promise<void>((go) => (release = go));
  const asked: string[] = [];
  await page.route(/\/api\/attachments\/\d+\?inline=1/, async (route) => {
    asked.push(route.request().url());
    await held;
    await route.continue();
  });
  await page.getByRole("link", { name: /Pictures/ }).click();
  await page.keyboard.press("v");
  const images = page.locator("[data-message] img");
  await expect(images).toHaveCount(4);
  for (const box of await images.evaluateAll((all) => all.map((img) => [(img as HTMLElement).offsetWidth, (img as HTMLElement).offsetHeight]))) expect(box).toEqual([420, 315]);
  await scrollTo(page, 1e9, "picture 2");
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  release();
  await expect.poll(() => images.last().evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth)).toBe(1200);
  await expect(page.locator(".prose", { hasText: "picture 2" })).toBeInViewport();
  expect(new Set(asked).size).toBeLessThanOrEqual(4);

  await expect(page.getByText("20,000 × 20,000 points")).toHaveCount(1);
  await expect(page.getByRole("link", { name: /Save .points.png/ })).toHaveCount(1);
  await boris.run("reply", String(thread), "--attach", small);
  await expect(page.getByRole("link", { name: /Pictures/ })).toContainText("A file");
});

test("thread with invalid data opens", async ({ club, member }) => {
  const { anna, boris } = await pair(member, club);
  const { page } = anna;
  await boris.write(anna.alias, "Odd", "still readable");
  await expect.poll(() => anna.unread()).toBe(1);
  // The real answer, with parties that share an id and a time beyond all clocks.
  await page.route("**/api/command", async (route) => {
    if (!route.request().postData()?.includes('"cmd":"thread"')) return route.continue();
    const response = await route.fetch();
    const answer = (await response.json()) as { ok: { value: { row: { parties: object[]; last_at_ms: number }; messages: { at_ms: number }[] } } };
    const { row, messages } = answer.ok.value;
    row.parties = row.parties.flatMap((party) => [party, party, { ...party, kind: "group" }]);
    for (const message of messages) message.at_ms = 9e18;
    await route.fulfill({ response, json: answer });
  });
  await page.getByRole("link", { name: /Odd/ }).click();
  await expect(page.locator(".prose")).toContainText("still readable");
  await expect(page.getByRole("heading", { name: "Odd" })).toBeVisible();
});

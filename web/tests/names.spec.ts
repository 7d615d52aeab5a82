// Names chosen by others: however long, and from right to left, they do not break the layout or reorder text.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { expect, introduce, type Member, test } from "./fixture";

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 375, height: 720 };

/** What stands outside of the window or of the pane that holds it; what scrolls sideways by itself is meant to. */
function outside(): string[] {
  const found: string[] = [];
  const name = (element: Element): string => `${element.tagName.toLowerCase()}.${element.className.toString()} “${(element.textContent || element.getAttribute("aria-label") || "").trim().slice(0, 30)}”`;
  for (const element of document.querySelectorAll("body *")) {
    if (!(element instanceof HTMLElement) || !element.checkVisibility() || element.closest(".hidden, pre, table, svg")) continue;
    const { left, right, width } = element.getBoundingClientRect();
    const clips = (e: Element): boolean => getComputedStyle(e).textOverflow === "ellipsis" && e.tagName !== "INPUT";
    if (width > 0 && !element.parentElement?.closest("*:is(.clip, .clip *)") && (left < -1 || right > innerWidth + 1)) found.push(`off the window: ${name(element)}`);
    const { overflowX } = getComputedStyle(element);
    if (overflowX !== "visible" && !clips(element) && !/^(INPUT|TEXTAREA)$/.test(element.tagName) && element.scrollWidth > element.clientWidth + 1) found.push(`does not fit: ${name(element)}`);
  }
  // Of what is cut, the beginning is seen.
  for (const line of document.querySelectorAll(".clip")) {
    const texts = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
    let first = texts.nextNode();
    while (first && !first.textContent?.trim()) first = texts.nextNode();
    if (!first || !line.checkVisibility()) continue;
    const range = document.createRange();
    range.setStart(first, 0);
    range.setEnd(first, 1);
    const [letter, box] = [range.getBoundingClientRect(), line.getBoundingClientRect()];
    if (letter.width > 0 && (letter.left < box.left - 1 || letter.right > box.right + 1)) found.push(`begins out of sight: ${name(line)}`);
  }
  return found;
}

/** Where letters from right to left stand together with other words, which they would turn around. */
function turned(theirs: string[]): string[] {
  const rtl = /[\u0590-\u05ff]/;
  const found: string[] = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (!rtl.test(text.textContent ?? "") || text.parentElement?.closest("script, style, .prose")) continue;
    const owner = text.parentElement?.closest("bdi, [dir=auto]");
    const words = owner?.textContent?.trim() ?? text.textContent?.replace(/\u2068[^\u2069]*\u2069/g, "") ?? "";
    if (rtl.test(words) && words.length > 1 && !theirs.includes(words)) found.push(`in a text: ${text.textContent?.trim().slice(0, 60)}`);
  }
  for (const element of document.querySelectorAll("[aria-label], [title], [alt]")) {
    for (const name of ["aria-label", "title", "alt"]) {
      const value = element.getAttribute(name) ?? "";
      if (!theirs.includes(value) && rtl.test(value.replace(/\u2068[^\u2069]*\u2069/g, ""))) found.push(`in ${name}: ${value.slice(0, 60)}`);
    }
  }
  return found;
}

/** What others have chosen, as the member sees it. */
const theirs: string[] = [];

/** Looks at a page in a wide and in a narrow window. */
async function fits(page: Page, where: string): Promise<void> {
  expect.soft(await page.evaluate(turned, theirs), where).toEqual([]);
  for (const size of [WIDE, NARROW]) {
    await page.setViewportSize(size);
    expect.soft(await page.evaluate(outside), `${where}, ${size.width} wide`).toEqual([]);
  }
  await page.setViewportSize(WIDE);
}

/** A name without a place to break it. */
const long = (beginning: string, length: number): string => beginning + "abcdefghij".repeat(Math.ceil(length / 10)).slice(0, length - beginning.length);

async function attached(member: Member, names: string[]): Promise<string[]> {
  const files = names.map((name) => join(member.home, name));
  await Promise.all(files.map((file) => writeFile(file, "content")));
  return files.flatMap((file) => ["--attach", file]);
}

test("long and right-to-left names push nothing off the screen", async ({ club, member }) => {
  test.setTimeout(120_000);
  const anna = await (await member(long("Anna", 230))).join(club);
  const boris = await (await member(long("בוריס", 220))).join(club);
  await introduce(anna, boris);
  const words = long("מילים", 120);
  const group = long("גננים", 180);
  await boris.run("invite", group, anna.alias, words);
  const subject = long("נושא", 250);
  const files = ["one", "שתיים", "three"].map((name) => `${long(name, 200)}.pdf`);
  const [another, other] = [long("בורי ואחר", 200), long("אחר", 150)];
  theirs.splice(0, Infinity, boris.alias, group, subject, words, another, other, ...files);
  await boris.run("send", "--to", anna.alias, "--subject", subject, ...(await attached(boris, files)), long("Text", 500));
  const { page } = anna;
  const go = (where: string): Promise<unknown> => page.goto(`${anna.origin}/#/1/${where}`);

  await page.getByRole("link", { name: new RegExp(subject) }).click();
  await expect(page.getByRole("link", { name: /^Save/ })).toHaveCount(3);
  await fits(page, "letters");
  await page.keyboard.press("v");
  await expect(page.getByRole("link", { name: /^Save/ })).toHaveCount(3);
  await fits(page, "chat");
  await page.keyboard.press("v");

  await page.locator("input[type=file]").setInputFiles(files.slice(0, 2).map((name) => ({ name, mimeType: "application/pdf", buffer: Buffer.from("content") })));
  await expect(page.getByRole("button", { name: /^Take .* out/ })).toHaveCount(2);
  await fits(page, "reply");
  await page.getByRole("button", { name: "Who reads this thread" }).click();
  // Two readers, three files.
  await expect(page.getByRole("dialog").getByRole("listitem")).toHaveCount(5);
  await fits(page, "readers");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Forward this thread" }).click();
  await page.keyboard.type("בורי");
  await expect(page.getByRole("dialog").getByRole("option")).toHaveCount(1);
  await fits(page, "forward");
  await page.keyboard.type(another.slice("בורי".length));
  await page.keyboard.press("Enter");
  await fits(page, "forward to a stranger");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.getByRole("textbox", { name: /^Reply/ }).fill(long("Answer", 300));
  await page.keyboard.press("Control+Enter");
  await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  await fits(page, "undo");
  await page.getByRole("button", { name: "Send now" }).click();

  await page.getByRole("searchbox").fill("גננים");
  await expect(page.getByText("In letters").or(page.getByRole("heading", { name: "Pings" })).first()).toBeVisible();
  await fits(page, "search");
  await page.getByRole("searchbox").fill(long("אין", 120));
  await expect(page.getByText("Nothing found for")).toBeVisible();
  await fits(page, "nothing found");
  await page.keyboard.press("Escape");

  await page.getByRole("link", { name: /^Pings/ }).click();
  await page.getByRole("link", { name: /^.*Invitation to/ }).click();
  await expect(page.getByRole("button", { name: "Join the group" })).toBeVisible();
  await fits(page, "door");
  await page.getByRole("button", { name: "Join the group" }).click();
  await page.getByRole("link", { name: "Write a letter" }).click();
  await page.getByRole("combobox", { name: "To" }).fill(`${other},`);
  await page.getByLabel("Subject").fill(subject);
  await page.locator("form input[type=file]").setInputFiles(files.slice(0, 2).map((name) => ({ name, mimeType: "application/pdf", buffer: Buffer.from("content") })));
  await expect(page.getByRole("button", { name: /^Take .* out/ })).toHaveCount(2);
  await fits(page, "new letter");
  await page.getByRole("link", { name: /^Drafts/ }).click();
  await expect(page.getByRole("list", { name: "Drafts" }).getByRole("link")).toHaveCount(1);
  await fits(page, "drafts");
  await go(`people/${encodeURIComponent((await anna.command<{ uid: string }[]>("contacts"))[0]?.uid ?? "")}`);
  await expect(page.getByRole("heading", { name: "Your letters with them" })).toBeVisible();
  await fits(page, "person");
  await page.getByRole("button", { name: "Remove from the address book" }).click();
  await fits(page, "remove a person");
  await page.keyboard.press("Escape");
  await go(`groups/${encodeURIComponent(group)}`);
  await expect(page.getByRole("heading", { name: "Members" })).toBeVisible();
  await fits(page, "group");
  await page.getByRole("button", { name: "Leave group" }).click();
  await fits(page, "leave a group");
  await page.getByRole("button", { name: "Leave", exact: true }).click();
  await expect(page.getByRole("button", { name: "Join again" })).toBeVisible();
  for (const place of ["letters", "pings", "people", "groups", "drafts", "service"]) {
    await go(place);
    await expect(page.getByRole("navigation", { name: "Sections" })).toBeVisible();
    await fits(page, `list of ${place}`);
  }
  await go(`pings/new/${encodeURIComponent(boris.alias)}`);
  await fits(page, "new ping");
});

/** Where the first and the last letter of a line stand in their paragraph: 0 is its left, 1 its right. */
function ends(line: string): { first: number; last: number } {
  const texts = document.createTreeWalker(document.querySelector(".prose") ?? document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const at = text.textContent?.indexOf(line) ?? -1;
    const box = text.parentElement?.closest("p, li")?.getBoundingClientRect();
    if (at < 0 || !box) continue;
    const where = (from: number): number => {
      const range = document.createRange();
      range.setStart(text, from);
      range.setEnd(text, from + 1);
      const { left, right } = range.getBoundingClientRect();
      return ((left + right) / 2 - box.left) / box.width;
    };
    return { first: where(at), last: where(at + line.length - 1) };
  }
  throw new Error(`not there: ${line}`);
}

test("each line of a letter has its own text direction", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  const left = ["Dear Anna (and all),", "Second of a paragraph!", "An item.", "Quoted."];
  const right = ["שלום (לכולם),", "שורה שנייה!", "פריט.", "ציטוט."];
  await boris.run("send", "--to", anna.alias, "--subject", "Two ways", `${left[0]}\n\n${right[0]}\n\n${left[1]}\n${right[1]}\n\n- ${left[2]}\n- ${right[2]}\n\n> ${left[3]}\n>\n> ${right[3]}`);
  const { page } = anna;
  await page.getByRole("link", { name: /Two ways/ }).click();
  for (const look of ["letters", "chat"]) {
    await expect(page.locator(`.messages.${look} .prose`)).toContainText("Quoted.");
    for (const line of left) {
      const { first, last } = await page.evaluate(ends, line);
      expect(first, `${line} in ${look}`).toBeLessThan(last);
      expect(first, `${line} in ${look}`).toBeLessThan(0.1);
    }
    for (const line of right) {
      const { first, last } = await page.evaluate(ends, line);
      expect(first, `${line} in ${look}`).toBeGreaterThan(last);
      expect(first, `${line} in ${look}`).toBeGreaterThan(0.9);
    }
    await page.keyboard.press("v");
  }
});

// A letter styled by its Markdown while it is typed: in step with the field, and in nobody's way.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { expect, type Member, test } from "./fixture";

const field = (page: Page) => page.getByRole("textbox", { name: "Letter" });
const layer = (page: Page) => page.locator(".layer");

async function writing(club: Parameters<Member["join"]>[0], member: (name: string, options?: object) => Promise<Member>, options: object = {}): Promise<Page> {
  const { page } = await (await member("Anna", options)).join(club);
  await page.getByRole("link", { name: /^Letters/ }).first().waitFor();
  await page.keyboard.press("c");
  await field(page).waitFor();
  await expect(layer(page)).toHaveCount(1);
  return page;
}

/** Puts a long text there at once, as pasting does: typing it takes the browser long. */
const put = (page: Page, text: string): Promise<void> =>
  field(page).evaluate((area: HTMLTextAreaElement, text) => {
    area.value = text;
    area.dispatchEvent(new InputEvent("input", { inputType: "insertFromPaste", bubbles: true }));
  }, text);

/** Whether the letters of the field itself are painted. */
const painted = (page: Page): Promise<boolean> => field(page).evaluate((area) => getComputedStyle(area).webkitTextFillColor !== "rgba(0, 0, 0, 0)");

const LATIN = ["a", "boat", "**strong**", "_em_", "`code and code`", "[link](https://example.org/a/b)", "https://example.org/long/address/that/has/no/place/to/break", "~~no~~", "é", "fi ffl", "AVAToT", "  ", "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"];
const MIXED = [...LATIN, "שלום", "**עולם** טוב", "مرحبا", "*العالم*", "漢字かな交じり文", "👩‍🚀", "\t"];

/** A letter of many lines, of these words. */
function letterOf(words: string[], seed: number): string {
  const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
  const line = (): string => `${["", "", "", "# ", "- ", "> ", "1. ", "- [ ] "][random(8)]}${Array.from({ length: random(40) }, () => words[random(words.length)]).join(" ")}`;
  return `${Array.from({ length: 36 }, line).join("\n")}\n\`\`\`\nlet code = 1;  \n\`\`\`\n\n`;
}

test("letters lie where the field's would, whatever is written and however wide the page is", async ({ club, member }) => {
  const page = await writing(club, member);
  const sizes = (): Promise<number[][]> =>
    page.evaluate(() => [document.querySelector(".sheet textarea")!, document.querySelector(".layer")!].map((one) => [one.scrollHeight, one.clientWidth, one.clientHeight, one.getBoundingClientRect().left]));
  for (const [words, seed] of [[LATIN, 11], [MIXED, 11], [MIXED, 5]] as const) {
    const text = letterOf([...words], seed);
    await put(page, text);
    for (const width of [1280, 700, 390, 320]) {
      await page.setViewportSize({ width, height: 800 });
      const [area, behind] = await sizes();
      expect(area![0]).toBeGreaterThan(1800);
      expect(behind!.slice(1)).toEqual(area!.slice(1));
      // A line that both do not break alike makes the text plain. Where there is room, none of Latin letters does.
      if (words === LATIN && width >= 390) expect(behind, `${width}`).toEqual(area);
      await expect.poll(() => painted(page), { message: `${width}` }).toBe(behind![0] !== area![0]);
      // Both are where the reader scrolled to.
      await field(page).evaluate((area) => (area.scrollTop = 1234));
      await expect.poll(() => layer(page).evaluate((one) => one.scrollTop)).toBe(1234);
    }
    // Line by line as a program reads them.
    expect(await layer(page).evaluate((one) => [...one.children].map((line) => line.textContent).join("\n"))).toBe(text);
  }
});

test("what is typed, pasted and undone is styled at once, and input methods show their own text", async ({ club, member }) => {
  const page = await writing(club, member);
  const area = field(page);
  await area.focus();
  expect(await painted(page)).toBe(true);
  await page.keyboard.type("A **bold** word");
  await expect(layer(page).locator(".md-strong")).toHaveText("bold");
  await expect(layer(page).locator(".md-mark")).toHaveText(["**", "**"]);
  expect(await painted(page)).toBe(false);
  await page.getByRole("toolbar", { name: "Format" }).getByRole("button", { name: "List" }).click();
  await expect(layer(page).locator(".md-bullet")).toHaveText("- ");
  await page.keyboard.press("Control+z");
  await expect(layer(page).locator(".md-bullet")).toHaveCount(0);
  // A block of code that is opened above changes what stands below, and back.
  await page.keyboard.press("End");
  await page.keyboard.type("\nnot *this*");
  await page.keyboard.press("Control+Home");
  await page.keyboard.insertText("```\n");
  await expect(layer(page).locator(".md-code")).toHaveText(["A **bold** word", "not *this*"]);
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Backspace");
  await expect(layer(page).locator(".md-code")).toHaveCount(0);
  await expect(layer(page).locator(".md-em")).toHaveText("this");
  await area.fill("");
  await expect.poll(() => painted(page)).toBe(true);

  // An input method draws what it composes, with its own marks.
  await area.fill("**a** ");
  await area.focus();
  const session = await page.context().newCDPSession(page);
  await session.send("Input.imeSetComposition", { text: "かな", selectionStart: 2, selectionEnd: 2 });
  await expect(area).toHaveValue("**a** かな");
  expect(await painted(page)).toBe(true);
  await expect(layer(page)).toBeHidden();
  await session.send("Input.insertText", { text: "仮名" });
  await expect(area).toHaveValue("**a** 仮名");
  await expect.poll(() => painted(page)).toBe(false);
  await expect(layer(page)).toContainText("**a** 仮名");

  // Nobody but the eye meets the layer.
  await expect(layer(page)).toHaveAttribute("aria-hidden", "true");
  expect(await area.evaluate((one: HTMLTextAreaElement) => one.spellcheck)).toBe(true);
  const { violations } = await new AxeBuilder({ page }).include("form").analyze();
  expect(violations.filter((one) => one.impact === "serious" || one.impact === "critical").map((one) => one.id)).toEqual([]);
});

test("a very long letter, a touch screen and the system's colours have it plain", async ({ club, member }) => {
  const page = await writing(club, member);
  await put(page, "**a** line\n".repeat(1500));
  await expect(layer(page).locator(".md-strong").first()).toHaveText("a");
  expect(await painted(page)).toBe(false);
  await put(page, "**a** line\n".repeat(2000));
  await expect.poll(() => painted(page)).toBe(true);
  await put(page, "**a**");
  await expect.poll(() => painted(page)).toBe(false);
  await page.emulateMedia({ forcedColors: "active" });
  expect(await painted(page)).toBe(true);
  await expect(layer(page)).toBeHidden();

  const touch = await writing(club, member, { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });
  await field(touch).fill("**a**");
  expect(await painted(touch)).toBe(true);
  await expect(layer(touch)).toBeHidden();
});

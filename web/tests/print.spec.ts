// A thread on paper: who, when and what, black on white, with where links lead, and one letter alone.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { expect, introduce, type Member, test } from "./fixture";
import { png } from "./picture";

const RICH = `# Plan

See [the map](https://example.org/map?a=1), https://example.org/plain and [x@example.org](mailto:x@example.org).

| what | who |
|---|---|
| oars | Björn |

\`\`\`
gate 4711, a line of code that is much longer than any sheet of paper is wide, and goes on, and on, and on, and on
\`\`\`

> quoted

שלום עולם, **חשוב**.

![plan](this_u:plan.png)`;

type Club = Parameters<Member["join"]>[0];

async function printed(club: Club, member: (name: string, options?: object) => Promise<Member>): Promise<{ ada: Member; boris: Member }> {
  const ada = await (await member("Ada", { colorScheme: "dark", viewport: { width: 1600, height: 900 } })).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(ada, boris);
  const plan = join(boris.home, "plan.png");
  await writeFile(plan, png(1200, 900, 900));
  await boris.run("send", "--to", ada.alias, "--subject", "Regatta", "--attach", plan, RICH);
  const thread = ((await boris.run("inbox")) as { id: number }[])[0]?.id ?? 0;
  await boris.write("", "", `${"A paragraph of a letter that is long. ".repeat(8)}\n\n`.repeat(30), thread);
  await expect.poll(() => ada.unread()).toBe(2);
  const own = (await ada.command<{ id: number }[]>("threads", {}))[0]?.id;
  await ada.write("", "", "Thank you. The second one of mine.", own);
  await ada.run("read", "1");
  await ada.page.locator("[data-row]").first().click();
  await expect(ada.page.locator("[data-folded]")).toHaveCount(2);
  return { ada, boris };
}

/** Colours of what is written, and of what it is written on. */
const colours = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const found = new Set<string>();
    for (const element of document.querySelectorAll("main *, main, body")) {
      if (!element.checkVisibility() || element.closest("img, svg")) continue;
      const style = getComputedStyle(element);
      if ([...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim())) found.add(`ink ${style.color}`);
      if (style.backgroundColor !== "rgba(0, 0, 0, 0)") found.add(`ground ${style.backgroundColor}`);
    }
    return [...found].toSorted();
  });

test("a thread is printed as a document, also from a dark screen", async ({ club, member }) => {
  const { ada, boris } = await printed(club, member);
  const { page } = ada;
  // Asked for by its name; the browser's own way does the same.
  await page.evaluate(() => Object.assign(window, { print: () => Object.assign(window, { asked: document.querySelectorAll("[data-folded]").length }) }));
  await page.keyboard.press("Control+k");
  await page.keyboard.type("print");
  await expect(page.getByRole("dialog").getByRole("option").first()).toContainText("Print this thread");
  await page.keyboard.press("Enter");
  // Nothing is folded when the browser prints, and the picture has come.
  await expect.poll(() => page.evaluate(() => (window as { asked?: number }).asked)).toBe(0);
  expect(await page.locator(".prose img").evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth)).toBe(1200);
  const pdf = (await page.pdf({ format: "A4", ...(process.env["PRINTED"] ? { path: `${process.env["PRINTED"]}/letters.pdf` } : {}) })).toString("latin1");
  expect(pdf.match(/\/Type\s*\/Page\b/g)?.length).toBeGreaterThan(2);

  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await expect(page.getByRole("heading", { level: 1, name: "Regatta" })).toBeVisible();
  expect(await colours(page)).toEqual(["ground rgb(255, 255, 255)", "ink rgb(17, 17, 17)"]);
  const letters = page.locator("[data-message]");
  await expect(letters).toHaveCount(3);
  const year = String(new Date().getFullYear());
  for (const [n, author] of [boris.alias, boris.alias, ada.alias].entries()) {
    const seen = await letters.nth(n).evaluate((one) => (one as HTMLElement).innerText);
    expect(seen).toContain(author);
    expect(seen).toContain(year);
  }
  // Only where the words are not the address itself.
  const addresses = await page.locator(".prose a").evaluateAll((links) => links.map((link) => [(link as HTMLElement).dataset["address"] ?? "", getComputedStyle(link, "::after").content !== "none"]));
  expect(addresses).toEqual([["https://example.org/map?a=1", true], ["", false], ["", false]]);
  for (const gone of [".list-pane", ".rail", ".reply", ".switch", ".avatar", "main button", "[role=toolbar]"]) expect(await page.locator(gone).filter({ visible: true }).count(), gone).toBe(0);
  // Nothing is wider than the sheet.
  await page.setViewportSize({ width: 673, height: 1000 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(673);

  // Afterwards it is on the screen as it was.
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  await page.emulateMedia({ media: "screen" });
  await expect(page.locator("[data-folded]")).toHaveCount(2);
});

test("one letter is printed alone, and a chat with who said what when", async ({ club, member }) => {
  const { ada, boris } = await printed(club, member);
  const { page } = ada;
  await page.evaluate(() => Object.assign(window, { print: () => Object.assign(window, { asked: true }) }));
  const last = page.locator("[data-message]").last();
  await last.hover();
  await last.getByRole("button", { name: "More for this message" }).click();
  await page.getByRole("menuitem", { name: "Print this letter" }).click();
  await expect.poll(() => page.evaluate(() => (window as { asked?: boolean }).asked)).toBe(true);
  await page.emulateMedia({ media: "print" });
  await expect(page.locator("[data-message]").filter({ visible: true })).toHaveCount(1);
  expect(await last.evaluate((one) => (one as HTMLElement).innerText)).toContain(ada.alias);
  await expect(page.getByRole("heading", { level: 1, name: "Regatta" })).toBeVisible();
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  await expect(page.locator("[data-message]:not([data-folded])").filter({ visible: true })).toHaveCount(1);
  await page.emulateMedia({ media: null });

  await page.keyboard.press("v");
  await expect(page.locator(".messages.chat")).toBeVisible();
  if (process.env["PRINTED"]) await page.pdf({ format: "A4", path: `${process.env["PRINTED"]}/chat.pdf` });
  await page.emulateMedia({ media: "print" });
  expect(await colours(page)).toEqual(["ground rgb(255, 255, 255)", "ink rgb(17, 17, 17)"]);
  for (const [n, author] of [boris.alias, boris.alias, ada.alias].entries()) await expect(page.locator("[data-message]").nth(n).locator(".author")).toHaveText(author);
});

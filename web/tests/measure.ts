// Measures of what is on a page, and a member with letters to measure.
import type { Locator, Page } from "@playwright/test";

import { expect, introduce, type Member } from "./fixture";

export const box = async (one: Locator): Promise<{ x: number; y: number; width: number; height: number }> => (await one.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
export const style = (one: Locator, property: string): Promise<string> => one.evaluate((element, property) => getComputedStyle(element).getPropertyValue(property), property);

/** Ada with so many threads of one letter, from Boris. */
export async function letters(club: Parameters<Member["join"]>[0], member: (name: string, options?: object) => Promise<Member>, count: number, options = {}): Promise<{ ada: Member; boris: Member }> {
  const ada = await (await member("Ada", options)).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(ada, boris);
  for (let n = 0; n < count; n += 1) await boris.write(ada.alias, `Letter ${n}`, "One line.");
  await expect(ada.page.locator("[data-row]")).toHaveCount(count, { timeout: 30_000 });
  return { ada, boris };
}

/** Rows that are whole on screen. */
export const wholeRows = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const scroller = document.querySelector(".list-pane .scroll")!.getBoundingClientRect();
    return [...document.querySelectorAll("[data-row]")].filter((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return top >= scroller.top && bottom <= Math.min(scroller.bottom, innerHeight);
    }).length;
  });

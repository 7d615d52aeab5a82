// Measures of what is on a page, and a member with letters to measure.
import type { Locator, Page } from "@playwright/test";

import { expect, introduce, type Member } from "./fixture";

export const box = async (one: Locator): Promise<{ x: number; y: number; width: number; height: number }> => (await one.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
export const style = (one: Locator, property: string): Promise<string> => one.evaluate((element, property) => getComputedStyle(element).getPropertyValue(property), property);

type Club = Parameters<Member["join"]>[0];
type Make = (name: string, options?: object) => Promise<Member>;

/** Ada with a thread of one letter for each subject, in this order, from Boris. */
export async function threads(club: Club, member: Make, subjects: readonly string[], options = {}): Promise<{ ada: Member; boris: Member }> {
  const ada = await (await member("Ada", options)).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(ada, boris);
  for (const [n, subject] of subjects.entries()) {
    await boris.write(ada.alias, subject, `Text of ${subject}.`);
    await expect(ada.page.locator("[data-row]")).toHaveCount(n + 1);
  }
  return { ada, boris };
}

/** The same with so many threads, whatever their subjects. */
export const letters = (club: Club, member: Make, count: number, options = {}): Promise<{ ada: Member; boris: Member }> =>
  threads(
    club,
    member,
    Array.from({ length: count }, (_, n) => `Letter ${n}`),
    options,
  );

/** Rows that are whole on screen. */
export const wholeRows = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const scroller = document.querySelector(".list-pane .scroll")!.getBoundingClientRect();
    return [...document.querySelectorAll("[data-row]")].filter((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return top >= scroller.top && bottom <= Math.min(scroller.bottom, innerHeight);
    }).length;
  });

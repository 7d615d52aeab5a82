// Three windows on one reply, typing, sending and being asked at random, while the app is killed: every
// character that reached a window is in the draft, in a message, or shown in a window that asks. Each is
// another character, so that none is taken for another. `SEEDS=1-50` plays more than one round.
import type { Page } from "@playwright/test";

import { expect, test } from "./fixture";
import { reply, thread } from "./writing";

const [FIRST = 1, LAST = FIRST] = (process.env["SEEDS"] ?? "1").split("-").map(Number);
const ROUND_MS = 5000;
const FIRST_CHARACTER = 0x4e00;

/** Numbers from 0 to 1 that follow from a seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

test("three windows editing one draft at random lose no character", async ({ club, member }) => {
  test.setTimeout(60_000 + (LAST - FIRST + 1) * 60_000);
  const { anna, id } = await thread(club, member);
  anna.forgive(/ERR_|status of 401/);
  await anna.page.keyboard.press("v");
  const windows = [anna.page];
  for (const width of [375, 1280]) {
    const page = await anna.page.context().newPage();
    await page.setViewportSize({ width, height: 800 });
    await page.goto(anna.page.url());
    windows.push(page);
  }
  for (const page of windows) {
    await expect(reply(page)).toBeVisible();
    await page.evaluate("globalThis.typed = ''; addEventListener('input', (event) => (typed += event.data ?? ''), true)");
  }
  let next = FIRST_CHARACTER;

  async function write(page: Page, chance: () => number, until: number): Promise<void> {
    const keep = page.getByRole("button", { name: "Keep both" });
    await reply(page).focus();
    while (Date.now() < until) {
      for (let left = chance() * 8; left > 0; left -= 1) {
        await page.keyboard.insertText(String.fromCharCode(next++));
        await pause(chance() * 120);
      }
      if (await keep.isVisible()) await keep.click({ timeout: 1000 }).catch(() => undefined);
      else if (chance() < 0.15) await page.keyboard.press("Enter");
      await reply(page).focus();
      await pause(chance() * (chance() < 0.5 ? 100 : 1200));
    }
  }

  for (let seed = FIRST; seed <= LAST; seed += 1) {
    const until = Date.now() + ROUND_MS;
    const writing = windows.map((page, n) => write(page, random(seed * 100 + n), until));
    const chance = random(seed);
    await pause(ROUND_MS * chance() * 0.6);
    await anna.killApp();
    await pause(chance() * 1500);
    await anna.startApp();
    await Promise.all(writing);

    const typed = (await Promise.all(windows.map((page) => page.evaluate("typed")))).join("");
    expect(typed.length).toBeGreaterThan(10);
    await expect(async () => {
      const asking = await Promise.all(windows.map((page) => page.getByRole("button", { name: "Keep both" }).count()));
      const shown = await Promise.all(windows.map(async (page, n) => (asking[n] ? reply(page).inputValue() : "")));
      const kept = [JSON.stringify(await anna.run("drafts")), JSON.stringify(await anna.run("read", String(id))), ...shown].join("");
      expect([...typed].filter((character) => !kept.includes(character)).join("")).toBe("");
    }).toPass({ timeout: 20_000 });
  }
});

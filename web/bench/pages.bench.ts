// Benchmark of the pages on a home of 100,000 threads and a million messages, the longest thread of 50,000.
//
// Times until something is painted are the page's own measures (`src/lib/marks.ts`). What an arrival, a message
// sent or a key costs the main thread is what the browser counts of it: the time of all its tasks, with layout
// and painting. Figures are written as JSON to BENCH_FIGURES.
import { execFile } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import type { CDPSession, Page } from "@playwright/test";

import { expect, introduce, type Member, test } from "../tests/fixture";
import { reply } from "../tests/writing";

const run = promisify(execFile);
const ROUNDS = 20;
/** Longer than the page takes to do what it is about to do. */
const SETTLES_MS = 700;
/** Longer than a draft waits to be saved. */
const SAVED_MS = 1500;
/** Longer than the app takes to give memory back once nobody asks it anything. */
const RESTS_MS = 100_000;
/** The longest letter that is styled, with markup in every line. */
const LETTER = "- A line with a **bold** word, `code` and an _emphasis_.\n".repeat(400).slice(0, 19_900);
const sizes = (process.env["BENCH_SIZES"] ?? "100000 1000000 50000").split(" ");

const figures: { what: string; unit: "ms" | "MiB"; median: number; most: number; goal: number | null }[] = [];

function note(what: string, unit: "ms" | "MiB", values: number[], goal: number | null): void {
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  figures.push({ what, unit, median, most: sorted.at(-1) ?? NaN, goal });
  console.log(`${what}: ${median.toFixed(1)} ${unit} (at most ${sorted.at(-1)?.toFixed(1)})${goal === null ? "" : `, goal ${goal}`}`);
}

/** What the page measures under a name from now on. */
async function observe(page: Page, name: string): Promise<() => Promise<number>> {
  await page.evaluate((name) => {
    const seen: number[] = [];
    Object.assign(globalThis, { seen });
    new PerformanceObserver((list) => seen.push(...list.getEntriesByName(name).map((e) => e.duration))).observe({ type: "measure" });
  }, name);
  let taken = 0;
  return async () => {
    await page.waitForFunction((taken) => (globalThis as unknown as { seen: number[] }).seen.length > taken, taken);
    const seen = await page.evaluate(() => (globalThis as unknown as { seen: number[] }).seen);
    taken = seen.length;
    return seen.at(-1) ?? NaN;
  };
}

/** Milliseconds that the main thread has worked so far. */
async function worked(session: CDPSession): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return 1000 * (metrics.find((metric) => metric.name === "TaskDuration")?.value ?? NaN);
}

/** Waits until the main thread has nothing to do. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((done) => requestIdleCallback(done)));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestIdleCallback(done))));
}

/** Bytes that only this process has, in MiB. */
async function memory(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]) / 1024;
}

async function filled(ada: Member): Promise<void> {
  const filler = process.env["LARGE_HOME_BIN"];
  if (filler === undefined) throw new Error("LARGE_HOME_BIN is not set");
  await ada.stopApp();
  await run(filler, [ada.home, ...sizes], { maxBuffer: 1 << 24 });
  console.log(`vault.db: ${((await stat(join(ada.home, "vault.db"))).size / 2 ** 20).toFixed(0)} MiB`);
  await ada.startApp();
}

test("pages of a large home", async ({ club, member, browser }) => {
  const ada = await (await member("Ada")).join(club);
  const bjorn = await (await member("Björn")).join(club);
  await introduce(ada, bjorn);
  await bjorn.write(ada.alias, "The longest thread", "It begins.");
  await expect.poll(() => ada.unread()).toBe(1);
  ada.forgive(/.*/);
  await filled(ada);
  // Its page would share a process with the one that is measured.
  await bjorn.page.close();
  const long = 1;

  const page = await ada.openPage();
  await ada.page.close();
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(page.locator("[data-row]").first()).toBeVisible();

  // Reload to the first row.
  const reloads: number[] = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    await page.reload();
    await page.waitForFunction(() => performance.getEntriesByName("first-row").length > 0);
    reloads.push(await page.evaluate(() => performance.getEntriesByName("first-row")[0]!.duration));
  }
  note("reload to the first row", "ms", reloads, 200);

  // From thread to thread.
  const switched = await observe(page, "thread");
  const switches: number[] = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    await page.locator("[data-row]").nth(1 + (i % 10)).click();
    switches.push(await switched());
    await settled(page);
  }
  note("switch to another thread", "ms", switches, 50);

  // The longest thread.
  const opened: number[] = [];
  const open = (): Promise<void> => page.evaluate((thread) => void (location.hash = `#/1/letters/${thread}`), long);
  for (let i = 0; i < ROUNDS; i += 1) {
    await open();
    opened.push(await switched());
    await settled(page);
    await page.locator("[data-row]").nth(1 + (i % 10)).click();
    await switched();
  }
  note("open the thread of 50,000", "ms", opened, 50);

  // Arrivals, messages sent and keys in it.
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  await open();
  await switched();
  await expect(reply(page)).toBeVisible();
  await settled(page);
  const cost = async (act: () => Promise<unknown>): Promise<number> => {
    const before = await worked(session);
    await act();
    // Whatever asks the page whether it is done would be measured too.
    await sleep(SETTLES_MS);
    return (await worked(session)) - before;
  };
  const each = async (what: string, goal: number | null, act: (round: number) => Promise<unknown>, prepare: (round: number) => Promise<unknown> = async () => {}): Promise<void> => {
    const costs: number[] = [];
    for (let i = 0; i < ROUNDS; i += 1) {
      await prepare(i);
      await sleep(SETTLES_MS);
      costs.push(await cost(() => act(i)));
    }
    note(what, "ms", costs, goal);
  };
  await each("nothing: the page at rest for so long, main thread", null, async () => {});
  await each("an arrival in the thread of 50,000, main thread", 16, (i) => bjorn.write("", "", `Arrival ${i}.`, 1));
  await expect(page.getByText(`Arrival ${ROUNDS - 1}.`, { exact: true }).first()).toBeVisible();
  await reply(page).focus();
  await each("a key in the reply, main thread", 16, () => page.keyboard.press("a"));
  await each(
    "a message sent in the thread of 50,000, main thread",
    16,
    () => page.keyboard.press("Control+Enter"),
    async (i) => {
      // Without the time to take it back, of which the bar counts every moment.
      await page.keyboard.press("Control+Enter");
      await reply(page).fill(`Sent ${i}.`);
      await sleep(SAVED_MS);
    },
  );
  await expect(page.locator("[data-message]").getByText(`Sent ${ROUNDS - 1}.`, { exact: true })).toBeVisible();

  // A long letter, styled by its Markdown.
  await page.evaluate(() => void (location.hash = "#/1/letters/new"));
  const letter = page.getByRole("textbox", { name: "Letter" });
  await letter.evaluate((area: HTMLTextAreaElement, text) => {
    area.value = text;
    area.dispatchEvent(new InputEvent("input", { inputType: "insertFromPaste", bubbles: true }));
  }, LETTER);
  await expect(page.locator(".layer .md-strong").first()).toBeAttached();
  await letter.evaluate((area: HTMLTextAreaElement) => area.setSelectionRange(area.value.length / 2, area.value.length / 2));
  await letter.focus();
  await each("a key in a new letter of 20 kB, styled, main thread", 16, () => page.keyboard.press("a"));
  await page.getByRole("button", { name: "Discard draft" }).click();
  await page.getByRole("button", { name: "Discard", exact: true }).click();

  // Search.
  const searched = await observe(page, "search");
  const field = page.locator("[data-key='search']");
  const searches: number[] = [];
  for (const word of ["harbour", "rowing", "bare", "reti", "sander"]) {
    await field.fill("");
    for (const letter of word) {
      await field.press(letter);
      searches.push(await searched());
      await settled(page);
    }
  }
  note("search, each key", "ms", searches, 60);
  await field.fill("");

  // Memory.
  const whole = await browser.newBrowserCDPSession();
  const { processInfo } = await whole.send("SystemInfo.getProcessInfo");
  const renderers = processInfo.filter((info) => info.type === "renderer");
  const ofPage = async (): Promise<number> => Math.max(...(await Promise.all(renderers.map((info) => memory(info.id)))));
  note("memory of the page's process, with what nobody has collected yet", "MiB", [await ofPage()], null);
  await session.send("HeapProfiler.collectGarbage");
  await sleep(SETTLES_MS);
  note("memory of the page's process", "MiB", [await ofPage()], 150);
  const { metrics } = await session.send("Performance.getMetrics");
  note("JavaScript's memory", "MiB", [(metrics.find((m) => m.name === "JSHeapUsedSize")?.value ?? NaN) / 2 ** 20], null);
  note("memory of mnm right after", "MiB", [await memory(ada.pid)], null);
  await page.close();
  await sleep(RESTS_MS);
  note("memory of mnm at rest", "MiB", [await memory(ada.pid)], 40);
  const path = process.env["BENCH_FIGURES"];
  if (path !== undefined) await writeFile(path, JSON.stringify(figures));
});

// Finding: what a search has found is marked in place, search in a thread, and filters in the words of the search.
import type { Page } from "@playwright/test";

import { type Club, expect, introduce, type Member, test } from "./fixture";
import { style } from "./measure";

async function pair(member: (name: string) => Promise<Member>, club: Club): Promise<[Member, Member]> {
  const anna = await (await member("Anna")).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  return [anna, boris];
}

const marked = (page: Page, name = "found"): Promise<string[]> => page.evaluate((name) => [...(CSS.highlights.get(name) ?? [])].map(String), name);

/** Whether a place that is marked is on screen. */
const inView = (page: Page, text: string, name = "found"): Promise<boolean> =>
  page.evaluate(
    ([text, name]) => {
      const screen = document.querySelector("main .scroller")!.getBoundingClientRect();
      const place = ([...(CSS.highlights.get(name!) ?? [])] as Range[]).find((range) => String(range) === text);
      const box = place?.getBoundingClientRect();
      return box !== undefined && box.height > 0 && box.top >= screen.top && box.bottom <= screen.bottom;
    },
    [text, name],
  );

const field = (page: Page) => page.getByRole("searchbox", { name: "Search all letters" });

test("a hit opens where the words stand, and they are marked there, as letters and as chat, in every script", async ({ club, member }) => {
  const [anna, boris] = await pair(member, club);
  const { page } = anna;
  const lines = "A line without it.\n\n".repeat(60);
  const thread = await boris.write(anna.alias, "Voyage", `${lines}The Caf\u00e9 **by** the Stra\u00dfe. ${lines}`);
  await boris.write("", "", "Just a cafe, no cafeteria; decafe\u0301.", thread);
  await boris.write("", "", `${lines}\u6211\u4eec\u660e\u5929\u5728\u56fe\u4e66\u9986\u95e8\u53e3 \u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f`, thread);
  await expect.poll(() => anna.unread()).toBe(3);

  await field(page).fill("\"cafe\" strasse");
  await page.locator(".snippet", { hasText: "Stra\u00dfe" }).click();
  await expect.poll(() => marked(page)).toEqual(["Caf\u00e9", "Stra\u00dfe", "cafe"]);
  await expect.poll(() => inView(page, "Caf\u00e9")).toBe(true);

  await page.getByRole("button", { name: "Chat", exact: true }).click();
  await expect.poll(() => marked(page)).toEqual(["Caf\u00e9", "Stra\u00dfe", "cafe"]);
  await page.getByRole("button", { name: "Letters", exact: true }).click();

  for (const [words, found] of [["\u56fe\u4e66\u9986", "\u56fe\u4e66\u9986"], ["\u0645\u062d\u0645\u062f", "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f"]] as const) {
    await field(page).fill(words);
    await page.locator(".snippet").first().click();
    await expect.poll(() => marked(page)).toEqual([found]);
    await expect.poll(() => inView(page, found)).toBe(true);
  }

  await field(page).fill("");
  await expect.poll(() => marked(page)).toEqual([]);
});

test("what stands in a subject is marked in the result and over the open thread", async ({ club, member }) => {
  const [anna, boris] = await pair(member, club);
  const { page } = anna;
  await boris.write(anna.alias, "A voyage to \u0141\u00f3d\u017a", "We leave on Sunday.");
  await expect.poll(() => anna.unread()).toBe(1);
  await field(page).fill("lodz voy");
  const row = page.locator(".list-pane [data-row]");
  await expect(row.locator("mark")).toHaveText(["voyage", "\u0141\u00f3d\u017a"]);
  await row.click();
  await expect(page.getByRole("heading", { level: 1, name: /voyage/ })).toBeVisible();
  await expect.poll(() => marked(page)).toEqual(["voyage", "\u0141\u00f3d\u017a"]);
});

test("the conditions of a search keep away from the bar above them", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const { page } = anna;
  for (const viewport of [{ width: 1280, height: 800 }, { width: 390, height: 844 }]) {
    await page.setViewportSize(viewport);
    await page.getByRole("searchbox", { name: "Search all letters" }).fill("oars");
    const [bar, chip] = await Promise.all([page.locator(".place-bar").boundingBox(), page.locator(".conditions .chip").first().boundingBox()]);
    expect(chip!.y - bar!.y - bar!.height, `${viewport.width}`).toBeGreaterThanOrEqual(8);
    // Its name is not cut by its corners.
    const order = page.getByRole("combobox", { name: "Order" });
    const [corner, pad] = await Promise.all(["border-start-start-radius", "padding-inline-start"].map(async (property) => parseFloat(await style(order, property))));
    expect(pad, `${viewport.width}`).toBeGreaterThanOrEqual(corner!);
  }
});

test("search in a long thread goes on to letters that are not loaded", async ({ club, member }) => {
  test.setTimeout(120_000);
  const [anna, boris] = await pair(member, club);
  const { page } = anna;
  const thread = await boris.write(anna.alias, "Logbook", "The anchor is up.");
  for (let n = 1; n < 130; n += 1) await boris.write("", "", `Day ${n} at sea.`, thread);
  await boris.write("", "", "The anchor is down.", thread);
  await expect.poll(() => anna.unread(), { timeout: 60_000 }).toBe(131);
  await anna.command("mark_read", { thread: 1 });
  await page.getByRole("link", { name: /Logbook/ }).click();
  await expect(page.getByText("The anchor is down.").last()).toBeVisible();

  await page.keyboard.press("Control+f");
  await page.keyboard.type("anchor");
  const count = page.getByRole("search").getByRole("status");
  await expect(count).toHaveText("1 of 1 and in 1 message further off");
  await page.keyboard.press("Shift+Enter");
  await expect.poll(() => inView(page, "anchor", "found-now")).toBe(true);
  await expect(page.getByText("The anchor is up.").last()).toBeInViewport();
  // On from there, and round.
  await page.keyboard.press("Enter");
  await expect(page.getByText("The anchor is down.").last()).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.getByText("The anchor is up.").last()).toBeInViewport();
  await page.keyboard.press("Escape");
  expect(await marked(page)).toEqual([]);
});

for (const [name, viewport] of [["wide", { width: 1280, height: 800 }], ["on a phone", { width: 390, height: 844 }]] as const) {
  test(`filters are chosen, written among the words, and kept as a tab, ${name}`, async ({ club, member }) => {
    const [anna, boris] = await pair(member, club);
    const { page } = anna;
    await page.setViewportSize(viewport);
    for (const subject of ["Oars", "Rudder"]) await boris.write(anna.alias, subject, `About the ${subject}.`);
    await expect.poll(() => anna.unread()).toBe(2);
    await anna.command("mark_read", { thread: (await anna.command<{ id: number }[]>("threads")).at(-1)!.id });
    const tag = (await anna.command<{ tags: { id: number }[] }>("save_tag", { account: 1, name: "Boat house", accent: 3 })).tags[0]!.id;
    await anna.command("tag_threads", { threads: (await anna.command<{ id: number }[]>("threads")).map(({ id }) => id), tag, on: true });

    await page.getByRole("combobox", { name: "Which threads" }).selectOption({ label: "Filter\u2026" });
    const bar = page.getByRole("group", { name: "Narrow the search" });
    await bar.getByRole("button", { name: "Unread" }).click();
    await expect(field(page)).toHaveValue("is:unread ");
    await expect(page.locator(".snippet")).toHaveText(["About the Rudder."]);
    await bar.getByRole("button", { name: "Unread" }).click();
    await expect(bar).toBeVisible();

    await bar.getByRole("combobox", { name: "From" }).selectOption({ label: boris.alias });
    await bar.getByRole("combobox", { name: "Tag" }).selectOption({ label: "Boat house" });
    await expect(field(page)).toHaveValue(`from:"${boris.alias}" tag:"Boat house" `);
    await expect(page.locator(".snippet")).toHaveCount(2);
    await bar.getByRole("combobox", { name: "When" }).selectOption({ label: "Last 7 days" });
    await expect(page.locator(".snippet")).toHaveCount(2);
    await bar.getByRole("combobox", { name: "When" }).selectOption({ label: "Choose days\u2026" });
    await bar.getByLabel("Before").fill("2001-02-03");
    await expect(page.getByText("Nothing found for")).toBeVisible();
    await bar.getByRole("combobox", { name: "When" }).selectOption({ label: "When" });
    await expect(field(page)).toHaveValue(`from:"${boris.alias}" tag:"Boat house" `);

    await field(page).press("End");
    await field(page).pressSequentially("oar");
    await expect(page.locator(".snippet")).toHaveText(["About the Oars."]);
    const words = await field(page).inputValue();
    await bar.getByRole("button", { name: "Keep" }).click();
    await field(page).fill("");
    // It comes before the lists that are opened less often.
    await page.locator(".tab.kept").click();
    await expect(field(page)).toHaveValue(words);
    await expect(page.locator(".snippet")).toHaveText(["About the Oars."]);
    await expect(bar.getByRole("combobox", { name: "Tag" })).toHaveValue("Boat house");
  });
}

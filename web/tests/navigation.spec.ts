// Search, groups, chat, keyboard, narrow screens, and accessibility (axe).
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { expect, introduce, type Member, test } from "./fixture";

async function pair(member: (name: string, options?: object) => Promise<Member>, club: Parameters<Member["join"]>[0], options: object = {}) {
  const anna = await (await member("Anna", options)).join(club);
  const boris = await (await member("Boris")).join(club);
  await introduce(anna, boris);
  return { anna, boris };
}

test("search finds letters, people and drafts and says where", async ({ club, member }) => {
  const { anna, boris } = await pair(member, club);
  await boris.run("send", "--to", anna.alias, "--subject", "Harvest report", "The **pumpkins** are <b>enormous</b> this year.");
  const { page } = anna;
  await expect(page.getByRole("link", { name: /Harvest report/ })).toBeVisible();

  await page.keyboard.press("/");
  await page.keyboard.type("enormous pump");
  const hit = page.getByRole("link", { name: /Harvest report/ });
  await expect(hit).toContainText("Test Club");
  await expect(hit).toContainText(boris.alias);
  await expect(hit.locator("mark").first()).toBeVisible();
  await hit.click();
  await expect(page.locator("[data-message]")).toContainText("enormous");

  await page.getByRole("searchbox").fill("boris");
  await expect(page.getByRole("link", { name: new RegExp(boris.alias) }).first()).toBeVisible();
  await page.getByRole("searchbox").fill("zzzz nothing");
  await expect(page.getByText("Nothing found for")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("searchbox")).toHaveValue("");
});

test("search goes on beyond a page, counts, narrows and marks in every script", async ({ club, member }) => {
  const { anna, boris } = await pair(member, club);
  const thread = await boris.write(anna.alias, "Logbook", "The anchor, page 0.");
  for (let n = 1; n < 60; n += 1) await boris.write("", "", `The anchor, page ${n}.`, thread);
  await boris.write(anna.alias, "会议", "我们明天在图书馆门口见面。");
  const { page } = anna;
  await expect(page.getByRole("link", { name: /会议/ })).toBeVisible();
  const field = page.getByRole("searchbox");
  const hits = page.locator(".snippet");

  await field.fill("anchor");
  await expect(page.getByRole("heading", { name: "In letters 50 of 60" })).toBeVisible();
  await page.getByRole("button", { name: "Show more letters" }).click();
  await expect(hits).toHaveCount(60);
  await page.getByRole("combobox", { name: "Order" }).selectOption({ label: "Newest first" });
  await expect(hits.first()).toContainText("page 59");

  await page.getByRole("button", { name: "With a file" }).click();
  await expect(field).toBeFocused();
  await expect(field).toHaveValue("anchor has:file ");
  await expect(page.getByText("Nothing found for")).toBeVisible();

  await field.fill("图书馆");
  await expect(hits.locator("mark")).toHaveText("图书馆");
  await expect(hits.locator("mark")).toHaveCSS("text-decoration-line", "underline");
});

test("group is created, joined, written to and left", async ({ club, member }) => {
  const { anna, boris } = await pair(member, club);
  const name = `Gardeners of ${anna.alias}`;

  await anna.page.getByRole("link", { name: /^Groups/ }).click();
  await anna.page.getByRole("link", { name: "New group" }).first().click();
  await expect(anna.page.getByLabel("Name of the group")).toBeFocused();
  await anna.page.getByLabel("Name of the group").fill(name);
  // In any case, as in the To of a letter.
  await anna.page.getByLabel("First person to invite").fill(boris.alias.toUpperCase());
  await anna.page.getByLabel("A few words").fill("Join us");
  await anna.page.getByRole("button", { name: "Invite" }).click();

  await boris.page.getByRole("link", { name: /^Pings/ }).click();
  await boris.page.getByRole("link", { name: `Invitation to ${name}` }).click();
  await boris.page.getByRole("button", { name: "Join the group" }).click();
  await boris.page.getByRole("link", { name: /^Groups/ }).click();
  await expect(boris.page.getByRole("link", { name })).toContainText("You are a member");

  await expect(anna.page.getByRole("listitem").filter({ hasText: boris.alias }).filter({ hasText: "Member" })).toBeVisible();
  await anna.page.getByRole("link", { name: "Write to the group" }).click();
  await anna.page.getByLabel("Subject").fill("Spring");
  await anna.page.getByRole("textbox", { name: "Letter" }).fill("To all gardeners.");
  await anna.page.keyboard.press("Control+Enter");
  await boris.page.getByRole("link", { name: /^Letters/ }).click();
  await boris.page.getByRole("link", { name: /Spring/ }).click();
  await expect(boris.page.locator(".prose")).toHaveText(/To all gardeners/);

  await boris.page.getByRole("link", { name: /^Groups/ }).click();
  await boris.page.getByRole("link", { name }).click();
  await boris.page.getByRole("button", { name: "Leave group" }).click();
  await boris.page.getByRole("button", { name: "Leave", exact: true }).click();
  await boris.page.getByRole("link", { name: /^Letters/ }).click();
  await boris.page.getByRole("link", { name: /Spring/ }).click();
  await boris.page.getByRole("button", { name: "Join again" }).click();
  await expect(boris.page.locator("[data-key='reply']")).toBeFocused();

  // Who left can be removed, so that they do not come back by themselves.
  await boris.run("leave", name);
  await anna.page.getByRole("link", { name: /^Groups/ }).click();
  await anna.page.getByRole("link", { name }).click();
  await expect(anna.page.getByRole("listitem").filter({ hasText: boris.alias }).filter({ hasText: "Left" })).toBeVisible();
  await anna.page.getByRole("button", { name: /^Remove / }).click();
  await anna.page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
  await expect(anna.page.getByText(`${boris.alias} is removed`)).toBeVisible();
  await boris.page.getByRole("link", { name: /^Groups/ }).click();
  await boris.page.getByRole("link", { name }).click();
  await expect(boris.page.getByText("You were removed from this group")).toBeVisible();
});

test("group of thousands shows its first members, and the rest page by page", async ({ club, member }) => {
  const { anna, boris } = await pair(member, club);
  const { page } = anna;
  const name = `Citizens of ${anna.alias}`;
  await anna.run("invite", name, boris.alias, "Join us");
  // The real answers, with a group of 450: the first 50 of them come with it.
  const all = Array.from({ length: 450 }, (_, n) => ({ alias: `Citizen ${String(n).padStart(3, "0")}`, standing: "joined" }));
  const asked: object[] = [];
  await page.route("**/api/command", async (route) => {
    const sent = route.request().postDataJSON() as { cmd: string; after?: { alias: string }; limit: number };
    if (sent.cmd === "groups") {
      const response = await route.fetch();
      const answer = (await response.json()) as { ok: { value: object[] } };
      answer.ok.value = answer.ok.value.map((group) => ({ ...group, known: all.length, joined: all.length, members: all.slice(0, 50) }));
      return route.fulfill({ response, json: answer });
    }
    if (sent.cmd !== "members") return route.continue();
    asked.push(sent);
    const response = await route.fetch();
    expect(response.ok(), await response.text()).toBe(true);
    const from = sent.after ? all.findIndex(({ alias }) => alias === sent.after?.alias) + 1 : 0;
    const members = all.slice(from, from + sent.limit);
    const next = from + sent.limit < all.length ? members.at(-1) : null;
    return route.fulfill({ response, json: { ok: { kind: "members", value: { members, next } } } });
  });
  await page.reload();
  await page.getByRole("link", { name: /^Groups/ }).click();
  await expect(page.getByRole("link", { name })).toContainText("450 members");
  await page.getByRole("link", { name }).click();
  const list = page.getByRole("list", { name: "Members" }).getByRole("listitem");
  await expect(list.first()).toHaveAttribute("aria-setsize", "50");
  await page.getByRole("button", { name: "Show more of 400 others" }).click();
  await expect(list.first()).toHaveAttribute("aria-setsize", "200");
  for (const left of [250, 50]) {
    const button = page.getByRole("button", { name: `Show more of ${left} others` });
    if (await button.isVisible()) await button.press("Enter");
    await expect(button).toHaveCount(0);
  }
  await expect(list.first()).toHaveAttribute("aria-setsize", "450");
  await page.locator(".page-body").evaluate((body) => body.scrollTo(0, body.scrollHeight));
  await expect(list.getByText("Citizen 449")).toBeVisible();
  expect(asked).toHaveLength(3);
});

test("thread can be shown as a chat, by keyboard", async ({ club, member }) => {
  const { anna, boris } = await pair(member, club);
  await boris.run("send", "--to", anna.alias, "--subject", "Lunch", "Are you coming?");
  const { page } = anna;
  await expect(page.getByRole("link", { name: /Lunch/ })).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page.locator(".prose")).toHaveText(/Are you coming/);
  await page.keyboard.press("v");
  await page.keyboard.press("r");
  await page.keyboard.type("In a minute");
  await page.keyboard.press("Enter");
  await expect(page.locator(".prose").getByText("In a minute")).toBeVisible();
  await expect(page.locator("[data-key=reply]")).toHaveValue("");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("d");
  await expect(page.getByText("No drafts")).toBeVisible();
});

async function noSidewaysScroll(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
}

/** One main part with one heading of the first level, for who jumps by them. */
async function isPage(page: Page): Promise<void> {
  await expect(page.getByRole("main")).toHaveCount(1);
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
}

test("narrow screen shows one pane at a time, with a link back", async ({ club, member }) => {
  const { anna, boris } = await pair(member, club, { viewport: { width: 320, height: 640 }, hasTouch: true });
  await boris.run("send", "--to", anna.alias, "--subject", "A walk", "Through\n\n    all-the-panes-and-a-very-long-line-of-code-that-does-not-fit-a-phone()");
  const { page } = anna;
  await page.getByRole("link", { name: /A walk/ }).click();
  await expect(page.locator(".prose")).toContainText("Through");
  await expect(page.getByRole("searchbox")).toBeHidden();
  await noSidewaysScroll(page);

  await page.goBack();
  await expect(page.getByRole("searchbox")).toBeVisible();
  await isPage(page);
  await noSidewaysScroll(page);
  await page.getByRole("link", { name: "Services" }).click();
  await expect(page.getByRole("heading", { name: "Services" })).toBeVisible();
  await isPage(page);
  await noSidewaysScroll(page);
  await page.getByRole("link", { name: /Test Club/ }).click();
  const foot = page.getByRole("navigation", { name: "Places" });
  for (const place of ["Pings", "People", "Letters"]) {
    await foot.getByRole("link", { name: place }).click();
    await noSidewaysScroll(page);
  }
  for (const list of ["Groups", "Drafts"]) {
    await page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name: list }).click();
    await noSidewaysScroll(page);
  }
  await page.getByRole("link", { name: "New letter" }).first().click();
  await expect(page.getByLabel("Subject")).toBeVisible();
  await noSidewaysScroll(page);
  await page.getByRole("link", { name: "Back" }).click();
  await expect(page.getByRole("searchbox")).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing, ${colorScheme}`, async ({ club, member }) => {
    test.setTimeout(300_000);
    const { anna, boris } = await pair(member, club, { colorScheme });
    const { page } = anna;
    await boris.run("send", "--to", anna.alias, "--subject", "Table", "| a | b |\n|---|---|\n| 1 | 2 |\n\n[link](https://example.com) `code`\n\n    block");
    await boris.run("invite", `Readers of ${anna.alias}`, anna.alias, "Come in");
    await page.getByRole("link", { name: /Table/ }).click();
    await expect(page.locator(".prose")).toContainText("code");
    const check = async (where: string): Promise<void> => {
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect.soft(violations.map((v) => `${where}: ${v.impact} ${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)).toEqual([]);
    };
    /** A state that is opened by a key or a button, and left by Esc. */
    const within = async (where: string, open: () => Promise<void>, shown: ReturnType<Page["locator"]>): Promise<void> => {
      await open();
      await expect(shown).toBeVisible();
      await check(where);
      await page.keyboard.press("Escape");
      await expect(shown).toBeHidden();
    };
    const dialog = page.getByRole("dialog");
    await check("letters");
    await within("search in the thread", () => page.keyboard.press("Control+f"), page.getByRole("search", { name: "Search in this thread" }));
    await within("palette", () => page.keyboard.press("Control+k"), dialog);
    await within("keys", () => page.keyboard.press("?"), dialog);
    await within("forward", () => page.keyboard.press("f"), dialog);
    const more = page.getByRole("button", { name: "More for this thread" });
    await within("menu of the thread", () => more.click(), page.getByRole("menu").first());
    await more.click();
    await within("tags", () => page.getByRole("menuitem", { name: "Tags…" }).click(), dialog);
    await within("who reads", () => page.getByRole("button", { name: "Who reads this thread" }).click(), dialog);
    await within("a link", () => page.locator(".prose a").first().click(), dialog);
    await page.getByRole("searchbox").fill("code");
    await expect(page.locator(".snippet")).toHaveCount(1);
    await check("search");
    await page.getByRole("searchbox").fill("zzzz nothing");
    await expect(page.getByText("Nothing found for")).toBeVisible();
    await check("search without a hit");
    await page.getByRole("searchbox").press("Escape");
    await page.keyboard.press("x");
    await expect(page.getByRole("toolbar", { name: "1 selected" })).toBeVisible();
    await check("selection");
    await page.keyboard.press("Escape");
    await page.keyboard.press("m");
    await page.keyboard.press("s");
    await check("marks");
    await page.keyboard.press("e");
    // Under the pointer it stays.
    await page.locator("[data-bar='put-away']").hover();
    await check("archived");
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("link", { name: /Table/ }).click();
    await page.keyboard.press("v");
    await check("chat");
    await page.keyboard.press("c");
    await page.getByRole("textbox", { name: "Letter" }).fill("Dear **all**");
    await page.getByRole("combobox", { name: "To" }).fill("bo");
    await check("writing");
    await page.getByRole("button", { name: "Emoji" }).click();
    await check("emoji");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Discard draft" }).click();
    await check("discarding");
    await page.getByRole("link", { name: /^Pings/ }).click();
    await page.getByRole("link", { name: /Invitation/ }).click();
    await check("door");
    await page.getByRole("link", { name: "New ping" }).click();
    await check("new ping");
    await page.getByRole("link", { name: /Invitation/ }).click();
    await page.getByRole("button", { name: "Join the group" }).click();
    await page.getByRole("link", { name: /^People/ }).click();
    await page.getByRole("link", { name: boris.alias }).click();
    await check("person");
    await page.getByRole("link", { name: /^Groups/ }).click();
    await page.getByRole("link", { name: /Readers of/ }).click();
    await check("group");
    await page.getByRole("link", { name: "New group" }).first().click();
    await check("new group");
    await page.getByRole("link", { name: /^Drafts/ }).click();
    await check("drafts");
    await page.getByRole("link", { name: "Settings" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Settings" })).toBeVisible();
    await check("settings");
    await page.goBack();
    await page.getByRole("link", { name: /About this service/ }).click();
    await check("service");
    await page.getByRole("link", { name: "Join a service" }).click();
    await check("join");
  });
}

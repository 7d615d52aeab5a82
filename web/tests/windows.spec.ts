// Several windows on one draft: nothing is overwritten, sent or discarded unseen, or lost when a page is closed.
import type { Browser, Page } from "@playwright/test";

import { expect, type Member, test } from "./fixture";
import { hold, reply, texts, thread } from "./writing";

/** A second window on the thread that the member has open. */
async function second(member: Member): Promise<Page> {
  const page = await member.page.context().newPage();
  await page.goto(member.page.url());
  await expect(reply(page)).toBeVisible();
  return page;
}

/** A window of another browser, with a clock of its own. */
async function elsewhere(member: Member, browser: Browser): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.clock.install();
  await page.goto(((await member.run("url")) as { url: string }).url);
  await page.goto(member.page.url());
  await expect(reply(page)).toBeVisible();
  return page;
}

/** Writes in the member's own window, and waits until the app has it. */
async function saved(member: Member, text: string): Promise<void> {
  await reply(member.page).fill(text);
  await expect.poll(async () => ((await member.command<{ text: string }[]>("drafts"))[0]?.text)).toBe(text);
}

/** Stops a page's clock, so that it draws nothing and hears events only when it is let. */
async function freeze(page: Page): Promise<void> {
  await page.clock.pauseAt(Date.now() + 60_000);
  await page.evaluate("globalThis.queued = 0; { const real = requestAnimationFrame; globalThis.requestAnimationFrame = (act) => { queued += 1; return real(act); }; }");
}

/** Resolves when an event has reached a page that is frozen. */
const reached = (page: Page) => expect.poll(() => page.evaluate("queued")).toBeGreaterThan(0);

/** A window that has seen what the other has changed only as far as its first words. */
async function behind(member: Member, browser: Browser): Promise<{ one: Page; two: Page }> {
  const one = member.page;
  const two = await elsewhere(member, browser);
  await reply(one).fill("both have seen this");
  await expect(reply(two)).toHaveValue("both have seen this");
  await freeze(two);
  // What reaches the page first may be the rest of what it has seen.
  await saved(member, "only one has seen this");
  await reached(two);
  return { one, two };
}

const clash = (page: Page) => page.getByRole("alert").filter({ hasText: "changed in another window" });

test("two windows on one thread overwrite nothing", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  const one = anna.page;
  const two = await second(anna);

  // Where nothing is unsaved the other window's words appear.
  await reply(one).fill("from the first");
  await expect(reply(two)).toHaveValue("from the first");

  // Where something is, the member is asked.
  const { release } = await hold(two);
  await reply(two).pressSequentially(" and the second");
  await saved(anna, "from the first, changed");
  await release();
  await expect(two.getByRole("alert")).toContainText("changed in another window");
  await expect(two.getByRole("alert")).toContainText("from the first, changed");
  await expect(reply(two)).toHaveValue("from the first and the second");
  await expect(reply(one)).toHaveValue("from the first, changed");
  await two.getByRole("button", { name: "Keep both" }).click();
  const both = "from the first, changed\n\nfrom the first and the second";
  await expect(reply(two)).toHaveValue(both);
  await expect(reply(one)).toHaveValue(both);

  // Sent in one, it is gone in the other; unsaved words stay.
  await reply(one).focus();
  await one.keyboard.press("Control+Enter");
  await expect(reply(two)).toHaveValue("");
});

test("save that races with another window's save overwrites nothing", async ({ club, member, browser }) => {
  const { anna } = await thread(club, member);
  const one = anna.page;
  const two = await elsewhere(anna, browser);
  await freeze(two);
  await reply(two).fill("from the second");
  await two.clock.runFor(495);
  await saved(anna, "from the first");
  await reached(two);
  await two.clock.runFor(10);
  await two.clock.resume();
  await expect(clash(two)).toContainText("from the first");
  await expect(reply(two)).toHaveValue("from the second");
  await expect(reply(one)).toHaveValue("from the first");
  await two.context().close();
});

test("draft changed by another window is not sent unseen", async ({ club, member, browser }) => {
  const { one, two } = await behind((await thread(club, member)).anna, browser);
  await reply(two).press("Control+Enter");
  await two.clock.resume();
  await expect(clash(two)).toContainText("only one has seen this");
  await expect(reply(two)).toHaveValue("both have seen this");
  await expect(texts(one)).toHaveText(["Shall we?"]);
  await two.context().close();
});

test("draft changed by another window is not discarded unseen", async ({ club, member, browser }) => {
  const { one, two } = await behind((await thread(club, member)).anna, browser);
  await two.getByRole("button", { name: "Discard draft" }).click();
  await two.getByRole("button", { name: "Discard", exact: true }).click();
  await two.clock.resume();
  await expect(clash(two)).toContainText("only one has seen this");
  await expect(reply(one)).toHaveValue("only one has seen this");
  await two.context().close();
});

test("page that is closed saves what is unsaved", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  anna.forgive(/ERR_/);
  const one = anna.page;
  const two = await second(anna);

  // While the member is being asked what to keep.
  const { release } = await hold(two);
  await reply(two).fill("from the second");
  await saved(anna, "from the first");
  await release();
  await expect(clash(two)).toBeVisible();
  await two.reload();
  await expect(reply(two)).toHaveValue("from the first\n\nfrom the second");
  await expect(reply(one)).toHaveValue("from the first\n\nfrom the second");

  // While a save is on its way that never comes to an answer.
  let saving = 0;
  await two.route("**/api/command", (route) => (route.request().postData()?.includes("save_draft") ? void (saving += 1) : route.continue()));
  await reply(two).fill("half");
  await expect.poll(() => saving).toBe(1);
  await reply(two).pressSequentially(" a sentence");
  await two.unroute("**/api/command");
  await two.reload();
  await expect(reply(two)).toHaveValue("half a sentence");
  await expect(reply(one)).toHaveValue("half a sentence");
});

test("field is not changed during IME composition", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  const one = anna.page;
  const two = await second(anna);
  await reply(two).fill("typed ");
  await reply(two).press("Control+End");
  const keyboard = await two.context().newCDPSession(two);
  await keyboard.send("Input.imeSetComposition", { text: "ni", selectionStart: 2, selectionEnd: 2 });
  await expect(reply(one)).toHaveValue("typed ni");
  await two.evaluate("globalThis.changes = 0; document.addEventListener('input', () => (changes += 1))");
  await saved(anna, "changed meanwhile");
  await anna.command("state");
  await keyboard.send("Input.imeSetComposition", { text: "niha", selectionStart: 4, selectionEnd: 4 });
  await expect(reply(two)).toHaveValue("typed niha");
  await keyboard.send("Input.insertText", { text: "你" });
  await expect(clash(two)).toContainText("changed meanwhile");
  await expect(reply(two)).toHaveValue("typed 你");
});

test("file attached during a conflict goes with the chosen version", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  const one = anna.page;
  const two = await second(anna);
  const { release } = await hold(two);
  await reply(two).fill("from the second");
  await saved(anna, "from the first");
  await release();
  await expect(clash(two)).toBeVisible();
  await two.locator("footer input[type=file]").setInputFiles({ name: "plan.txt", mimeType: "text/plain", buffer: Buffer.from("a plan") });
  await expect(two.getByRole("list", { name: "Attached files" })).toContainText("plan.txt");
  await two.getByRole("button", { name: "Keep both" }).click();
  await expect(one.getByRole("list", { name: "Attached files" })).toContainText("plan.txt");
  await expect(two.getByRole("button", { name: /Take .plan.txt. out/ })).toBeVisible();
  await expect(reply(one)).toHaveValue("from the first\n\nfrom the second");
});

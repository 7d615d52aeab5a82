// Settings: where each is kept, what Enter does in a chat, how threads are shown at first.
import { expect, test } from "./fixture";
import { reply, texts, thread } from "./writing";

test("settings say where they are kept, and hold", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  const { page } = anna;
  const here = page.url();
  await page.goto(`${anna.origin}/#/settings`);
  for (const name of ["Look", "Writing", "Keyboard"]) await expect(page.locator("section", { has: page.getByRole("heading", { name }) })).toContainText("Kept in this browser.");
  await expect(page.locator("section", { has: page.getByRole("heading", { name: "Notices" }) })).toContainText("the others hold for the whole device");
  const group = (name: string) => page.getByRole("group", { name });
  await group("Enter sends in a chat").getByText("Off", { exact: true }).click();
  await group("New threads are shown as").getByText("Chat", { exact: true }).click();

  // A thread with a subject, as a chat: Enter is a new line, Ctrl+Enter sends.
  await page.goto(here);
  await expect(page.locator(".messages.chat")).toBeVisible();
  await reply(page).fill("one");
  await reply(page).press("End");
  await page.keyboard.press("Enter");
  await page.keyboard.type("two");
  await expect(reply(page)).toHaveValue("one\ntwo");
  await page.keyboard.press("Control+Enter");
  await expect(texts(page)).toHaveCount(2);
  await page.goto(`${anna.origin}/#/settings`);
  await group("Enter sends in a chat").getByText("On", { exact: true }).click();
  await group("New threads are shown as").getByText("By their subject", { exact: true }).click();
  await page.goto(here);
  await expect(page.locator(".messages.letters")).toBeVisible();
});

test("where there is nothing, one place says so", async ({ club, member }) => {
  const ada = await (await member("Ada")).join(club);
  const { page } = ada;
  await page.setViewportSize({ width: 1280, height: 800 });
  for (const [tab, empty, choose] of [["Groups", "No groups yet", "Choose a group"], ["People", "Your address book is empty", "Choose somebody"], ["Pings", "Nobody at the door", "Choose a ping"]] as const) {
    await page.locator(".list-pane nav").getByRole("link", { name: tab }).click();
    await expect(page.locator(".list-pane")).toContainText(empty);
    await expect(page.locator("main")).not.toContainText(choose);
  }
});

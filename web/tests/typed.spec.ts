// Typed text is never lost: with slow replies, failed sends, and Undo.
import { expect, test } from "./fixture";
import { hold, reply, texts, thread } from "./writing";

test("text typed while a message is being sent is the next message", async ({ club, member }) => {
  const { anna, boris } = await thread(club, member);
  const { page } = anna;
  await page.keyboard.press("v");
  const expected = ["Shall we?"];
  // The app answers after so many letters of what is typed next.
  for (const letters of [0, 1, 4, 8]) {
    const { release } = await hold(page);
    await reply(page).focus();
    await page.keyboard.type(`yes ${letters}`);
    await page.keyboard.press("Enter");
    await page.keyboard.type("tomorrow".slice(0, letters));
    await release();
    await page.keyboard.type("tomorrow".slice(letters));
    expected.push(`yes ${letters}`);
    await expect(texts(page)).toHaveText(expected);
    await expect(reply(page)).toHaveValue("tomorrow");
    await expect(page.getByText("Saved", { exact: true })).toBeVisible();
    await reply(page).fill("");
    await expect(page.getByRole("link", { name: /^Drafts/ })).not.toContainText(/\d/);
  }
  const { release } = await hold(page);
  const quick = Array.from({ length: 10 }, (_, n) => `quick ${n}`);
  await reply(page).focus();
  for (const line of quick) {
    await page.keyboard.type(line);
    await page.keyboard.press("Enter");
  }
  await release();
  await expect(texts(page)).toHaveText([...expected, ...quick]);
  await expect(page.locator("[data-message] [data-state=sent]")).toHaveCount(expected.length - 1 + quick.length);
  await boris.page.getByRole("link", { name: /Plans/ }).click();
  await expect(texts(boris.page)).toHaveText([...expected, ...quick]);
});

test("text typed after a new letter was sent begins the next reply", async ({ club, member }) => {
  const { anna, boris } = await thread(club, member);
  const { page } = anna;
  await page.keyboard.press("c");
  await page.keyboard.type(boris.alias);
  await page.keyboard.press("Enter");
  await page.getByRole("textbox", { name: "Letter" }).fill("The letter.");
  await page.getByRole("textbox", { name: "Letter" }).focus();
  await page.keyboard.press("Control+End");
  const { release } = await hold(page);
  await page.keyboard.press("Control+Enter");
  await page.keyboard.type(" PS");
  await release();
  await expect(texts(page)).toHaveText(["The letter."]);
  await expect(reply(page)).toHaveValue("PS");
  await expect(reply(page)).toBeFocused();
});

test("messages that could not be sent return to the reply box in order", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  const { page } = anna;
  await page.keyboard.press("v");
  anna.forgive(/ERR_FAILED/);
  const { release, fail } = await hold(page);
  await reply(page).focus();
  for (const line of ["one", "two"]) {
    await page.keyboard.type(line);
    await page.keyboard.press("Enter");
  }
  await page.keyboard.type("three");
  fail();
  await expect(reply(page)).toHaveValue("one\n\ntwo\n\nthree");
  await release();
  await page.keyboard.press("Enter");
  await expect(texts(page)).toHaveCount(2);
  await expect(reply(page)).toHaveValue("");
});

test("Undo with a half-written reply joins both texts", async ({ club, member }) => {
  const { anna, id } = await thread(club, member);
  const { page } = anna;
  await reply(page).fill("first letter, to be taken back");
  await page.keyboard.press("Control+Enter");
  await expect(texts(page)).toHaveCount(2);
  await page.keyboard.type("second letter, half typed");
  await page.getByRole("button", { name: "Undo" }).click();
  const both = "first letter, to be taken back\n\nsecond letter, half typed";
  await expect(reply(page)).toHaveValue(both);
  await expect(reply(page)).toBeFocused();
  const drafts = (await anna.run("drafts")) as { text: string }[];
  expect(drafts.map((draft) => draft.text)).toEqual([both]);
  await page.keyboard.press("Control+Enter");
  await page.getByRole("button", { name: "Send now" }).click();
  await expect(page.locator("article [data-state=sent]")).toBeVisible();
  const read = JSON.stringify(await anna.run("read", String(id)));
  expect(read).toContain("taken back\\n\\nsecond letter");
});

test("letter can be taken back for five seconds, and is sent then", async ({ club, member }) => {
  const { anna, boris } = await thread(club, member);
  const { page } = anna;
  await boris.page.getByRole("link", { name: /Plans/ }).click();
  await reply(page).fill("Think again");
  await page.keyboard.press("Control+Enter");
  await expect(page.locator("article [data-state=held]")).toBeVisible();
  // By the key: the focus is in the empty reply, so it leaves it first.
  await page.keyboard.press("Escape");
  await page.keyboard.press("z");
  await expect(reply(page)).toHaveValue("Think again");
  await expect(reply(page)).toBeFocused();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Undo" })).toBeHidden();
  await expect(page.locator("article [data-state=sent]")).toBeVisible();
  await expect(texts(boris.page)).toHaveText(["Shall we?", "Think again"]);

  // A second Ctrl+Enter does not wait, and neither does who goes away.
  await reply(page).fill("At once");
  await page.keyboard.press("Control+Enter");
  await expect(page.locator("article [data-state=held]")).toBeVisible();
  await page.keyboard.press("Control+Enter");
  await expect(page.locator("article [data-state=sent]")).toHaveCount(2, { timeout: 3_000 });
  await reply(page).fill("Leaving");
  await page.keyboard.press("Control+Enter");
  await expect(page.locator("article [data-state=held]")).toBeVisible();
  await page.goto("about:blank");
  await expect(texts(boris.page)).toHaveText(["Shall we?", "Think again", "At once", "Leaving"], { timeout: 3_000 });
});

test("emptied draft is deleted, and one with only a recipient is never made", async ({ club, member }) => {
  const { anna, boris, id } = await thread(club, member);
  const { page } = anna;
  await reply(page).fill("a word");
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  expect(await anna.run("drafts")).toHaveLength(1);
  await reply(page).fill("");
  await expect.poll(() => anna.run("drafts")).toHaveLength(0);
  await anna.run("reply", String(id), "By the command line");

  await page.getByRole("link", { name: /^People/ }).click();
  await page.getByRole("link", { name: boris.alias }).click();
  await page.getByRole("link", { name: /Write a letter/ }).click();
  await expect(page.getByLabel("Subject")).toBeFocused();
  await page.getByRole("link", { name: /^Drafts/ }).click();
  await expect(page.getByText("No drafts").first()).toBeVisible();
});

test("typing right after a shortcut lands in the form that it opens; history restores it", async ({ club, member }) => {
  const { anna, boris } = await thread(club, member);
  const { page } = anna;
  await reply(page).blur();
  await page.keyboard.press("c");
  await expect(page.getByRole("combobox", { name: "To" })).toBeFocused();
  await page.keyboard.type(boris.alias);
  await page.keyboard.press("Enter");
  await page.getByLabel("Subject").fill("Half a thought");
  await page.goBack();
  await expect(reply(page)).toBeVisible();
  await expect.poll(() => anna.run("drafts")).toHaveLength(1);
  await page.goForward();
  await expect(page.getByLabel("Subject")).toHaveValue("Half a thought");
  await page.getByRole("button", { name: "Discard draft" }).click();
  await page.getByRole("button", { name: "Discard", exact: true }).click();
  await expect(page).toHaveURL(/#\/1\/letters$/);

  // A draft that is no longer there has a way back.
  await page.goto(`${anna.origin}/#/1/drafts/999`);
  await page.getByRole("link", { name: "Back to the drafts" }).click();
  await expect(page.getByText("No drafts").first()).toBeVisible();
});

test("failed ping keeps its text for the next try", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const { page } = anna;
  await expect(page.getByText("No letters yet")).toBeVisible();
  await page.keyboard.press("p");
  await page.getByLabel("Their alias").fill("Nobody by this name");
  await page.getByLabel("A few words").fill("Are you there?");
  await page.keyboard.press("Control+Enter");
  await page.locator(".note.bad").getByRole("link", { name: "New ping" }).click();
  await expect(page.getByLabel("Their alias")).toHaveValue("Nobody by this name");
  await expect(page.getByLabel("A few words")).toHaveValue("Are you there?");
  // Errors of a form are told beside the field.
  await page.getByRole("link", { name: /^Groups/ }).click();
  await page.getByRole("link", { name: "New group" }).first().click();
  await page.keyboard.type("short");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByRole("alert").first()).toContainText("At least 8 characters");
});

test("pasted text too long for a letter is attached as a file", async ({ club, member }) => {
  const { anna, boris } = await thread(club, member);
  const { page } = anna;
  await reply(page).fill("Short enough.");
  await reply(page).evaluate((area, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, "0123456789abcde\n".repeat(300 * 64));
  await expect(page.getByRole("button", { name: /Take .pasted.txt. out/ })).toBeVisible();
  await expect(reply(page)).toHaveValue("Short enough.");
  await reply(page).press("Control+Enter");
  await expect(texts(page)).toHaveCount(2);
  await boris.page.getByRole("link", { name: /Plans/ }).click();
  await expect(texts(boris.page)).toHaveText(["Shall we?", "Short enough."]);
  await expect(boris.page.getByRole("link", { name: /Save .pasted.txt., 307 kB/ })).toBeVisible();
});

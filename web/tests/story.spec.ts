// The main story: two people join, meet by a ping, and write to each other with attachments, all on
// their pages, and everything arrives without a reload.
import { readFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import { expect, type Member, test } from "./fixture";

/** Answers the questions of joining, one after the other. */
async function answers(page: Page, address: string, alias: string, device = ""): Promise<void> {
  await page.getByLabel("Address", { exact: true }).fill(address);
  await page.keyboard.press("Enter");
  await page.getByRole("textbox", { name: "Your alias" }).fill(alias);
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByLabel("Name of this device").fill(device);
  await page.getByRole("button", { name: "Join", exact: true }).click();
}

async function joinOnPage(member: Member, address: string): Promise<void> {
  const { page, alias } = member;
  await answers(page, address, alias, "Test device");
  await expect(page.getByText("No letters yet")).toBeVisible();
  await expect(page.locator(".list-pane .state", { hasText: "Connected" })).toBeVisible();
}

async function saved(member: Member, name: string): Promise<Buffer> {
  const download = member.page.waitForEvent("download");
  await member.page.getByRole("link", { name: `Save \u2068${name}\u2069` }).click();
  return readFile(await (await download).path());
}

test("two members meet and write to each other", async ({ club, member }) => {
  const anna = await member("Anna");
  const boris = await member("Boris");
  await joinOnPage(anna, club.address);
  await joinOnPage(boris, club.address);

  await test.step("a ping reaches the other's door", async () => {
    await anna.page.keyboard.press("p");
    await anna.page.getByLabel("Their alias").fill(boris.alias);
    await anna.page.getByLabel("A few words").fill("Hello, it’s Anna. See https://example.com <b>");
    await anna.page.getByRole("button", { name: "Send ping" }).click();
    await expect(anna.page.getByText("No answer yet").first()).toBeVisible();

    await boris.page.getByRole("link", { name: /^Pings/ }).click();
    await boris.page.getByRole("link", { name: `From ${anna.alias}` }).click();
    await expect(boris.page.getByRole("heading", { name: `${anna.alias} is at the door` })).toBeVisible();
    const words = boris.page.locator("blockquote");
    await expect(words).toHaveText("Hello, it’s Anna. See https://example.com <b>");
    await expect(words.locator("*")).toHaveCount(0);
  });

  await test.step("accepting puts each into the other's address book", async () => {
    const answer = boris.page.getByLabel("Your answer");
    await answer.fill("x".repeat(141));
    await expect(boris.page.getByText("1 character too many")).toBeVisible();
    await expect(boris.page.getByRole("button", { name: "Accept" })).toBeDisabled();
    await answer.fill("Come in!");
    await boris.page.getByRole("button", { name: "Accept" }).click();
    await expect(boris.page.getByText("Accepted").first()).toBeVisible();
    await anna.page.getByRole("link", { name: /^People/ }).click();
    await expect(anna.page.getByRole("link", { name: boris.alias })).toBeVisible();
  });

  const file = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 31) % 251));
  await test.step("a letter with a file arrives live", async () => {
    await boris.page.getByRole("link", { name: /^Letters/ }).click();
    await anna.page.keyboard.press("c");
    await anna.page.getByRole("combobox", { name: "To" }).fill("boris");
    await anna.page.getByRole("option", { name: boris.alias }).click();
    await anna.page.getByLabel("Subject").fill("The first letter");
    await anna.page.getByRole("textbox", { name: "Letter" }).fill("Dear **Boris**,\n\nthis is the first.");
    await anna.page.getByRole("button", { name: "Preview" }).click();
    await expect(anna.page.getByRole("region", { name: "Preview" }).locator("strong")).toHaveText("Boris");
    await anna.page.locator("input[type=file]").setInputFiles({ name: "numbers.bin", mimeType: "application/octet-stream", buffer: file });
    await expect(anna.page.getByRole("button", { name: /Take .numbers.bin. out/ })).toBeVisible();
    await anna.page.keyboard.press("Control+Enter");
    await expect(anna.page.locator("article [data-state=sent]")).toBeVisible();

    await expect(boris.page).toHaveTitle(/^\(1\)/);
    await boris.page.getByRole("link", { name: /The first letter/ }).click();
    await expect(boris.page.locator(".prose strong")).toHaveText("Boris");
    await expect(boris.page).not.toHaveTitle(/^\(/);
    expect((await saved(boris, "numbers.bin")).equals(file)).toBe(true);
  });

  await test.step("the reply with a file arrives in the open thread", async () => {
    await boris.page.keyboard.press("r");
    await boris.page.keyboard.type("Thank you, Anna.");
    await boris.page.locator("input[type=file]").setInputFiles({ name: "back.txt", mimeType: "text/plain", buffer: Buffer.from("and back") });
    await expect(boris.page.getByRole("button", { name: /Take .back.txt. out/ })).toBeVisible();
    await boris.page.getByRole("button", { name: "Send" }).click();
    await expect(anna.page.locator(".prose").getByText("Thank you, Anna.")).toBeVisible();
    expect((await saved(anna, "back.txt")).toString()).toBe("and back");
  });
});

test("a draft survives a reload and can be discarded", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const { page } = anna;
  await expect(page.getByText("No letters yet")).toBeVisible();
  await page.keyboard.press("c");
  await page.getByLabel("Subject").fill("Half a thought");
  await page.getByRole("textbox", { name: "Letter" }).fill("It begins");
  await page.locator("input[type=file]").setInputFiles({ name: "kept.txt", mimeType: "text/plain", buffer: Buffer.from("kept") });
  await expect(page.getByRole("button", { name: /Take .kept.txt. out/ })).toBeVisible();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();

  await page.reload();
  await expect(page.getByRole("textbox", { name: "Letter" })).toHaveValue("It begins");
  await expect(page.getByLabel("Subject")).toHaveValue("Half a thought");
  await expect(page.getByRole("button", { name: /Take .kept.txt. out/ })).toBeVisible();

  await page.getByRole("link", { name: /^Drafts/ }).click();
  await expect(page.getByRole("link", { name: /Half a thought/ })).toBeVisible();
  await page.getByRole("link", { name: /Half a thought/ }).click();
  await page.getByRole("button", { name: "Discard draft" }).click();
  await page.getByRole("button", { name: "Discard", exact: true }).click();
  await expect(page.getByText("No drafts")).toBeVisible();
});

test("errors of joining are shown at the field", async ({ club, member }) => {
  const { page } = await member("Anna");
  await page.getByRole("button", { name: "Next" }).click();
  await expect(page.getByRole("alert")).toHaveText("Fill this in first.");
  await page.getByLabel("Address", { exact: true }).fill("nonsense");
  await page.keyboard.press("Enter");
  await page.getByLabel("Your alias").fill("short");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("at least 8");
  await page.getByLabel("Your alias").fill("Long enough");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("address");

  // It stands at its question; what was answered is kept, and can be corrected.
  await expect(page.getByLabel("Address", { exact: true })).toHaveValue("nonsense");
  await page.getByLabel("Address", { exact: true }).fill(club.address);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(page.getByLabel("Your alias")).toHaveValue("Long enough");
});

test("taken alias asks for another one", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  const { page, alias } = await member("Boris");
  await answers(page, club.address, anna.alias);
  await expect(page.getByText("is taken or not allowed")).toBeVisible();
  await page.getByRole("textbox", { name: "Your alias" }).fill(anna.alias);
  await page.getByRole("button", { name: "Add alias" }).click();
  await expect(page.getByRole("alert")).toContainText("has that alias already");
  await page.getByRole("textbox", { name: "Your alias" }).fill(alias);
  await page.getByRole("button", { name: "Add alias" }).click();
  await expect(page.getByText("is taken or not allowed")).toBeHidden();
  await expect(page.locator(".list-pane .state", { hasText: alias })).toBeVisible();
});

test("device joins by a code that is shown once", async ({ club, member }) => {
  const anna = await (await member("Anna")).join(club);
  await anna.page.getByRole("link", { name: /About this service/ }).click();
  await anna.page.getByLabel("Name of the new device").fill("Second device");
  await anna.page.getByRole("button", { name: "Add a device" }).click();
  const code = await anna.page.locator("[data-code]").innerText();
  // For a camera, with modules that it can tell apart.
  const drawn = anna.page.getByRole("dialog").getByRole("img");
  await expect(drawn).toHaveAttribute("data-text", code);
  const modules = Number((await drawn.getAttribute("viewBox"))?.split(" ")[2]);
  expect(((await drawn.boundingBox())?.width ?? 0) / modules).toBeGreaterThanOrEqual(3);
  await anna.page.getByRole("button", { name: "Done" }).click();
  await expect(anna.page.getByText(code)).toHaveCount(0);
  await expect(anna.page.getByText("Second device")).toBeVisible();

  const second = await member("Second");
  await second.page.getByText("I have a device code").click();
  await second.page.getByLabel("Device code", { exact: true }).fill(code);
  await second.page.getByRole("button", { name: "Add this device" }).click();
  await expect(second.page.locator(".list-pane .state", { hasText: "Connected" })).toBeVisible();
  await expect(second.page.getByRole("main").getByText("You have other devices.")).toBeVisible();
});

// Attaching files that change, vanish or break off during the upload: none is dropped silently.
import { appendFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Page, Route } from "@playwright/test";

import { expect, type Member, test } from "./fixture";
import { reply, texts, thread } from "./writing";

const FIRST = "first.bin";
const CONTRACT = `contract ${"of a long name ".repeat(8)}.txt`;

const picker = (page: Page) => page.locator("footer input[type=file]");
const tray = (page: Page) => page.getByRole("list", { name: "Attached files" });
const attached = (page: Page, name: string) => page.getByRole("button", { name: `Take \u2068${name}\u2069 out` });
const putAway = (page: Page, name: string) => page.getByRole("button", { name: `Stop attaching \u2068${name}\u2069` });
const tryAgain = (page: Page, name: string) => page.getByRole("button", { name: `Try to attach \u2068${name}\u2069 again` });
const CHANGED = /was changed or removed while it was attached/;

let folder: string;
test.beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mnm-attach-"));
});
test.afterEach(() => rm(folder, { recursive: true }));

/** Makes a file as it would have been lying there for a while. */
async function file(name: string, bytes: number | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof bytes === "string" ? bytes : Buffer.alloc(bytes, "a"));
  return path;
}

/** Halts the app as soon as a file begins to be uploaded. */
async function haltAtUpload(anna: Member, page: Page): Promise<void> {
  const halt = (route: Route): Promise<void> => {
    anna.haltApp(true);
    return route.continue();
  };
  await page.route("**/attachments?*", halt, { times: 1 });
}

const sent = (page: Page) => page.locator("progress").first().evaluate((bar: HTMLProgressElement) => bar.value);

test("letter is not sent without a file that was removed during another upload", async ({ club, member }) => {
  const { anna, boris } = await thread(club, member);
  const { page } = anna;
  anna.forgive(/ERR_UPLOAD_FILE_CHANGED|ERR_FILE_NOT_FOUND/);
  await page.setViewportSize({ width: 400, height: 700 });
  const [first, contract] = [await file(FIRST, 100_000), await file(CONTRACT, "signed")];
  await reply(page).fill("Here they are.");
  await haltAtUpload(anna, page);
  await picker(page).setInputFiles([first, contract]);
  await expect.poll(() => sent(page)).toBeGreaterThan(0);
  await rm(contract);
  anna.haltApp(false);
  await expect(tray(page).getByRole("alert")).toHaveText(CHANGED);
  await expect(attached(page, FIRST)).toBeVisible();

  for (const part of [putAway(page, CONTRACT), tryAgain(page, CONTRACT), tray(page).getByRole("alert"), tray(page).getByText("contract")]) {
    await part.first().scrollIntoViewIfNeeded();
    const box = await part.first().boundingBox();
    expect(box?.width).toBeGreaterThan(20);
    expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(400);
  }

  await reply(page).press("Control+Enter");
  await expect(page.getByText(/^Not sent: .*contract.* is not attached/)).toBeVisible();
  await expect(tryAgain(page, CONTRACT)).toBeVisible();
  await expect(texts(page)).toHaveCount(1);

  await file(CONTRACT, "signed again");
  const choosing = page.waitForEvent("filechooser");
  await tryAgain(page, CONTRACT).click();
  await (await choosing).setFiles(contract);
  await expect(attached(page, CONTRACT)).toBeVisible();
  await reply(page).press("Control+Enter");
  await expect(texts(page)).toHaveCount(2);
  await boris.page.getByRole("link", { name: /Plans/ }).click();
  await expect(boris.page.getByRole("link", { name: /^Save/ })).toHaveCount(2);
});

test("file that changes during its upload is refused by name", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  const { page } = anna;
  anna.forgive(/ERR_UPLOAD_FILE_CHANGED|ERR_FAILED/);
  const changes = [
    (path: string) => appendFile(path, "more"),
    (path: string) => truncate(path, 25_000_000),
    (path: string) => writeFile(path, Buffer.alloc(30_000_000, "b")),
  ];
  for (const change of changes) {
    const path = await file(FIRST, 30_000_000);
    await haltAtUpload(anna, page);
    await picker(page).setInputFiles(path);
    await expect.poll(() => sent(page)).toBeGreaterThan(0);
    await change(path);
    anna.haltApp(false);
    await expect(tray(page).getByRole("alert")).toHaveText(CHANGED);
    await expect(tray(page).getByRole("alert")).toContainText(FIRST);
    await expect(attached(page, FIRST)).toHaveCount(0);
    const drafts = await anna.command("drafts");
    expect(JSON.stringify(drafts)).not.toContain(FIRST);
    await putAway(page, FIRST).click();
    await expect(tray(page)).toHaveCount(0);
  }
});

test("upload broken off by the end of the app blocks sending, also after a reload", async ({ club, member }) => {
  const { anna } = await thread(club, member);
  const { page } = anna;
  anna.forgive(/ERR_|Failed to load/);
  const path = await file(FIRST, 30_000_000);
  await reply(page).fill("Here it is.");
  await haltAtUpload(anna, page);
  await picker(page).setInputFiles(path);
  await expect.poll(() => sent(page)).toBeGreaterThan(0);
  await anna.killApp();
  await expect(tray(page).getByRole("alert")).toHaveText("Not attached: the app stopped answering meanwhile.");
  await anna.startApp();
  await expect(page.getByText("The app isn’t answering")).toHaveCount(0);
  await page.getByRole("link", { name: "Drafts" }).evaluate((link: HTMLElement) => link.click());
  await page.goBack();
  await expect(tryAgain(page, FIRST)).toBeVisible();

  anna.leave();
  await page.reload();
  await expect(tray(page).getByRole("alert")).toHaveText(/1 file was not attached yet when this page was closed/);
  await reply(page).press("Control+Enter");
  await expect(page.getByText("Not sent: files are missing.")).toBeVisible();
  await expect(texts(page)).toHaveCount(1);
  await picker(page).setInputFiles(path);
  await expect(attached(page, FIRST)).toBeVisible();
  await page.getByRole("button", { name: "Put this notice away" }).click();
  await reply(page).press("Control+Enter");
  await expect(texts(page)).toHaveCount(2);
});

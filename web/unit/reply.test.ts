// The reply box of a thread: replies that were sent leave in order while the next one is typed.
import { beforeEach, expect, test } from "vitest";

import type { Message } from "../src/lib/api";
import type { ReplyDesk } from "../src/lib/draft/reply.svelte";
import { App, pass, refuse, settle } from "./app";
import { Drafts } from "./drafts";
import { openPage, type Page } from "./page";
import { ACCOUNT, THREAD } from "./records";

let app: App;
let drafts: Drafts;
let page: Page;
let desk: ReplyDesk;
let told: Message[];

beforeEach(async () => {
  app = new App();
  drafts = new Drafts(app);
  page = await openPage();
  desk = page.desks.takeDesk(ACCOUNT, THREAD);
  told = [];
});

function type(text: string): void {
  desk.editor.text = text;
  desk.editor.touch();
}

const send = (text: string): boolean => {
  type(text);
  return desk.send(0, (message) => told.push(message));
};

test("replies sent one after the other leave in that order", async () => {
  const reply = app.hold("send");
  expect(send("first")).toBe(true);
  expect(send("second")).toBe(true);
  type("third, being written");
  await settle();
  expect(desk.leaving.map((editor) => editor.text)).toEqual(["first", "second"]);
  expect(page.desks.anythingLeaving()).toBe(true);
  await reply.all();
  await desk.settled();
  await pass(500);
  expect(drafts.sent).toEqual(["first", "second"]);
  expect(told.map((m) => m.text)).toEqual(["first", "second"]);
  expect(drafts.only.text).toBe("third, being written");
  expect(page.desks.anythingLeaving()).toBe(false);
});

test("reply being written is not saved into the draft of one that is leaving", async () => {
  const reply = app.hold("send");
  send("first");
  type("second");
  await pass(1000);
  expect(app.all("save_draft").map(({ text }) => text)).toEqual(["first"]);
  await reply.all();
  await desk.settled();
});

test("nothing is sent of an empty reply, and the reason is shown", () => {
  expect(send("  ")).toBe(false);
  expect(desk.editor.error).not.toBe("");
  expect(desk.leaving).toEqual([]);
});

test("reply that failed takes in those behind it and the one being written", async () => {
  const reply = app.hold("send");
  app.on("send", () => refuse("invalid", "Not possible."));
  send("first");
  send("second");
  type("third");
  await settle();
  await reply.all();
  await desk.settled();
  expect(desk.editor.text).toBe("first\n\nsecond\n\nthird");
  expect(desk.editor.error).toBe("Not possible.");
  expect(desk.leaving).toEqual([]);
  await pass(500);
  expect(drafts.only.text).toBe("first\n\nsecond\n\nthird");
});

test("pages that show one thread share its reply box", () => {
  expect(page.desks.takeDesk(ACCOUNT, THREAD)).toBe(desk);
  expect(page.desks.takeDesk(ACCOUNT, 11)).not.toBe(desk);
});

test("reply box that is left is saved and closed", async () => {
  type("one");
  await page.desks.releaseDesk(desk);
  expect(drafts.only.text).toBe("one");
  expect(page.desks.shownDesk(THREAD)).toBeUndefined();
});

test("reply box with something unsaved is found again", async () => {
  await app.end();
  type("one");
  await page.desks.releaseDesk(desk);
  expect(page.desks.takeDesk(ACCOUNT, THREAD).editor.text).toBe("one");
});

test("discarding a reply begins an empty one", async () => {
  type("one");
  await desk.editor.save();
  await desk.discard();
  await settle();
  expect(drafts.kept.size).toBe(0);
  expect(desk.editor.text).toBe("");
});

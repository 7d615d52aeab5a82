// The reply box of a thread: replies that were sent leave in order while the next one is typed.
import { beforeEach, expect, test } from "vitest";

import type { Message } from "../src/lib/api";
import type { ReplyBox } from "../src/lib/draft/reply.svelte";
import { App, pass, refuse, settle } from "./app";
import { Drafts } from "./drafts";
import { openPage, type Page } from "./page";
import { ACCOUNT, THREAD } from "./records";

let app: App;
let drafts: Drafts;
let page: Page;
let replyBox: ReplyBox;
let told: Message[];

beforeEach(async () => {
  app = new App();
  drafts = new Drafts(app);
  page = await openPage();
  replyBox = page.replyBoxes.acquireReplyBox(ACCOUNT, THREAD);
  told = [];
});

function type(text: string): void {
  replyBox.editor.text = text;
  replyBox.editor.changed();
}

const send = (text: string): boolean => {
  type(text);
  return replyBox.send(0, (message) => told.push(message));
};

test("replies sent one after the other leave in that order", async () => {
  const reply = app.hold("send");
  expect(send("first")).toBe(true);
  expect(send("second")).toBe(true);
  type("third, being written");
  await settle();
  expect(replyBox.outgoing.map((editor) => editor.text)).toEqual(["first", "second"]);
  expect(page.replyBoxes.anythingOutgoing()).toBe(true);
  await reply.all();
  await replyBox.settled();
  await pass(500);
  expect(drafts.sent).toEqual(["first", "second"]);
  expect(told.map((m) => m.text)).toEqual(["first", "second"]);
  expect(drafts.only.text).toBe("third, being written");
  expect(page.replyBoxes.anythingOutgoing()).toBe(false);
});

test("reply being written is not saved into the draft of one that is leaving", async () => {
  const reply = app.hold("send");
  send("first");
  type("second");
  await pass(1000);
  expect(app.all("save_draft").map(({ text }) => text)).toEqual(["first"]);
  await reply.all();
  await replyBox.settled();
});

test("nothing is sent of an empty reply, and the reason is shown", () => {
  expect(send("  ")).toBe(false);
  expect(replyBox.editor.error).not.toBe("");
  expect(replyBox.outgoing).toEqual([]);
});

test("reply that failed takes in those behind it and the one being written", async () => {
  const reply = app.hold("send");
  app.on("send", () => refuse("invalid", "Not possible."));
  send("first");
  send("second");
  type("third");
  await settle();
  await reply.all();
  await replyBox.settled();
  expect(replyBox.editor.text).toBe("first\n\nsecond\n\nthird");
  expect(replyBox.editor.error).toBe("Not possible.");
  expect(replyBox.outgoing).toEqual([]);
  await pass(500);
  expect(drafts.only.text).toBe("first\n\nsecond\n\nthird");
});

test("pages that show one thread share its reply box", () => {
  expect(page.replyBoxes.acquireReplyBox(ACCOUNT, THREAD)).toBe(replyBox);
  expect(page.replyBoxes.acquireReplyBox(ACCOUNT, 11)).not.toBe(replyBox);
});

test("reply box that is left is saved and closed", async () => {
  type("one");
  await page.replyBoxes.releaseReplyBox(replyBox);
  expect(drafts.only.text).toBe("one");
  expect(page.replyBoxes.shownReplyBox(THREAD)).toBeUndefined();
});

test("reply box with something unsaved is found again", async () => {
  await app.end();
  type("one");
  await page.replyBoxes.releaseReplyBox(replyBox);
  expect(page.replyBoxes.acquireReplyBox(ACCOUNT, THREAD).editor.text).toBe("one");
});

test("discarding a reply begins an empty one", async () => {
  type("one");
  await replyBox.editor.save();
  await replyBox.discard();
  await settle();
  expect(drafts.kept.size).toBe(0);
  expect(replyBox.editor.text).toBe("");
});

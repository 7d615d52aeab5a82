// The notice of the letter sent last: held, queued, sending, sent or failed, and its undo.
import { beforeEach, expect, test } from "vitest";

import type { MessageState } from "../src/lib/api";
import { App, pass, refuse, settle } from "./app";
import { Drafts } from "./drafts";
import { openPage, reopen, type Page } from "./page";
import { draft, ours, page as pageOf, THREAD } from "./records";

let app: App;
let page: Page;
/** A letter that is held back for five seconds. */
let held: MessageState;

beforeEach(async () => {
  app = new App();
  new Drafts(app);
  page = await openPage();
  held = { state: "held", until_ms: Date.now() + 5000 };
});

const shown = (): string | undefined => page.outbox.last?.state.state;

test("letter that is held back counts down", async () => {
  page.outbox.note(ours(1, held));
  expect([shown(), page.outbox.held, page.outbox.left]).toEqual(["held", true, 5]);
  await pass(2000);
  expect(page.outbox.left).toBe(3);
});

test("notice goes once the letter is sent", async () => {
  page.outbox.note(ours(1, held));
  await app.tell({ event: "message", message: ours(1, { state: "queued" }) });
  expect(shown()).toBe("queued");
  await app.tell({ event: "progress", thread: THREAD, message: 1, state: { state: "sending", sent: 1, total: 2 } });
  expect(shown()).toBe("sending");
  await app.tell({ event: "message", message: ours(1, { state: "sent" }) });
  expect(shown()).toBeUndefined();
});

test("letter that waits for the service is said to be queued for a while", async () => {
  page.outbox.note(ours(1, { state: "queued" }));
  await pass(7000);
  expect(shown()).toBe("queued");
  await pass(1000);
  expect(shown()).toBeUndefined();
});

test("failed letter says why", async () => {
  page.outbox.note(ours(1, held));
  await app.tell({ event: "message", message: ours(1, { state: "failed", error: "Nobody is there." }) });
  expect(page.outbox.last?.state).toEqual({ state: "failed", error: "Nobody is there." });
});

test("event that overtook the reply to `send` counts", async () => {
  await app.tell({ event: "message", message: ours(1, { state: "failed", error: "Refused." }) });
  page.outbox.note(ours(1, { state: "queued" }));
  expect(shown()).toBe("failed");
});

test("events of other letters change nothing", async () => {
  page.outbox.note(ours(1, held));
  await app.tell({ event: "message", message: ours(2, { state: "sent" }) }, { event: "message_gone", thread: THREAD, message: 2 });
  expect(shown()).toBe("held");
});

test("next letter lets the one before leave at once", async () => {
  app.on("send_now", () => ours(1, { state: "queued" }));
  page.outbox.note(ours(1, held));
  page.outbox.note(ours(2, held));
  await settle();
  expect(app.all("send_now")).toEqual([{ message: 1 }]);
  expect(page.outbox.last?.id).toBe(2);
});

test("what became of a letter while the app was away is looked up", async () => {
  page.outbox.note(ours(1, held));
  app.on("thread", () => pageOf([ours(1, { state: "failed", error: "Refused." })]));
  await app.end();
  await reopen(app, page);
  expect(shown()).toBe("failed");
});

test("letter gone while the app was away is shown no more", async () => {
  page.outbox.note(ours(1, held));
  app.on("thread", () => refuse("not_found"));
  await app.end();
  await reopen(app, page);
  expect(shown()).toBeUndefined();
});

test("undo makes the letter a draft again", async () => {
  page.outbox.note(ours(1, held));
  app.on("unsend", () => draft({ thread: null, text: "back again" }));
  await page.outbox.undo();
  expect(shown()).toBeUndefined();
  expect(page.store.drafts.map((d) => d.text)).toEqual(["back again"]);
  expect(location.hash).toBe("#/1/drafts/5");
});

test("undo that comes too late says so and keeps the notice", async () => {
  page.outbox.note(ours(1, held));
  app.on("unsend", () => refuse("conflict", "It has left."));
  await page.outbox.undo();
  expect([shown(), page.outbox.error]).toEqual(["held", "It has left."]);
});

test("page that goes away lets the letter leave", async () => {
  app.on("send_now", () => ours(1, { state: "queued" }));
  page.outbox.note(ours(1, held));
  dispatchEvent(new Event("pagehide"));
  await settle();
  expect(app.sent.at(-1)).toMatchObject({ cmd: "send_now", keepalive: true });
});

test("retry queues a failed letter again", async () => {
  app.on("thread", () => pageOf([ours(1, { state: "failed", error: "Refused." })]));
  await page.store.open.open(THREAD, 0);
  app.on("retry", () => ours(1, { state: "queued" }));
  expect(await page.retry(ours(1, { state: "failed", error: "Refused." }))).toBe("");
  expect(page.store.thread?.messages[0]?.state.state).toBe("queued");
});

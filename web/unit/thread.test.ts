// The open thread: a window of its messages, kept current by events.
import { beforeEach, expect, test } from "vitest";

import type { Message } from "../src/lib/api";
import { App, pass, refuse, settle } from "./app";
import { openPage, type Page } from "./page";
import { ACCOUNT, account, message, ours, page as pageOf, row, THREAD } from "./records";

let app: App;
let page: Page;
/** What the engine has. */
let kept: Message[];

beforeEach(async () => {
  app = new App();
  kept = [message(1), message(2), message(3)];
  app.on("thread", () => pageOf(kept));
  page = await openPage();
  await page.store.open.open(THREAD, 0);
});

const shown = (): number[] => page.store.thread?.messages.map((m) => m.id) ?? [];
const unread = (): number[] => page.store.thread?.messages.filter((m) => m.unread).map((m) => m.id) ?? [];

test("new message is put in its place by time, then by number", async () => {
  await app.tell({ event: "message", message: message(4) });
  await app.tell({ event: "message", message: message(9, { at_ms: 1500 }) });
  expect(shown()).toEqual([1, 9, 2, 3, 4]);
});

test("message of another thread is not shown", async () => {
  await app.tell({ event: "message", message: message(4, { thread: 11 }) });
  expect(shown()).toEqual([1, 2, 3]);
});

test("message told of twice is there once, in its last state", async () => {
  await app.tell({ event: "message", message: ours(4, { state: "queued" }) }, { event: "message", message: ours(4, { state: "sent" }) });
  expect(shown()).toEqual([1, 2, 3, 4]);
  expect(page.store.thread?.messages.at(-1)?.state.state).toBe("sent");
});

test("what is told again changes nothing", async () => {
  const before = page.store.thread;
  await app.tell({ event: "message", message: message(3) }, { event: "thread", thread: pageOf(kept).row });
  expect(page.store.thread).toBe(before);
});

test("message beyond what is loaded is told of, so that it is counted", async () => {
  app.on("thread", () => pageOf(kept, { newer: true }));
  await page.store.open.open(THREAD, 0);
  const before = page.store.thread;
  await app.tell({ event: "message", message: message(4, { unread: true }) });
  expect(shown()).toEqual([1, 2, 3]);
  expect(page.store.thread).not.toBe(before);
  expect([...page.store.open.arrived]).toEqual([4]);
});

test("what is read here is read in the list at once", async () => {
  app.on("thread", () => pageOf([message(1, { unread: true })], { row: row({ unread: 1 }) }));
  await app.tell({ event: "thread", thread: row({ unread: 1 }) }, { event: "account", account: account({ unread: 3 }) });
  await page.store.open.open(THREAD, 0);
  page.store.open.markRead(page.store.thread?.messages ?? []);
  expect(page.store.threads.map((one) => one.unread)).toEqual([0]);
  expect(page.store.account(ACCOUNT)?.unread).toBe(2);
});

test("events during a load are applied to what it brought", async () => {
  const reply = app.hold("thread");
  const loading = page.store.open.reload();
  await settle();
  await app.tell({ event: "message", message: message(4) }, { event: "message_gone", thread: THREAD, message: 1 });
  await reply.all();
  await loading;
  expect(shown()).toEqual([2, 3, 4]);
});

test("reply for a thread that was left is dropped", async () => {
  const reply = app.hold("thread");
  const first = page.store.open.open(THREAD, 0);
  await settle();
  kept = [message(20, { thread: 11 })];
  app.on("thread", () => pageOf(kept, { row: row({ id: 11 }) }));
  const second = page.store.open.open(11, 0);
  await settle();
  await reply.all();
  await Promise.all([first, second]);
  expect(shown()).toEqual([20]);
});

test("progress changes only the state of its message", async () => {
  await app.tell({ event: "message", message: ours(4, { state: "queued" }, { text: "whole" }) });
  await app.tell({ event: "progress", thread: THREAD, message: 4, state: { state: "sending", sent: 1, total: 2 } });
  expect(page.store.thread?.messages.at(-1)).toMatchObject({ text: "whole", state: { state: "sending", sent: 1 } });
});

test("messages seen are marked at once and told together", async () => {
  kept = [message(1, { unread: true }), message(2, { unread: true }), message(3, { unread: true })];
  await page.store.open.reload();
  page.store.open.markRead([kept[0] as Message]);
  page.store.open.markRead([kept[1] as Message]);
  expect(unread()).toEqual([3]);
  expect(page.store.thread?.row.unread).toBe(1);
  expect(app.all("mark_read")).toEqual([]);
  await pass(300);
  expect(app.all("mark_read")).toEqual([{ thread: THREAD, messages: [1, 2] }]);
});

test("messages seen are told when the thread is left", async () => {
  kept = [message(1, { unread: true })];
  await page.store.open.reload();
  page.store.open.markRead(kept);
  await page.store.open.open(0, 0);
  await settle();
  expect(app.all("mark_read")).toEqual([{ thread: THREAD, messages: [1] }]);
});

test("mark that failed is taken back", async () => {
  kept = [message(1, { unread: true }), message(2, { unread: true })];
  await page.store.open.reload();
  app.on("mark_read", () => refuse("store"));
  page.store.open.markRead([kept[0] as Message]);
  await pass(300);
  expect(unread()).toEqual([1, 2]);
});

test("thread read on another device has nothing unread here", async () => {
  kept = [message(1, { unread: true }), message(2, { unread: true })];
  await page.store.open.reload();
  await app.tell({ event: "thread", thread: row({ unread: 0 }) });
  expect(unread()).toEqual([]);
});

test("message behind a part that is not loaded is not shown", async () => {
  app.on("thread", () => pageOf(kept, { newer: true }));
  await page.store.open.reload();
  await app.tell({ event: "message", message: message(9, { unread: true }) });
  expect(shown()).toEqual([1, 2, 3]);
  expect([...page.store.open.arrived]).toEqual([9]);
});

test("window holds two hundred messages, and moves", async () => {
  const all = Array.from({ length: 300 }, (_, i) => message(i + 1));
  app.on("thread", ({ at }) => {
    if (at && typeof at === "object" && "before" in at) {
      const end = at.before - 1;
      return pageOf(all.slice(Math.max(0, end - 100), end), { older: end > 100 });
    }
    return pageOf(all.slice(200), { older: true });
  });
  await page.store.open.seek("end");
  await page.store.open.move(true);
  expect([shown()[0], shown().length, page.store.thread?.newer]).toEqual([101, 200, false]);
  await page.store.open.move(true);
  expect([shown()[0], shown().at(-1), page.store.thread?.older, page.store.thread?.newer]).toEqual([1, 200, false, true]);
});

test("window is filled for paper, and no further", async () => {
  const all = Array.from({ length: 300 }, (_, i) => message(i + 1));
  app.on("thread", ({ at, limit }) => {
    const end = at && typeof at === "object" && "before" in at ? at.before - 1 : all.length;
    const from = Math.max(0, end - (limit ?? 0));
    return pageOf(all.slice(from, end), { older: from > 0 });
  });
  await page.store.open.seek("end");
  expect(shown().length).toBe(50);
  await page.store.open.fill();
  expect([shown()[0], shown().at(-1)]).toEqual([101, 300]);
});

test("page loaded for an edge that has moved is dropped", async () => {
  app.on("thread", ({ at }) => (at && typeof at === "object" && "before" in at ? pageOf([message(0)], { older: true }) : pageOf(kept, { older: true })));
  await page.store.open.reload();
  const reply = app.hold("thread");
  const moving = page.store.open.move(true);
  await settle();
  await app.tell({ event: "message_gone", thread: THREAD, message: 1 });
  await reply.all();
  await moving;
  expect(shown()).toEqual([2, 3]);
});

// The reader's place in a thread: where it opens, what counts as read, what is still below. A document without
// layout gets one: messages of given heights, one below the other.
import { beforeEach, expect, test } from "vitest";

import type { Message } from "../src/lib/api";
import type { Reading } from "../src/lib/thread/reading.svelte";
import { App, pass, settle } from "./app";
import { openPage, type Page } from "./page";
import { message, page as pageOf, THREAD } from "./records";

const SCREEN_PX = 500;

let app: App;
let page: Page;
let reading: Reading;
let scroller: HTMLElement;
let heights: Map<number, number>;

beforeEach(async () => {
  app = new App();
  page = await openPage();
  heights = new Map();
  layOut();
});

/** Gives the document its layout, which follows what was drawn. */
function layOut(): void {
  document.body.innerHTML = "<div id='scroller'></div>";
  scroller = document.getElementById("scroller") as HTMLElement;
  let top = 0;
  const height = (): number => [...scroller.children].reduce((sum, drawn) => sum + drawn.getBoundingClientRect().height, 0);
  Object.defineProperties(scroller, {
    clientHeight: { value: SCREEN_PX },
    scrollHeight: { get: height },
    scrollTop: { get: () => top, set: (to: number) => (top = Math.max(0, Math.min(to, height() - SCREEN_PX))) },
  });
  scroller.getBoundingClientRect = () => box(0, SCREEN_PX);
}

const box = (top: number, height: number): DOMRect => ({ top, bottom: top + height, height }) as DOMRect;

const shown = (): Message[] => page.store.thread?.messages ?? [];

/** Draws what the thread shows. */
function draw(): void {
  scroller.replaceChildren(
    ...shown().map(({ id }, at) => {
      const element = document.createElement("article");
      element.id = `m${id}`;
      const above = shown().slice(0, at).reduce((sum, before) => sum + (heights.get(before.id) ?? 100), 0);
      element.getBoundingClientRect = () => box(above - scroller.scrollTop, heights.get(id) ?? 100);
      return element;
    }),
  );
}

async function open(messages: Message[], chat = false): Promise<void> {
  app.on("thread", () => pageOf(messages));
  await page.store.open.open(THREAD, 0);
  reading = new page.Reading(page.store.open);
  draw();
  reading.watch(scroller, scroller);
  reading.start(page.store.thread as NonNullable<Page["store"]["thread"]>, 0, chat);
}

async function arrive(...messages: Message[]): Promise<void> {
  await app.tell(...messages.map((m) => ({ event: "message" as const, message: m })));
  draw();
  reading.changed(page.store.thread as NonNullable<Page["store"]["thread"]>);
}

async function scrollTo(top: number): Promise<void> {
  scroller.scrollTop = top;
  scroller.dispatchEvent(new Event("scroll"));
  await settle();
}

const many = (count: number, unread: (id: number) => boolean = () => false): Message[] =>
  Array.from({ length: count }, (_, i) => message(i + 1, { unread: unread(i + 1) }));

const unread = (): number[] => shown().filter((m) => m.unread).map((m) => m.id);

test("thread opens at its first unread message", async () => {
  await open(many(20, (id) => id > 10));
  expect(reading.firstNew).toBe(11);
  // A little room above it.
  expect(scroller.scrollTop).toBe(1000 - 48);
});

test("chat with nothing unread opens at its end, letters at the top of the newest", async () => {
  heights.set(20, 800);
  await open(many(20), true);
  expect(scroller.scrollTop).toBe(2200);
  await open(many(20));
  expect(scroller.scrollTop).toBe(1900 - 48);
});

test("what was on screen is read, and no more", async () => {
  await open(many(20, (id) => id > 10));
  // Its upper edge is at 952, its lower one at 1452.
  expect(unread()).toEqual([15, 16, 17, 18, 19, 20]);
  expect(reading.below).toBe(6);
  await pass(300);
  expect(app.all("mark_read")).toEqual([{ thread: THREAD, messages: [11, 12, 13, 14] }]);
});

test("nothing is read in a window that nobody looks at", async () => {
  document.hasFocus = () => false;
  await open(many(20, (id) => id > 10));
  expect(unread().length).toBe(10);
  Reflect.deleteProperty(document, "hasFocus");
  dispatchEvent(new Event("focus"));
  expect(unread().length).toBe(6);
});

test("message longer than the screen is read once it fills it", async () => {
  heights.set(1, 450);
  heights.set(2, 2000);
  await open([message(1), message(2), message(3)]);
  await scrollTo(0);
  await arrive(message(2, { unread: true }));
  await scrollTo(200);
  expect(unread()).toEqual([2]);
  await scrollTo(350);
  expect(unread()).toEqual([]);
});

test("scrolling reads what comes on screen", async () => {
  await open(many(20, (id) => id > 10));
  await scrollTo(1400);
  await scrollTo(1500);
  expect(unread()).toEqual([]);
  expect(reading.below).toBe(0);
  expect(page.store.open.reader.atEnd).toBe(true);
});

test("reader at the end follows it", async () => {
  await open(many(20), true);
  await arrive(message(21, { unread: true }));
  expect(scroller.scrollTop).toBe(1600);
  expect(unread()).toEqual([]);
  // Also where what keeps its place is the top of the newest.
  heights.set(20, 480);
  await open(many(20));
  expect(scroller.scrollTop).toBe(1900 - 48);
  await arrive(message(21, { unread: true }));
  expect(scroller.scrollTop).toBe(1980);
});

test("reader elsewhere stays, and is told what came below", async () => {
  await open(many(20), true);
  await scrollTo(200);
  await arrive(message(21, { unread: true }), message(22, { unread: true }));
  expect(scroller.scrollTop).toBe(200);
  expect([reading.newBelow, reading.below, reading.farFromEnd]).toEqual([2, 2, true]);
  expect(reading.firstNew).toBe(21);
});

test("reader who scrolls up as a message arrives is not drawn to the end", async () => {
  await open(many(20), true);
  // The event of the scroll is to come.
  scroller.scrollTop = 200;
  await arrive(message(21, { unread: true }));
  expect(scroller.scrollTop).toBe(200);
  expect(reading.newBelow).toBe(1);
  scroller.scrollTop = 1600;
  await arrive(message(22, { unread: true }));
  expect(scroller.scrollTop).toBe(1700);
});

test("message above that grows moves nothing on screen", async () => {
  await open(many(20), true);
  await scrollTo(1000);
  heights.set(3, 400);
  draw();
  reading.changed(page.store.thread as NonNullable<Page["store"]["thread"]>);
  expect(scroller.scrollTop).toBe(1300);
});

test("going to what is unread goes to the first of it", async () => {
  await open(many(20), true);
  await scrollTo(200);
  await arrive(...Array.from({ length: 10 }, (_, i) => message(21 + i, { unread: true })));
  await reading.toUnread();
  expect(scroller.scrollTop).toBe(2000 - 48);
  await reading.toEnd();
  expect(scroller.scrollTop).toBe(2500);
});

// The store: replies and events travel on different connections, so either may come first.
import { beforeEach, expect, test } from "vitest";

import { App, pass, refuse } from "./app";
import { openPage, reopen, type Page } from "./page";
import { ACCOUNT, account, anna, contact, draft, message, ping, row, state } from "./records";

let app: App;
let page: Page;

beforeEach(async () => {
  app = new App();
  page = await openPage();
});

/** Accepts a ping as its page does. */
async function accept(id: number): Promise<void> {
  const since = page.store.eventCount();
  page.store.putPing(await page.command("accept", { ping: id }), since);
}

test("reply updates its record", async () => {
  app.on("accept", () => ping(1, { state: { state: "queued" } }));
  await accept(1);
  expect(page.store.pings).toEqual([ping(1, { state: { state: "queued" } })]);
});

test("reply overtaken by an event is dropped", async () => {
  app.on("accept", () => ping(1, { state: { state: "queued" } }));
  const reply = app.hold("accept");
  const accepting = accept(1);
  await app.tell({ event: "ping", ping: ping(1, { state: { state: "accepted" } }) });
  await reply.all();
  await accepting;
  expect(page.store.pings.map((p) => p.state.state)).toEqual(["accepted"]);
});

test("event of another record does not drop a reply", async () => {
  app.on("accept", () => ping(1, { state: { state: "queued" } }));
  const reply = app.hold("accept");
  const accepting = accept(1);
  await app.tell({ event: "ping", ping: ping(2) });
  await reply.all();
  await accepting;
  expect(page.store.pings.map((p) => [p.id, p.state.state])).toEqual([
    [2, "waiting"],
    [1, "queued"],
  ]);
});

test("event that waits for its frame counts as heard when a reply arrives", async () => {
  app.on("accept", () => ping(1, { state: { state: "queued" } }));
  const since = page.store.eventCount();
  app.write({ event: "ping", ping: ping(1, { state: { state: "accepted" } }) });
  page.store.putPing(await page.command("accept", { ping: 1 }), since);
  expect(page.store.pings.map((p) => p.state.state)).toEqual(["accepted"]);
});

test("list is there before what it does not need", async () => {
  app.on("threads", () => [row()]);
  const contacts = app.hold("contacts");
  const other = await openPage();
  expect(other.store.threads).toEqual([row()]);
  expect([other.store.ready, other.store.complete]).toEqual([true, false]);
  await contacts.all();
  expect(other.store.complete).toBe(true);
});

test("first load that fails half-way shows why, and not half of the pages", async () => {
  app.on("contacts", () => refuse("internal", "The store failed."));
  const other = await openPage();
  expect([other.store.ready, other.store.failure]).toEqual([false, "The store failed."]);
  app.on("contacts", () => []);
  await other.store.load();
  expect([other.store.ready, other.store.complete, other.store.failure]).toEqual([true, true, ""]);
});

test("events during a load are applied to what it brought", async () => {
  app.on("threads", () => [row({ snippet: "as it was" })]);
  const groups = app.hold("groups");
  const loading = page.store.load();
  // The list of threads has been made by now, and the last list is still missing.
  await app.tell({ event: "thread", thread: row({ snippet: "as it is" }) });
  await groups.all();
  await loading;
  expect(page.store.threads.map((r) => r.snippet)).toEqual(["as it is"]);
});

test("event that still waits when a load ends is not overwritten by those before it", async () => {
  const groups = app.hold("groups");
  const loading = page.store.load();
  await app.tell({ event: "account", account: account({ link: { state: "connecting" }, unread: 1 }) });
  await app.tell({ event: "account", account: account({ link: { state: "connecting" }, unread: 2 }) });
  app.write({ event: "account", account: account({ link: { state: "online", since_ms: 1 }, unread: 3 }) });
  await groups.all();
  await loading;
  expect(page.store.accounts.map((a) => [a.link.state, a.unread])).toEqual([["online", 3]]);
});

test("record removed during a load stays removed", async () => {
  app.on("contacts", () => [contact()]);
  const groups = app.hold("groups");
  const loading = page.store.load();
  await app.tell({ event: "contact_gone", account: ACCOUNT, uid: anna.uid });
  await groups.all();
  await loading;
  expect(page.store.contacts).toEqual([]);
});

test("removed account takes its records along", async () => {
  app.on("state", () => state({ accounts: [account(), account({ id: 2 })] }));
  app.on("threads", () => [row(), row({ id: 11, account: 2 })]);
  app.on("pings", () => [ping(1), ping(2, { account: 2 })]);
  await page.store.load();
  await app.tell({ event: "account_gone", account: ACCOUNT });
  expect(page.store.accounts.map((a) => a.id)).toEqual([2]);
  expect(page.store.threads.map((r) => r.id)).toEqual([11]);
  expect(page.store.pings.map((p) => p.id)).toEqual([2]);
});

test("lagged stream loads everything again", async () => {
  app.on("threads", () => [row({ snippet: "missed" })]);
  await app.tell({ event: "lagged" });
  expect(page.store.threads.map((r) => r.snippet)).toEqual(["missed"]);
});

test("reconnecting loads everything again", async () => {
  await app.end();
  expect(page.store.disconnected).toBe("away");
  expect(page.store.linkState(account())).toBe("away");
  app.on("threads", () => [row({ snippet: "meanwhile" })]);
  await reopen(app, page);
  expect(page.store.disconnected).toBeNull();
  expect(page.store.threads.map((r) => r.snippet)).toEqual(["meanwhile"]);
  expect(page.store.outdated).toBe(false);
});

test("reconnecting to an app with other pages says so", async () => {
  await app.end();
  app.pages = "other build";
  await reopen(app, page);
  expect(page.store.outdated).toBe(true);
});

test("silent stream is taken for a lost connection", async () => {
  await pass(20_000);
  expect(page.store.disconnected).toBe("away");
});

test("reply to an older save of a draft is dropped", () => {
  const since = page.store.eventCount();
  page.store.putDraft(draft({ version: 3, text: "newer" }), since);
  page.store.putDraft(draft({ version: 2, text: "older" }), since);
  expect(page.store.drafts.map((d) => d.text)).toEqual(["newer"]);
});

test("older threads are added once", async () => {
  app.on("threads", () => Array.from({ length: 100 }, (_, i) => row({ id: 200 - i, last_at_ms: 200 - i })));
  await page.store.load();
  expect(page.store.threadsComplete(ACCOUNT)).toBe(false);
  app.on("threads", ({ before, before_ms }) => {
    expect([before, before_ms]).toEqual([101, 101]);
    return [row({ id: 101, last_at_ms: 101 }), row({ id: 100, last_at_ms: 100 })];
  });
  await page.store.loadOlder(ACCOUNT);
  expect(page.store.threads.length).toBe(101);
  expect(page.store.threadsComplete(ACCOUNT)).toBe(true);
});

test("an account whose threads and pings are not among the newest of all has its own loaded", async () => {
  const busy = Array.from({ length: 100 }, (_, n) => row({ id: 1000 + n, last_at_ms: 9000 - n }));
  const pings = Array.from({ length: 100 }, (_, n) => ping(1000 + n));
  app.on("state", () => state({ accounts: [account(), account({ id: 2 })] }));
  app.on("threads", (args) => (args.account === 2 ? [row({ id: 1, account: 2 })] : busy));
  app.on("pings", (args) => (args.account === 2 ? [ping(1, { account: 2 })] : pings));
  await page.store.load();
  expect(page.store.threads.filter((one) => one.account === 2).map((one) => one.id)).toEqual([1]);
  expect(page.store.threadsComplete(2)).toBe(true);
  expect(page.store.threadsComplete(ACCOUNT)).toBe(false);
  expect(page.store.pings.filter((one) => one.account === 2).map((one) => one.id)).toEqual([1]);
});

test("what comes is announced once; what was here and becomes unread is not", async () => {
  app.on("watermark", () => ({ message: 5, ping: 0, queued: [] }));
  await app.tell({ event: "lagged" });
  const said = async (id: number): Promise<string> => {
    page.store.announcement = "";
    await app.tell({ event: "message", message: message(id, { unread: true }) });
    return page.store.announcement;
  };
  expect(await said(5)).toBe("");
  expect(await said(6)).toContain("New letter");
  expect(await said(6)).toBe("");
});

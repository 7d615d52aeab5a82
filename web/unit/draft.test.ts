// The editor of a draft: it saves itself, in whatever order replies and events come, and in how many tabs ever.
import { beforeEach, expect, test } from "vitest";

import type { DraftEditor } from "../src/lib/draft/editor.svelte";
import { App, pass, refuse, settle } from "./app";
import { Drafts } from "./drafts";
import { openPage, reopen, type Page } from "./page";
import { ACCOUNT, draft, THREAD } from "./records";

const SAVE_MS = 500;

let app: App;
let drafts: Drafts;
let page: Page;
let editor: DraftEditor;

beforeEach(async () => {
  app = new App();
  drafts = new Drafts(app);
  page = await openPage();
  editor = new page.DraftEditor(ACCOUNT, THREAD);
});

function type(text: string, into = editor): void {
  into.text = text;
  into.changed();
}

/** The editor of the same thread in another tab, which has what the app has. */
async function otherTab(thread: number | null = THREAD): Promise<DraftEditor> {
  const other = await openPage();
  return new other.DraftEditor(ACCOUNT, thread, other.store.drafts.find((d) => d.thread === thread));
}

const versions = (): unknown[] => app.all("save_draft").map(({ text, version }) => [text, version]);

test("typing is saved once, a moment after the last change", async () => {
  type("H");
  await pass(SAVE_MS - 100);
  type("He");
  await pass(SAVE_MS - 100);
  expect(versions()).toEqual([]);
  expect(editor.status).toBe("unsaved");
  await pass(100);
  expect(versions()).toEqual([["He", 0]]);
  expect(editor.status).toBe("saved");
});

test("nothing is saved of an editor in which nothing was typed", async () => {
  type("  ");
  await pass(SAVE_MS);
  expect(versions()).toEqual([]);
  expect(editor.unsaved).toBe(false);
});

test("saves never overlap, and each names the version before", async () => {
  const reply = app.hold("save_draft");
  type("one");
  const first = editor.save();
  await settle();
  type("one two");
  // The field loses the focus while the first save is under way.
  const second = editor.save();
  await settle();
  expect(versions()).toEqual([["one", 0]]);
  await reply.all();
  await Promise.all([first, second]);
  expect(versions()).toEqual([
    ["one", 0],
    ["one two", 1],
  ]);
});

test("what is typed during a save stays unsaved until the next one", async () => {
  const reply = app.hold("save_draft");
  type("one");
  const saving = editor.save();
  await settle();
  type("one two");
  await reply.all();
  await saving;
  expect(editor.status).toBe("unsaved");
  expect(editor.text).toBe("one two");
  await pass(SAVE_MS);
  expect(drafts.only.text).toBe("one two");
});

test("event of its own save is no conflict", async () => {
  const reply = app.hold("save_draft");
  type("one");
  const saving = editor.save();
  await settle();
  // The event is there, the reply is not.
  expect(page.store.drafts.map((d) => d.version)).toEqual([1]);
  type("one two");
  await reply.all();
  await saving;
  await pass(SAVE_MS);
  expect(editor.theirs).toBeNull();
  expect(drafts.only).toMatchObject({ text: "one two", version: 2 });
});

test("save that failed is shown and repeated when the app is back", async () => {
  await app.end();
  type("kept");
  await pass(SAVE_MS);
  expect(editor.status).toBe("unsaved");
  expect(editor.error).not.toBe("");
  expect(editor.unsaved).toBe(true);
  await reopen(app, page);
  expect(drafts.only.text).toBe("kept");
  expect(editor.error).toBe("");
  expect(editor.status).toBe("saved");
});

test("save without room on the disk is tried again", async () => {
  app.on("save_draft", () => refuse("no_room", "The disk is full."));
  type("kept");
  await pass(SAVE_MS);
  expect(editor.error).toBe("The disk is full.");
  new Drafts(app);
  await pass(3000);
  expect(editor.status).toBe("saved");
  expect(editor.error).toBe("");
});

test("save whose answer was lost is recognised as its own", async () => {
  const reply = app.hold("save_draft");
  type("one");
  const saving = editor.save();
  await settle();
  // It is saved, and nobody hears of it.
  await app.end();
  await reply.all();
  await saving;
  await reopen(app, page);
  expect(editor.theirs).toBeNull();
  expect(editor.status).toBe("saved");
  expect(drafts.only).toMatchObject({ text: "one" });
});

test("version that turns out to be its own, saved unheard, is no conflict", async () => {
  const reply = app.hold("save_draft");
  drafts.silent = true;
  type("one");
  const saving = editor.save();
  await settle();
  await reply.lose();
  await saving;
  expect(editor.status).toBe("unsaved");
  await editor.save();
  expect(editor.theirs).toBeNull();
  await pass(SAVE_MS);
  expect(editor.status).toBe("saved");
  expect(drafts.only).toMatchObject({ text: "one" });
});

test("editor with nothing unsaved follows another tab", async () => {
  type("one");
  await editor.save();
  const other = await otherTab();
  type("one, and more", other);
  await other.save();
  await settle();
  expect(editor.text).toBe("one, and more");
  expect(editor.theirs).toBeNull();
});

test("editor with something unsaved asks, and overwrites nothing", async () => {
  type("one");
  await editor.save();
  const other = await otherTab();
  type("mine");
  type("theirs", other);
  await other.save();
  await pass(SAVE_MS);
  expect(editor.theirs?.text).toBe("theirs");
  expect(editor.text).toBe("mine");
  expect(drafts.only.text).toBe("theirs");
});

test("taking the other version replaces what is here", async () => {
  type("one");
  await editor.save();
  type("mine");
  drafts.put({ ...drafts.only, text: "theirs" });
  await settle();
  editor.takeTheirs();
  await pass(SAVE_MS);
  expect(editor.text).toBe("theirs");
  expect(drafts.only).toMatchObject({ text: "theirs", version: 2 });
});

test("keeping both versions of a reply joins them", async () => {
  type("one");
  await editor.save();
  type("mine");
  drafts.put({ ...drafts.only, text: "theirs" });
  await settle();
  editor.keepBoth();
  await settle();
  expect(drafts.only.text).toBe("theirs\n\nmine");
  expect(editor.theirs).toBeNull();
});

test("keeping both versions of a new letter makes a second draft", async () => {
  const letter = new page.DraftEditor(ACCOUNT, null);
  type("one", letter);
  await letter.save();
  type("mine", letter);
  drafts.put({ ...drafts.only, text: "theirs" });
  await settle();
  letter.keepBoth();
  await settle();
  expect([...drafts.kept.values()].map((d) => d.text).sort()).toEqual(["mine", "theirs"]);
});

test("draft sent in another tab empties an editor with nothing unsaved", async () => {
  type("one");
  await editor.save();
  drafts.gone(drafts.only.id);
  await settle();
  expect(editor.text).toBe("");
  expect(editor.id).toBeNull();
});

test("draft discarded in another tab keeps what is unsaved here as a new one", async () => {
  type("one");
  await editor.save();
  const { id } = drafts.only;
  type("one two");
  drafts.gone(id);
  await pass(SAVE_MS);
  expect(drafts.only).toMatchObject({ text: "one two" });
  expect(drafts.only.id).not.toBe(id);
});

test("draft missing in a list made before it was saved is not lost", async () => {
  const list = app.hold("drafts");
  const loading = page.store.load();
  await settle();
  // The event of the save is late.
  drafts.silent = true;
  type("one");
  await editor.save();
  await list.all();
  await loading;
  await settle();
  expect(editor.text).toBe("one");
  expect(editor.id).toBe(drafts.only.id);
});

test("letter is saved before it is sent, and sent as it was saved", async () => {
  type("sent");
  await editor.save();
  type("sent at once");
  expect(editor.seal()).toBe(true);
  const message = await editor.send(0);
  expect(message?.text).toBe("sent at once");
  expect(app.sent.map(({ cmd }) => cmd).slice(-2)).toEqual(["save_draft", "send"]);
  expect(app.all("send")).toEqual([{ draft: 5, version: 2, hold_ms: 0 }]);
});

test("what is typed after a letter was sealed is not sent", async () => {
  const reply = app.hold("save_draft");
  type("sealed");
  void editor.save();
  await settle();
  type("sealed now");
  editor.seal();
  const sending = editor.send(0);
  type("sealed now and more");
  await settle();
  await reply.all();
  await sending;
  expect(drafts.sent).toEqual(["sealed now"]);
  expect(editor.typedSince).toBe(" and more");
});

test("save under way is awaited before sending", async () => {
  const reply = app.hold("save_draft");
  type("one");
  void editor.save();
  await settle();
  editor.seal();
  const sending = editor.send(0);
  await settle();
  expect(app.all("send")).toEqual([]);
  await reply.all();
  expect((await sending)?.text).toBe("one");
  expect(versions()).toEqual([["one", 0]]);
});

test("letter changed in another tab is not sent", async () => {
  type("one");
  await editor.save();
  const other = await otherTab();
  editor.seal();
  type("changed", other);
  const reply = app.hold("send");
  await other.save();
  const sending = editor.send(0);
  await settle();
  await reply.all();
  expect(await sending).toBeNull();
  expect(drafts.sent).toEqual([]);
  expect(editor.theirs?.text ?? editor.text).toBe("changed");
});

test("letter that could not be sent is open again with its text", async () => {
  type("one");
  app.on("send", () => refuse("invalid", "Too long."));
  editor.seal();
  expect(await editor.send(0)).toBeNull();
  expect(editor.error).toBe("Too long.");
  expect(editor.sending).toBe(false);
  expect(editor.text).toBe("one");
});

test("page that goes away sends what is unsaved along", () => {
  type("last words");
  dispatchEvent(new Event("pagehide"));
  expect(editor.unsaved).toBe(true);
  return settle().then(() => {
    expect(app.sent.at(-1)).toMatchObject({ cmd: "save_draft", keepalive: true, args: { text: "last words", leaving: true } });
  });
});

test("page out of sight saves at once", async () => {
  type("seen no more");
  Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
  Reflect.deleteProperty(document, "visibilityState");
  await settle();
  expect(drafts.only.text).toBe("seen no more");
});

test("released editor with nothing unsaved is closed at once", async () => {
  await editor.release();
  expect(editor.revive()).toBe(false);
});

test("released editor is closed once everything is saved", async () => {
  type("one");
  const reply = app.hold("save_draft");
  const releasing = editor.release();
  await settle();
  expect(editor.unsaved).toBe(true);
  await reply.all();
  await releasing;
  expect(editor.revive()).toBe(false);
  // It hears nothing any more.
  drafts.put(draft({ ...drafts.only, text: "other" }));
  await settle();
  expect(editor.text).toBe("one");
});

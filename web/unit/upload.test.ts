// Files on their way into a draft, and what they mean for the letter.
import { beforeEach, expect, test, vi } from "vitest";

import type { DraftEditor } from "../src/lib/draft/editor.svelte";
import { App, pass, settle } from "./app";
import { Drafts } from "./drafts";
import { openPage, type Page } from "./page";
import { ACCOUNT, attachment, THREAD } from "./records";

/** Uploads that the page has begun, in that order: the browser's side of them. */
let uploads: Upload[];

class Upload {
  upload: { onprogress?: (event: { loaded: number }) => void } = {};
  responseText = "";
  onload: () => void = () => undefined;
  onerror: () => void = () => undefined;
  onabort: () => void = () => undefined;
  path = "";
  file: File | null = null;

  open(_method: string, path: string): void {
    this.path = path;
  }

  setRequestHeader(): void {}

  send(file: File): void {
    this.file = file;
    uploads.push(this);
  }

  abort(): void {
    this.onabort();
  }

  /** The app has taken it. */
  async taken(): Promise<void> {
    const draft = Number(/^\/api\/drafts\/(\d+)\//.exec(this.path)?.[1]);
    const value = drafts.attach(draft, attachment(50 + uploads.indexOf(this), this.file?.name ?? ""));
    this.responseText = JSON.stringify({ ok: { kind: "draft", value } });
    this.onload();
    await settle();
  }

  async broken(): Promise<void> {
    this.onerror();
    await settle();
  }
}

let app: App;
let drafts: Drafts;
let page: Page;
let editor: DraftEditor;

beforeEach(async () => {
  sessionStorage.clear();
  app = new App();
  drafts = new Drafts(app);
  uploads = [];
  vi.stubGlobal("XMLHttpRequest", Upload);
  page = await openPage();
  editor = new page.DraftEditor(ACCOUNT, THREAD);
});

const file = (name: string): File => new File(["abc"], name, { lastModified: 1 });
const names = (): string[] => editor.attachments.map((a) => a.name);

function type(text: string): void {
  editor.text = text;
  editor.changed();
}

test("files are attached to a saved draft, one after the other", async () => {
  const attaching = editor.attach([file("a.txt"), file("b.txt")]);
  await settle();
  expect(uploads.map((u) => u.path)).toEqual([`/api/drafts/${drafts.only.id}/attachments?name=a.txt`]);
  await uploads[0]?.taken();
  expect(names()).toEqual(["a.txt"]);
  await uploads[1]?.taken();
  await attaching;
  expect(names()).toEqual(["a.txt", "b.txt"]);
  expect(editor.uploads.running).toBe(false);
});

test("progress of an upload is shown", async () => {
  void editor.attach([file("a.txt")]);
  await settle();
  uploads[0]?.upload.onprogress?.({ loaded: 2 });
  expect(editor.uploads.shown.map((u) => [u.name, u.sent, u.total])).toEqual([["a.txt", 2, 3]]);
});

test("letter is not sent before its files are attached", async () => {
  type("with a file");
  void editor.attach([file("a.txt")]);
  await settle();
  expect(editor.seal()).toBe(false);
  expect(editor.error).not.toBe("");
  await uploads[0]?.taken();
  expect(editor.seal()).toBe(true);
});

test("file that failed holds the letter up until it is put away", async () => {
  type("with a file");
  const attaching = editor.attach([file("a.txt")]);
  await settle();
  await uploads[0]?.broken();
  await attaching;
  expect(editor.uploads.failed).toEqual(["a.txt"]);
  expect(editor.seal()).toBe(false);
  editor.uploads.cancel(editor.uploads.shown[0]?.key ?? 0);
  expect(editor.seal()).toBe(true);
});

test("file that failed can be tried again", async () => {
  const attaching = editor.attach([file("a.txt")]);
  await settle();
  await uploads[0]?.broken();
  await attaching;
  const again = editor.tryAgain(editor.uploads.shown[0]?.key ?? 0);
  await settle();
  await uploads[1]?.taken();
  expect(await again).toBe(true);
  expect(names()).toEqual(["a.txt"]);
});

test("text saved during an upload keeps the file", async () => {
  void editor.attach([file("a.txt")]);
  await settle();
  type("typed meanwhile");
  await pass(500);
  await uploads[0]?.taken();
  expect(names()).toEqual(["a.txt"]);
  expect(drafts.only).toMatchObject({ text: "typed meanwhile", attachments: [{ name: "a.txt" }] });
});

test("file waits until the member has chosen between two versions", async () => {
  type("one");
  await editor.save();
  type("mine");
  drafts.put({ ...drafts.only, text: "theirs" });
  await settle();
  const attaching = editor.attach([file("a.txt")]);
  await settle();
  expect(uploads).toEqual([]);
  editor.keepBoth();
  await settle();
  await uploads[0]?.taken();
  await attaching;
  expect(drafts.only).toMatchObject({ text: "theirs\n\nmine", attachments: [{ name: "a.txt" }] });
});

test("draft remembers over a reload that files are missing", async () => {
  void editor.attach([file("a.txt"), file("b.txt")]);
  await settle();
  const reloaded = await openPage();
  const again = new reloaded.DraftEditor(ACCOUNT, THREAD, drafts.only);
  expect(again.uploads.missing).toBe(2);
  again.text = "without them?";
  expect(again.seal()).toBe(false);
  again.uploads.dismissMissing();
  expect(again.seal()).toBe(true);
});

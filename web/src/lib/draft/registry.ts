// Registry of the open draft editors: what becomes of them when the page is hidden, closed or loaded again.
import { store } from "../store.svelte";
import { unsavedDrafts } from "./autosave.svelte";
import { onComposed } from "./composition";
import type { DraftEditor } from "./editor.svelte";

/** What a browser sends for a page that has been closed, bytes; a little less than it allows. */
const KEEPALIVE_BYTES = 56 << 10;

/** All that a page shows, or that still have to be saved. */
export const openEditors = new Set<DraftEditor>();

/** Whether the engine does not have all that was typed. */
export function anythingUnsaved(): boolean {
  return unsavedDrafts.size > 0;
}

/** Whether more is unsaved, or not attached yet, than can be sent when the page is closed. */
export function tooMuchToLeave(): boolean {
  const bytes = [...unsavedDrafts].reduce((sum, { text, subject }) => sum + new Blob([JSON.stringify([text, subject])]).size, 0);
  return bytes > KEEPALIVE_BYTES || [...openEditors].some((editor) => editor.uploads.shown.length > 0);
}

/** The editor of this draft, if something in it waits to be saved or attached. */
export function unsavedEditor(id: number): DraftEditor | undefined {
  return [...openEditors].find((editor) => editor.id === id && editor.unsaved);
}

// After a reconnect: what changed meanwhile, and what is yet to be saved.
store.onLoaded(() => {
  for (const editor of openEditors) editor.reconcile();
});

// A browser may end a hidden page without a word.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") for (const draft of unsavedDrafts) void draft.save();
});

addEventListener("pagehide", () => {
  for (const draft of unsavedDrafts) draft.saveOnUnload();
});

onComposed(() => {
  for (const editor of openEditors) editor.catchUp();
});

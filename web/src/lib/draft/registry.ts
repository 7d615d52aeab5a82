// The editors that are open in this page, and what becomes of them when it goes away or comes back.
import type { DraftEditor } from "./editor.svelte";
import { store } from "../store.svelte";

/** What a browser sends for a page that has gone, bytes; a little less than it allows. */
const LEAVING_BYTES = 56 << 10;

/** All that somebody looks at, or that still have to be saved. */
export const open = new Set<DraftEditor>();

/** Those with something in them that the app does not have. */
export const unsaved = new Set<DraftEditor>();

/** Whether the app does not have all that was typed. */
export function anythingUnsaved(): boolean {
  return unsaved.size > 0;
}

/** Whether more is unsaved, or not attached yet, than can be sent along when the page closes. */
export function tooMuchToLeave(): boolean {
  const bytes = [...unsaved].reduce((sum, { text, subject }) => sum + new Blob([JSON.stringify([text, subject])]).size, 0);
  return bytes > LEAVING_BYTES || [...open].some((editor) => editor.uploads.shown.length > 0);
}

/** The editor in which something of this draft waits to be saved or attached, if there is one. */
export function unsavedEditor(id: number): DraftEditor | undefined {
  return [...open].find((editor) => editor.id === id && editor.unsaved);
}

// After the app was away: what it has meanwhile, and what it has yet to be told.
store.whenLoaded(() => {
  for (const editor of open) editor.reconcile();
});

// A page that nobody sees may be ended without a word.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") for (const editor of unsaved) void editor.save();
});

// A page that goes away takes along what its timers have yet to save.
addEventListener("pagehide", () => {
  for (const editor of unsaved) editor.leave();
});

let composing = false;

/** Whether a character is being put together: its field must not be changed under the input method. */
export const isComposing = (): boolean => composing;

addEventListener("compositionstart", () => (composing = true));
// The field may be gone before its character is done.
addEventListener("focusin", () => (composing = false));
addEventListener("compositionend", () => {
  composing = false;
  // Some browsers tell of the character only now.
  setTimeout(() => open.forEach((editor) => editor.catchUp()));
});

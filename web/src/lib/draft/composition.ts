// IME composition: while a character is being composed, its field must not be changed.
let composing = false;
let composed: () => void = () => undefined;

export const isComposing = (): boolean => composing;

/** Calls `done` after each composition. */
export function onComposed(done: () => void): void {
  composed = done;
}

addEventListener("compositionstart", () => (composing = true));
// The field may be gone before its character is done.
addEventListener("focusin", () => (composing = false));
addEventListener("compositionend", () => {
  composing = false;
  // Some browsers tell of the character only now.
  setTimeout(() => composed());
});

// Keyboard: which action a key stands for, whatever the layout. What the actions are is in `actions/registry.ts`, and
// which keys they have in `actions/bindings.svelte.ts`.
import { tick } from "svelte";
import { bindings } from "./actions/bindings.svelte";
import { closeItem, backToRow, focusList, focusMain, isNowhere, rows } from "./actions/pane";
import { isAtWork } from "./focus";
import { outbox } from "./outbox.svelte";
import { palette } from "./palette.svelte";
import { prefs } from "./prefs.svelte";
import { search } from "./search.svelte";
import { selection } from "./selection.svelte";

const CHORD_MS = 1200;
const OPENING_MS = 1000;

/** Actions that open a form, whose first field then gets the focus. */
const OPENS = new Set(["compose", "ping"]);

/** Starts answering the keys. */
export function listenToKeys(): void {
  let first = "";
  let chordUntil = 0;
  // Between a key that opens a form and its first field having the focus, keys are neither.
  let openingUntil = 0;
  addEventListener("focusin", (event) => {
    if (isTyping(event.target)) openingUntil = 0;
  });
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isComposing(event) || document.querySelector("dialog[open]")) return;
    if (palette.awaited) return early(event);
    if (event.key === "Escape") return escape(event);
    const key = keyOf(event);
    const plain = !/^(Ctrl|Alt)\+|^(Shift\+)?F\d/.test(key);
    if (plain && (isWriting(event.target, key) || isAtWork() || outbox.awaiting)) return;
    if (plain && event.timeStamp < openingUntil) return event.preventDefault();
    if (isLetterKey(key) && !prefs.letterKeys) return;
    const chord = event.timeStamp < chordUntil;
    const action = bindings.action(chord ? `${first} ${key}` : key);
    chordUntil = !chord && bindings.begins(key) ? event.timeStamp + CHORD_MS : 0;
    first = key;
    if (!action || action.run() === false) return;
    event.preventDefault();
    if (OPENS.has(action.id)) openingUntil = event.timeStamp + OPENING_MS;
  });
}

/** A key for the palette before it is there: no command, and no letter of what it was called from. */
function early(event: KeyboardEvent): void {
  const held = (event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState("AltGraph");
  const again = bindings.action(keyOf(event))?.id === "palette";
  if (held && !again) return;
  event.preventDefault();
  if (again || event.key === "Escape") palette.close();
  else palette.keep(event.key);
}

/** Whether a key belongs to the input method: some browsers say so only by the old number. */
export const isComposing = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229;

/** Keys of one character, which can be switched off. */
const isLetterKey = (key: string): boolean => /^(Shift\+)?\S$/u.test(key);

/** A key as the registry spells it: `c`, `Shift+U`, `Ctrl+K`, `Alt+ArrowUp`, `Space`, `?`. */
export function keyOf(event: KeyboardEvent): string {
  const key = meant(event);
  const letter = /^[A-Z]$/.test(key);
  const named = key.length > 1;
  const held = event.ctrlKey || event.metaKey;
  const parts = [held ? "Ctrl" : "", event.altKey ? "Alt" : "", event.shiftKey && (letter || named) ? "Shift" : "", held && !named ? key.toUpperCase() : key];
  return parts.filter(Boolean).join("+");
}

/** Signs by their places, without and with Shift, where a layout has letters of another alphabet there. */
const SIGNS: Readonly<Record<string, string>> = { Backquote: "`~", Minus: "-_", Equal: "=+", BracketLeft: "[{", BracketRight: "]}", Backslash: "\\|", Semicolon: ";:", Quote: "'\"", Comma: ",<", Period: ".>", Slash: "/?" };

/** The command a key stands for: whatever Caps Lock says, and by its place on the keyboard where the
    layout has other letters there. */
function meant(event: KeyboardEvent): string {
  const { key, code, shiftKey } = event;
  if (key === " ") return "Space";
  if (/^[a-z]$/i.test(key)) return shiftKey ? key.toUpperCase() : key.toLowerCase();
  if (/[/?#[\]1-9]/.test(key) && key.length === 1) return key;
  // A dead key of accents stands where others have the bracket.
  const dead = key === "Dead";
  if (key.length !== 1 && !dead) return key;
  // Not what a third level gives, such as the ć of a Polish keyboard.
  const foreign = dead || (key > "\u007f" && !event.getModifierState("AltGraph"));
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter && foreign) return shiftKey ? letter : letter.toLowerCase();
  const sign = SIGNS[code]?.charAt(shiftKey ? 1 : 0);
  if (sign && foreign) return sign;
  if (foreign && shiftKey && code === "Digit3") return "#";
  // Where other alphabets are written, a full stop or a comma lies in the place of the slash.
  if (code === "Slash" && (key === "." || key === ",")) return shiftKey ? "?" : "/";
  const digit = /^Digit([1-9])$/.exec(code)?.[1];
  return digit && !shiftKey ? digit : key;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

/** Whether a key belongs to a form: to its fields, and to its buttons, which the Tab key passes between them. In a reply
    that is empty, what pages through a text pages through the thread. */
function isWriting(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (/^Page(Up|Down)$/.test(key) && target instanceof HTMLTextAreaElement && target.matches("[data-key='reply']") && target.value === "") return false;
  return isTyping(target) || target.closest("form, [data-draft], [role='search']") !== null;
}

/** Steps back: out of a field, out of a selection, out of a search, back to the row, out of what is open. */
function escape(event: KeyboardEvent): void {
  const active = document.activeElement;
  if (active instanceof HTMLElement && isTyping(active)) {
    if (active.dataset["key"] === "search") leaveSearch();
    else leave(active);
  } else if (!selection.clear() && !leaveSearch() && !(isNowhere(active) ? closeItem() : backToRow())) {
    return;
  }
  event.preventDefault();
}

/** From what was found back to the list, once that is there again; false when nothing is searched. */
function leaveSearch(): boolean {
  const was = search.clear();
  if (was || document.activeElement?.closest(".place-bar [role='search']")) void tick().then(() => focusList() || focusMain());
  return was;
}

/** Leaves a field for what it belongs to: never for nothing. */
function leave(field: HTMLElement): void {
  const row = field.closest(".list-pane") ? rows()[0] : undefined;
  if (row) row.focus();
  else if (!field.closest("main") || !focusMain()) field.blur();
}

/** Attached to forms with a field of several lines, where Enter alone starts a new one. */
export function submitOnCtrlEnter(form: HTMLFormElement): () => void {
  const onkeydown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || isComposing(event) || event.repeat) return;
    event.preventDefault();
    if (form.querySelector("button.primary:enabled")) form.requestSubmit();
  };
  form.addEventListener("keydown", onkeydown);
  return () => form.removeEventListener("keydown", onkeydown);
}

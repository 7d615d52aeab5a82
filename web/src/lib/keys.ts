// Keyboard shortcuts: one table that handles the keys and is shown as the list under `?`.
import { outbox } from "./outbox.svelte";
import { press as mark, putAway, threadInHand } from "./putaway.svelte";
import { prefs } from "./prefs.svelte";
import { href, router, type Section } from "./route.svelte";
import { selection } from "./selection.svelte";
import { store } from "./store.svelte";
import { t } from "./strings";

export interface Shortcut {
  keys: string;
  label: string;
  group: string;
}

const g = t.keys.groups;

export const SHORTCUTS: Shortcut[] = [
  { keys: "c", label: t.keys.compose, group: g.write },
  { keys: "p", label: t.keys.ping, group: g.write },
  { keys: "r", label: t.keys.reply, group: g.write },
  { keys: "Ctrl Enter", label: t.keys.send, group: g.write },
  { keys: "z", label: t.keys.undo, group: g.write },
  { keys: "v", label: t.keys.look, group: g.write },
  { keys: "j", label: t.keys.next, group: g.list },
  { keys: "k", label: t.keys.previous, group: g.list },
  { keys: "Enter", label: t.keys.open, group: g.list },
  { keys: "x", label: t.keys.select, group: g.list },
  { keys: "e", label: t.keys.archive, group: g.list },
  { keys: "#", label: t.keys.trash, group: g.list },
  { keys: "m", label: t.keys.mute, group: g.list },
  { keys: "s", label: t.keys.star, group: g.list },
  { keys: "Shift u", label: t.keys.unread, group: g.list },
  { keys: "u", label: t.keys.back, group: g.list },
  { keys: "Esc", label: t.keys.escape, group: g.list },
  { keys: "/", label: t.keys.search, group: g.go },
  { keys: "g l", label: t.keys.letters, group: g.go },
  { keys: "g p", label: t.keys.pings, group: g.go },
  { keys: "g c", label: t.keys.people, group: g.go },
  { keys: "g g", label: t.keys.groupsGo, group: g.go },
  { keys: "g d", label: t.keys.drafts, group: g.go },
  { keys: "g s", label: t.keys.service, group: g.go },
  { keys: "1 … 9", label: t.keys.nth, group: g.go },
  { keys: "?", label: t.keys.help, group: g.go },
];

const PLACES: Record<string, Section> = { l: "letters", p: "pings", c: "people", g: "groups", d: "drafts", s: "service" };
const CHORD_MS = 1200;
const OPENING_MS = 1000;

/** What only the pages themselves can do. */
export interface KeyActions {
  help: () => void;
  clearSearch: () => boolean;
}

/** Starts answering the keys. */
export function listenToKeys(actions: KeyActions): void {
  let chordUntil = 0;
  // Between a key that opens a form and its first field having the focus, keys are neither.
  let openingUntil = 0;
  addEventListener("focusin", (event) => {
    if (isTyping(event.target)) openingUntil = 0;
  });
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isComposing(event) || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") return escape(event, actions);
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || outbox.awaiting) return;
    if (event.timeStamp < openingUntil) return event.preventDefault();
    if (!prefs.letterKeys) return;
    const key = meant(event);
    const chord = event.timeStamp < chordUntil;
    chordUntil = !chord && key === "g" ? event.timeStamp + CHORD_MS : 0;
    const done = chord ? goTo(PLACES[key]) : press(key, actions);
    if (!done) return;
    event.preventDefault();
    if (!chord && (key === "c" || key === "p")) openingUntil = event.timeStamp + OPENING_MS;
  });
}

/** Whether a key belongs to the input method: some browsers say so only by the old number. */
export const isComposing = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229;

/** The command a key stands for: whatever Caps Lock says, and by its place on the keyboard where the
    layout has other letters there. */
function meant(event: KeyboardEvent): string {
  const { key, code, shiftKey } = event;
  if (/^[a-z]$/i.test(key)) return shiftKey ? key.toUpperCase() : key.toLowerCase();
  if (key.length !== 1 || /[/?#1-9]/.test(key)) return key;
  // Not what a third level gives, such as the ć of a Polish keyboard.
  const foreign = key > "\u007f" && !event.getModifierState("AltGraph");
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter && foreign) return shiftKey ? letter : letter.toLowerCase();
  // Where other alphabets are written, a full stop or a comma lies in the place of the slash.
  if (code === "Slash" && (foreign || key === "." || key === ",")) return shiftKey ? "?" : "/";
  const digit = /^Digit([1-9])$/.exec(code)?.[1];
  return digit && !shiftKey ? digit : key;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

function press(key: string, actions: KeyActions): boolean {
  switch (key) {
    case "?":
      actions.help();
      return true;
    case "/":
      return focus("[data-key='search']");
    case "j":
      return move(1);
    case "k":
      return move(-1);
    case "r":
      return focus("[data-key='reply']");
    case "z":
      return undo();
    case "x":
      return select();
    case "e":
      return mark("archived");
    case "#":
      return mark("trashed");
    case "m":
      return mark("muted");
    case "s":
      return mark("starred");
    case "U":
      return mark("unread");
    case "v":
      return click("[data-key='look']");
    case "u":
      return goUp();
    case "c":
      return goTo("letters", "new");
    case "p":
      return goTo("pings", "new");
    default:
      return /^[1-9]$/.test(key) && goToAccount(Number(key) - 1);
  }
}

function undo(): boolean {
  if (putAway.last) void putAway.undo();
  else if (outbox.last) void outbox.undo();
  else return false;
  return true;
}

function select(): boolean {
  const row = threadInHand();
  if (row) selection.toggle(row.id);
  return row !== undefined;
}

function goTo(section: Section | undefined, item = ""): boolean {
  const { page, account } = router.now;
  const id = page === "account" ? account : store.accounts[0]?.id;
  if (!section || !id) return false;
  router.go(href(id, section, item));
  return true;
}

function goToAccount(index: number): boolean {
  const account = store.accounts[index];
  if (account) router.go(href(account.id));
  return account !== undefined;
}

/** From an open item to its list. */
export function goUp(): boolean {
  const { page, account, section, item } = router.now;
  if (page !== "account" || (!item && section !== "service")) return false;
  router.go(href(account, section === "service" ? "letters" : section));
  return true;
}

function escape(event: KeyboardEvent, actions: KeyActions): void {
  const active = document.activeElement;
  if (active instanceof HTMLElement && isTyping(active)) {
    if (active.dataset["key"] === "search") actions.clearSearch();
    active.blur();
  } else if (!selection.clear() && !actions.clearSearch() && !goUp()) {
    return;
  }
  event.preventDefault();
}

/** Moves the focus along the rows of the list; Enter then opens as for any link. */
function move(by: number): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const focused = rows.indexOf(document.activeElement as HTMLElement);
  const current = focused >= 0 ? focused : rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  const next = rows[current < 0 ? 0 : Math.min(Math.max(current + by, 0), rows.length - 1)];
  next?.focus();
  return next !== undefined;
}

function focus(selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector);
  element?.focus();
  return element !== null;
}

function click(selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector);
  element?.click();
  return element !== null;
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

// Focus among the panes: from row to row, from a row into what it opens and back, from pane to pane.
import { scrollerOf } from "../scroller";
import { router } from "../route.svelte";
import { search } from "../search.svelte";
import { goUp } from "./place";

const isShown = (element: HTMLElement): boolean => element.checkVisibility();

export const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("[data-row]")].filter(isShown);
export const rowOfOpen = (): HTMLElement | undefined => rows().find((row) => row.getAttribute("aria-current") === "true");

/** Where the focus rests when nothing has it. */
export const isNowhere = (element: Element | null): boolean => element === null || element === document.body || element.id === "main";
const isInList = (element: Element | null): boolean => element !== null && element.closest(".list-pane") !== null;

const SEARCH = "[data-key='search']";

/** Moves the focus along the rows of the list; Enter then opens as for any link. */
export function moveRow(by: number): boolean {
  const all = rows();
  const focused = all.indexOf(document.activeElement as HTMLElement);
  const current = focused >= 0 ? focused : all.findIndex((row) => row.getAttribute("aria-current") === "true");
  const next = all[current < 0 ? 0 : Math.min(Math.max(current + by, 0), all.length - 1)];
  next?.focus();
  return next !== undefined;
}

/** The same by an arrow key, which belongs to what has the focus where that is no row. */
export function moveByArrow(by: number): boolean {
  const { activeElement } = document;
  // Above what was found is the field.
  if (by < 0 && search.active && isInList(activeElement) && activeElement === rows()[0]) return focusOn(SEARCH);
  return (isNowhere(activeElement) || activeElement?.matches("[data-row], .list-pane nav a")) === true && moveRow(by);
}

/** Opens the row with the focus. */
export function openRow(): boolean {
  const row = document.activeElement;
  if (!(row instanceof HTMLElement) || !row.matches("[data-row]")) return false;
  // It is open: only the focus goes on.
  if (row.getAttribute("aria-current") === "true") return focusMain();
  row.click();
  return true;
}

/** Puts the focus into the open item: on its thread's messages, otherwise on the pane. */
export function focusMain(): boolean {
  const main = document.querySelector<HTMLElement>("main .scroller") ?? document.getElementById("main");
  if (!main || !isShown(main)) return false;
  main.focus({ preventScroll: true });
  return true;
}

/** Puts the focus into the list: on the row of what is open, on the first row, and without rows on the list's tab. */
export function focusList(): boolean {
  const all = rows().filter(isInList);
  const open = all.find((row) => row.getAttribute("aria-current") === "true");
  const others = [".list-pane nav a[aria-current]", ".list-pane .place-bar .name"].flatMap((one) => document.querySelector<HTMLElement>(one) ?? []);
  const to = open ?? all[0] ?? others.find(isShown);
  to?.focus();
  return to !== undefined;
}

/** Goes somewhere by a key, and takes the focus along: into the list, or first of all into what is open. */
export function goWithFocus(go: () => boolean, into: "list" | "main" = "list"): boolean {
  const before = location.hash;
  if (!go()) return false;
  const land = (): void => void requestAnimationFrame(() => (into === "list" ? focusList() || focusMain() : focusMain() || focusList()));
  if (location.hash === before) land();
  else addEventListener("hashchange", land, { once: true });
  return true;
}

/** Puts the focus on the row of what is open, or on the first; where the list is not on screen, goes to it. */
export function backToRow(): boolean {
  const { activeElement } = document;
  const row = rowOfOpen() ?? rows()[0];
  if (row && !isInList(activeElement) && router.now.item) {
    row.focus();
    return true;
  }
  return closeItem();
}

/** The same by an arrow key, which in a field or a wide table moves something else. */
export function backByArrow(): boolean {
  const { activeElement } = document;
  return (isNowhere(activeElement) || activeElement?.matches(".scroller, [data-message]")) === true && backToRow();
}

/** Goes to the list, with the focus on the row of what was open. */
export function closeItem(): boolean {
  const { item } = router.now;
  if (!goUp()) return false;
  requestAnimationFrame(() => {
    const left = rows().find((row) => (row as HTMLAnchorElement).hash?.split("/")[3] === encodeURIComponent(item));
    if (isNowhere(document.activeElement) || isInList(document.activeElement)) (left ?? rows()[0])?.focus();
  });
  return true;
}

/** Puts the focus into the next pane: services, list, what is open. */
export function nextPane(by: number): boolean {
  const panes = [".rail", ".list-pane", "#main"].map((one) => document.querySelector<HTMLElement>(one)).filter((pane) => pane !== null && isShown(pane));
  const now = panes.findIndex((pane) => pane?.contains(document.activeElement));
  const next = panes[(now + by + panes.length) % panes.length];
  if (!next) return false;
  if (next.id === "main") return focusMain();
  const first = next.querySelector<HTMLElement>(".service[aria-current]") ?? rowOfOpen() ?? next.querySelector<HTMLElement>("[data-row]");
  (first && next.contains(first) ? first : next.querySelector<HTMLElement>("a, button"))?.focus();
  return true;
}

/** Pages through the open thread from wherever the focus is, but on what Space presses. */
export function page(by: number): boolean {
  const { activeElement } = document;
  const inner = document.querySelector<HTMLElement>("main .scroller, main .page-body");
  const scroller = scrollerOf(inner);
  if (!inner || !scroller || !isShown(inner) || scroller === activeElement) return false;
  if (!isNowhere(activeElement) && !activeElement?.matches("[data-row], [data-message], [data-key='reply']")) return false;
  scroller.scrollBy({ top: by * scroller.clientHeight * 0.9 });
  return true;
}

/** Puts the focus on what a selector finds. */
export function focusOn(selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector);
  element?.focus();
  return element !== null;
}

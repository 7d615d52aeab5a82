// Focus that is never lost: when what has it is taken away or hidden, it goes to what stands nearest in meaning, so that
// the next key does something and a screen reader says where one is.
import type { Attachment } from "svelte/attachments";
import { focusMain, rowOfOpen, rows } from "./actions/pane";
import { router } from "./route.svelte";

/** What had the focus last, and the pane that it was in. Nothing once the member has put the focus nowhere. */
let last: { element: Element; pane: string } | undefined;
/** What was open last, whose row is the way back. */
let item = "";
let looking = false;
/** What had the focus, and cannot be pressed while what it does is done. It has it again afterwards. */
let busy: Element | undefined;

const PANES = [".list-pane", "#main", ".rail"];

/** Starts keeping it. */
export function keepFocus(): void {
  addEventListener("focusin", ({ target }) => {
    busy = undefined;
    if (target instanceof Element) last = { element: target, pane: PANES.find((pane) => target.closest(pane)) ?? "" };
  });
  addEventListener("focusout", ({ target, relatedTarget }) => {
    if (relatedTarget !== null) return;
    // Some browsers tell this also of what is being taken away.
    queueMicrotask(() => {
      if (target instanceof Element && last?.element === target && target !== document.activeElement && target !== busy && isThere(target)) last = undefined;
    });
  });
  addEventListener("pointerdown", () => (busy = undefined));
  new MutationObserver((changes) => {
    for (const { target, attributeName } of changes) if (attributeName && target === last?.element && last.element.matches(":disabled")) busy = last.element;
    look();
  }).observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
  addEventListener("hashchange", look);
}

/** Whether what had the focus is at work: keys pressed meanwhile are no commands. */
export const isAtWork = (): boolean => busy !== undefined && isThere(busy) && document.activeElement === document.body;

const isThere = (element: Element): boolean => element.isConnected && element.checkVisibility();

function isLost(): boolean {
  const { activeElement } = document;
  if (activeElement && activeElement !== document.body && isThere(activeElement)) return false;
  return last !== undefined && !isThere(last.element);
}

/** Whoever takes something away may put the focus elsewhere in the next frame; after that it is done here. */
function look(): void {
  item = router.now.item || item;
  if (looking || !last) return;
  looking = true;
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      looking = false;
      if (isAtWork() && busy instanceof HTMLElement && !busy.matches(":disabled")) busy.focus({ preventScroll: true });
      if (isLost() && !document.querySelector("dialog[open]")) restore();
    }),
  );
}

function restore(): void {
  const isOpen = router.now.page !== "account" || router.now.item !== "" || router.now.section === "service";
  const wanted = last?.pane === ".list-pane" || (last?.pane === "#main" && !isOpen) ? [toRow, toMain, toRail] : last?.pane === ".rail" ? [toRail, toRow, toMain] : isOpen ? [toMain, toRow, toRail] : [toRow, toMain, toRail];
  wanted.find((to) => to());
}

const take = (element: HTMLElement | null | undefined): boolean => {
  if (!element || !isThere(element)) return false;
  element.focus({ preventScroll: true });
  return document.activeElement === element;
};

/** The row of what is open, or was; otherwise the first, or what stands in its place. */
function toRow(): boolean {
  const left = rows().find((row) => (row as HTMLAnchorElement).hash?.split("/")[3] === encodeURIComponent(item));
  return take(rowOfOpen() ?? left ?? rows()[0]) || take(document.querySelector<HTMLElement>(".list-pane nav [aria-current]")) || [...document.querySelectorAll<HTMLElement>(".list-pane :is(a, button)")].some(take);
}

function toMain(): boolean {
  const main = document.getElementById("main");
  return main !== null && isThere(main) && focusMain();
}

function toRail(): boolean {
  return [...document.querySelectorAll<HTMLElement>(".rail .service[aria-current], .rail .service")].some(take);
}

/** Attached to what is to have the focus once it is shown, wherever it was: the first field of a form that was asked
    for, the safe answer to a question. */
export const takesFocus: Attachment<HTMLElement> = (element) => element.focus();

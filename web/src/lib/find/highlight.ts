// Marks over text in place, without a change of the page: a ground and a line, drawn by the browser.

/** Marks places, and the one that is meant now. A browser without highlights marks nothing. */
export function mark(found: readonly Range[], now?: Range): void {
  if (!("highlights" in CSS)) return;
  CSS.highlights.set("found", new Highlight(...found));
  const one = new Highlight(...(now ? [now] : []));
  one.priority = 1;
  CSS.highlights.set("found-now", one);
}

export const unmark = (): void => mark([]);

const SEARCHED = ".prose, .whole, :is(.body, .bubble) > h2, [data-file-name]";

/** Looks again once more of that is there. Returns how to stop. */
export function watchSearched(within: Element, look: () => void): () => void {
  let frame = 0;
  const observer = new MutationObserver((changes) => {
    const isText = ({ target, addedNodes }: MutationRecord): boolean =>
      (target instanceof Element && target.closest(SEARCHED) !== null) || [...addedNodes].some((node) => node instanceof Element && (node.matches(SEARCHED) || node.querySelector(SEARCHED) !== null));
    if (!changes.some(isText)) return;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(look);
  });
  observer.observe(within, { childList: true, subtree: true });
  return () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
  };
}

/** The parts of an open thread in which words are looked for, of one message or of all. */
export function searched(within: Element): Iterable<Element> {
  return within.querySelectorAll(SEARCHED);
}

/** The message in which a place is; 0 for none. */
export const messageOf = (range: Range): number => Number(range.startContainer.parentElement?.closest<HTMLElement>("[data-message]")?.dataset["message"] ?? 0);

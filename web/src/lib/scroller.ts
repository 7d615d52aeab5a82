// What scrolls: each pane by itself, or all of the page in a window too low for bars that stay.

/** A window so low, as one of a laptop at 400 %; `styles/low.css` has the same. */
export const LOW = "(max-width: 639px) and (max-height: 399px)";

/** The element that scrolls what is given. */
export const scrollerOf = (inside: Element | null): HTMLElement | null =>
  inside?.closest<HTMLElement>(matchMedia(LOW).matches ? ".frame" : ".scroll, .page-body, .scroller") ?? null;

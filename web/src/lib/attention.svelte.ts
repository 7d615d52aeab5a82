// Attention: whether something on the page is looked at or has the focus, so that what can be done with it is shown.
import type { Attachment } from "svelte/attachments";

export class Attention {
  active = $state(false);
  /** The focus has gone into a dialog, from which it comes back. */
  #away = false;

  /** Attached to what is looked at. */
  readonly attach: Attachment<HTMLElement> = (element) => {
    const look = (): void => void (this.active = this.#away || element.matches(":hover, :focus-within"));
    const end = new AbortController();
    const { signal } = end;
    element.addEventListener("pointerenter", () => (this.active = true), { signal });
    element.addEventListener("pointerleave", look, { signal });
    element.addEventListener(
      "focusin",
      () => {
        this.#away = false;
        this.active = true;
      },
      { signal },
    );
    element.addEventListener(
      "focusout",
      ({ relatedTarget: to }) => {
        this.#away = to instanceof Element && !element.contains(to) && to.closest("dialog[open]") !== null;
        // Not at once: the focus also leaves when the page is taken away, amid which nothing may change.
        queueMicrotask(look);
      },
      { signal },
    );
    return () => end.abort();
  };
}

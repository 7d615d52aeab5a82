// Printing of the open thread, or of one letter of it: on paper nothing is folded and every picture is there.

/** Longest that printing waits for pictures. */
const PICTURES_MS = 5000;

export class Printing {
  /** Folds again what was unfolded; undefined while nothing is printed. */
  #restore: (() => void) | undefined;
  /** The letter that is printed alone; 0 for all. */
  #alone = 0;
  #asked = false;

  /** `load` loads the rest of the thread, as far as it is printed; `unfold` shows every letter at once, and gives back how
      to fold them again. */
  constructor(
    private readonly scroller: () => HTMLElement | undefined,
    private readonly load: () => Promise<void>,
    private readonly unfold: () => () => void,
  ) {}

  /** Prints the thread, or one letter, once its pictures have come. */
  async print(message = 0): Promise<void> {
    this.end();
    if (message === 0) await this.load();
    this.#alone = message;
    this.#asked = true;
    this.begin();
    await Promise.race([Promise.allSettled(this.#pictures().map((picture) => picture.decode())), new Promise((done) => setTimeout(done, PICTURES_MS))]);
    window.print();
    this.#asked = false;
  }

  /** Before the browser prints, whoever asked it to. */
  begin(): void {
    // A browser that did not say when it was done has left a letter alone.
    if (!this.#asked) this.end();
    this.#restore ??= this.unfold();
    for (const picture of this.#pictures()) picture.loading = "eager";
    if (this.#alone === 0) return;
    this.#messages()?.setAttribute("data-alone", "");
    document.getElementById(`m${this.#alone}`)?.setAttribute("data-printed", "");
  }

  /** After it has printed. */
  end(): void {
    this.#restore?.();
    this.#restore = undefined;
    this.#messages()?.removeAttribute("data-alone");
    document.getElementById(`m${this.#alone}`)?.removeAttribute("data-printed");
    this.#alone = 0;
  }

  #messages(): Element | null | undefined {
    return this.scroller()?.firstElementChild;
  }

  #pictures(): HTMLImageElement[] {
    return [...(this.scroller()?.querySelectorAll("img") ?? [])];
  }
}

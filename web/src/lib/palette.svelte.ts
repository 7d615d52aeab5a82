// The palette: whether it is open, and what is typed before it is there, as its file may be loaded a moment later.
import { later } from "./later.svelte";

const TYPED_MAX = 100;

class PaletteState {
  #open = $state(false);
  #typed = "";

  /** Whether it was opened; it is seen once its file is loaded, if that can still be. */
  get open(): boolean {
    return this.#open && !later.failed;
  }

  /** It was opened, and is not there yet. */
  get awaited(): boolean {
    return this.open && !later.parts;
  }

  show(): void {
    this.#typed = "";
    this.#open = true;
  }

  close(): void {
    this.#open = false;
  }

  /** Keeps what a key writes until it is there; other keys have nothing to do yet. */
  keep(key: string): void {
    const letters = [...this.#typed];
    if (key === "Backspace") this.#typed = letters.slice(0, -1).join("");
    else if ([...key].length === 1 && letters.length < TYPED_MAX) this.#typed += key;
  }

  /** What was typed before it was there. */
  take(): string {
    const typed = this.#typed;
    this.#typed = "";
    return typed;
  }
}

export const palette = new PaletteState();

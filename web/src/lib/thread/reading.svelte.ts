// The reader's place in the open thread: what is held in place while the page around it
// changes, what of it has been on screen, and what is still to come below.
import { tick } from "svelte";
import type { Message, Thread } from "../api";
import type { OpenThread } from "./window.svelte";

/** Room above a message that is landed on. */
const ROOM_PX = 48;
/** So near to the end counts as being there. */
const END_PX = 80;
/** So near to the end of what is loaded, more is loaded. */
const NEAR_PX = 800;
/** A message that fills so much of the screen was seen, though it is longer. */
const SCREENFUL = 0.7;

/** What stays where it is: the end, or a message so many pixels below the upper edge. */
type Hold = "end" | { id: number; top: number };

export class Reading {
  /** Unread messages below the screen. */
  below = $state(0);
  /** Those of them that came while the thread was open. */
  came = $state(0);
  /** The end is far away. */
  away = $state(false);
  /** The message over which stands that what follows is new. */
  fresh = $state(0);

  #open: OpenThread;
  #scroller: HTMLElement | undefined;
  #hold: Hold = "end";
  /** Where the last scrolling of ours went to. */
  #own = 0;
  #frame = 0;
  /** The newest message so far, and whether there were others after it that are not loaded. */
  #last = 0;
  #newer = false;
  /** Up to this message the reader has gone on to the end, whatever was unread. */
  #passed = 0;
  /** Whether more was last loaded towards the beginning; undefined since the reader has scrolled. */
  #back: boolean | undefined;

  constructor(open: OpenThread) {
    this.#open = open;
  }

  /** Watches the element that scrolls and its content. Returns how to stop. */
  watch(scroller: HTMLElement, content: HTMLElement): () => void {
    this.#scroller = scroller;
    const resized = new ResizeObserver(() => this.#settle());
    resized.observe(scroller);
    resized.observe(content);
    const scrolled = (): void => this.#scrolled();
    const looked = (): void => this.#look();
    scroller.addEventListener("scroll", scrolled, { passive: true });
    addEventListener("focus", looked);
    document.addEventListener("visibilitychange", looked);
    return () => {
      resized.disconnect();
      scroller.removeEventListener("scroll", scrolled);
      removeEventListener("focus", looked);
      document.removeEventListener("visibilitychange", looked);
      cancelAnimationFrame(this.#frame);
      this.#scroller = undefined;
      this.#open.flush();
    };
  }

  /** First arrival: the message pointed at, the first new one, or where the thread ends: in letters
      the top of the newest. */
  land(thread: Thread, point: number, chat: boolean): void {
    this.fresh = thread.messages.find((m) => m.unread)?.id ?? 0;
    const newest = thread.messages.at(-1)?.id ?? 0;
    this.#last = newest;
    this.#newer = thread.newer;
    if (point && thread.messages.some((m) => m.id === point)) {
      this.#hold = { id: point, top: (this.#scroller?.clientHeight ?? 0) / 3 };
      element(point)?.focus({ preventScroll: true });
    } else if (this.fresh) this.#hold = { id: this.fresh, top: ROOM_PX };
    else this.#hold = chat ? "end" : { id: newest, top: ROOM_PX };
    this.#settle();
  }

  /** To be called after the messages on the page have changed. */
  changed(thread: Thread): void {
    const last = this.#last;
    this.#last = Math.max(last, thread.messages.at(-1)?.id ?? 0);
    // Who is at the end follows it, whatever was held there.
    if (this.#last > last && this.#open.reader.atEnd) this.#hold = "end";
    const unread = thread.messages.filter((m) => m.unread);
    const first = !this.#newer && unread.every((m) => m.id > last) ? unread[0] : undefined;
    this.#newer = thread.newer;
    this.#settle();
    // Nobody was there to see it, or it did not fit.
    if (first && this.#unread().some((m) => m.id === first.id)) this.fresh = first.id;
  }

  /** Goes to the end of the thread, which may have to be loaded. */
  async toEnd(): Promise<void> {
    if (this.#open.shown?.newer) await this.#open.seek("end");
    await tick();
    this.#hold = "end";
    this.#passed = this.#last;
    this.#settle();
  }

  /** Goes to the first message below that is unread. */
  async toUnread(): Promise<void> {
    let first = this.#unread().find((m) => this.#isBelow(m));
    if (!first) {
      await this.#open.seek("unread");
      await tick();
      first = this.#unread()[0];
    }
    if (!first) return this.toEnd();
    this.#hold = { id: first.id, top: ROOM_PX };
    this.#settle();
  }

  #scrolled(): void {
    const scroller = this.#scroller;
    if (!scroller || Math.abs(scroller.scrollTop - this.#own) < 2) return;
    this.#own = NaN;
    this.#back = undefined;
    this.#hold = this.#left() < END_PX && !this.#open.shown?.newer ? "end" : this.#top();
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#look());
  }

  /** Pixels below what is on screen. */
  #left(): number {
    const s = this.#scroller;
    return s ? s.scrollHeight - s.scrollTop - s.clientHeight : 0;
  }

  /** The first message on screen, where it is. */
  #top(): Hold {
    const edge = this.#scroller?.getBoundingClientRect().top ?? 0;
    for (const message of this.#open.shown?.messages ?? []) {
      const box = element(message.id)?.getBoundingClientRect();
      if (box && box.bottom > edge) return { id: message.id, top: box.top - edge };
    }
    return "end";
  }

  /** Puts what is held where it is to be, and looks. */
  #settle(): void {
    const scroller = this.#scroller;
    if (!scroller) return;
    if (this.#hold === "end") {
      // Not beyond the first that has come since and that nobody has seen.
      const unread = this.#unread().find((m) => m.id > this.#passed && this.#offset(m.id) > 0);
      const over = unread ? this.#offset(unread.id) - ROOM_PX : Infinity;
      if (unread && over < this.#left()) this.#hold = { id: unread.id, top: ROOM_PX };
    }
    const by = this.#hold === "end" ? this.#left() : this.#offset(this.#hold.id) - this.#hold.top;
    if (Math.abs(by) >= 1) scroller.scrollTop += by;
    this.#own = scroller.scrollTop;
    this.#look();
  }

  /** Pixels from the upper edge to a message. */
  #offset(id: number): number {
    const box = element(id)?.getBoundingClientRect();
    return box ? box.top - (this.#scroller?.getBoundingClientRect().top ?? 0) : this.#hold === "end" ? 0 : this.#hold.top;
  }

  #unread(): Message[] {
    return this.#open.shown?.messages.filter((m) => m.unread) ?? [];
  }

  #isBelow(message: Message): boolean {
    const box = element(message.id)?.getBoundingClientRect();
    const edge = this.#scroller?.getBoundingClientRect().bottom ?? 0;
    return box !== undefined && box.bottom > edge + 1;
  }

  /** Marks what is on screen, if somebody is there to see it; counts what is below. */
  #look(): void {
    const scroller = this.#scroller;
    if (!scroller || !this.#open.shown) return;
    const there = document.visibilityState === "visible" && document.hasFocus();
    const seen = there ? this.#unread().filter((m) => this.#isSeen(m)) : [];
    this.#open.see(seen);
    const shown = this.#open.shown;
    const left = this.#left();
    const atEnd = left < END_PX && !shown.newer;
    const hold = this.#hold === "end" ? this.#top() : this.#hold;
    this.#open.reader = { at: hold === "end" ? 0 : hold.id, atEnd };
    const unread = this.#unread();
    const unloaded = shown.newer ? Math.max(shown.row.unread - unread.length, 0) : 0;
    const below = unread.filter((m) => this.#isBelow(m));
    this.below = below.length + unloaded;
    const { arrived } = this.#open;
    const loaded = new Set(shown.messages.map((m) => m.id));
    this.came = below.filter((m) => arrived.has(m.id)).length + [...arrived].filter((id) => !loaded.has(id)).length;
    this.away = shown.newer || left > scroller.clientHeight;
    if (scroller.scrollTop < NEAR_PX && shown.older) this.#move(true);
    else if (left < NEAR_PX && shown.newer) this.#move(false);
  }

  /** Loads more, in one direction until the reader scrolls: what is short on screen would swing. */
  #move(back: boolean): void {
    if (this.#back === !back) return;
    this.#back = back;
    void this.#open.move(back);
  }

  /** Its end, or a screenful of it, is on screen. */
  #isSeen(message: Message): boolean {
    const box = element(message.id)?.getBoundingClientRect();
    const screen = this.#scroller?.getBoundingClientRect();
    if (!box || !screen || box.bottom <= screen.top || box.top >= screen.bottom) return false;
    const visible = Math.min(box.bottom, screen.bottom) - Math.max(box.top, screen.top);
    return box.bottom <= screen.bottom + 1 || visible >= screen.height * SCREENFUL;
  }
}

const element = (id: number): HTMLElement | null => document.getElementById(`m${id}`);

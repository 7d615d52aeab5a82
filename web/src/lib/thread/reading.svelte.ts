// Scroll anchoring and read marks of the open thread: what keeps its place on screen while the page around it
// changes, which messages count as read, and how many are unread below.
import { tick } from "svelte";
import type { Message, Thread } from "../api";
import type { ThreadWindow } from "./window.svelte";

/** Room above a message that is scrolled to. */
const ROOM_PX = 48;
/** Within so much of the end counts as being there. */
const END_PX = 80;
/** Within so much of the end of what is loaded, more is loaded. */
const NEAR_PX = 800;
/** A message longer than the screen counts as read once it fills so much of it. */
const SCREENFUL = 0.7;

/** What keeps its place on screen: the end, or a message so many pixels below the upper edge. */
type Anchor = "end" | { id: number; top: number };

export class Reading {
  /** Unread messages below the screen. */
  below = $state(0);
  /** Those of them that arrived while the thread was open. */
  newBelow = $state(0);
  /** The end is more than a screen away. */
  farFromEnd = $state(false);
  /** The first new message, above which a divider is shown. */
  firstNew = $state(0);

  #open: ThreadWindow;
  #scroller: HTMLElement | undefined;
  #anchor: Anchor = "end";
  /** Where we scrolled to last; any other position is the reader's. */
  #ownScrollTop = 0;
  #frame = 0;
  /** The newest message so far, and whether there were others after it that are not loaded. */
  #last = 0;
  #newer = false;
  /** The reader has skipped to the end: unread messages up to this one do not stop the page from following it. */
  #skippedTo = 0;
  /** The direction of the last load, until the reader scrolls. */
  #loadedBack: boolean | undefined;

  constructor(open: ThreadWindow) {
    this.#open = open;
  }

  /** Watches the element that scrolls and its content. Returns how to stop. */
  watch(scroller: HTMLElement, content: HTMLElement): () => void {
    this.#scroller = scroller;
    const resized = new ResizeObserver(() => this.#restoreAnchor());
    resized.observe(scroller);
    resized.observe(content);
    const scrolled = (): void => this.#scrolled();
    const focused = (): void => this.#update();
    scroller.addEventListener("scroll", scrolled, { passive: true });
    addEventListener("focus", focused);
    document.addEventListener("visibilitychange", focused);
    // A reader may have scrolled since the last frame, and the event of that is to come.
    this.#open.changing = scrolled;
    return () => {
      // Another page of the same window may have begun to watch.
      if (this.#open.changing === scrolled) this.#open.changing = undefined;
      resized.disconnect();
      scroller.removeEventListener("scroll", scrolled);
      removeEventListener("focus", focused);
      document.removeEventListener("visibilitychange", focused);
      cancelAnimationFrame(this.#frame);
      this.#scroller = undefined;
      this.#open.flush();
    };
  }

  /** The first scroll position: the message of the address, else the first unread one, else the end; in letters
      the top of the newest. */
  start(thread: Thread, point: number, chat: boolean): void {
    this.firstNew = thread.messages.find((m) => m.unread)?.id ?? 0;
    const newest = thread.messages.at(-1)?.id ?? 0;
    this.#last = newest;
    this.#newer = thread.newer;
    if (point && thread.messages.some((m) => m.id === point)) {
      this.#anchor = { id: point, top: (this.#scroller?.clientHeight ?? 0) / 3 };
      element(point)?.focus({ preventScroll: true });
    } else if (this.firstNew) this.#anchor = { id: this.firstNew, top: ROOM_PX };
    else this.#anchor = chat ? "end" : { id: newest, top: ROOM_PX };
    this.#restoreAnchor();
  }

  /** To be called after the messages on the page have changed. */
  changed(thread: Thread): void {
    const last = this.#last;
    this.#last = Math.max(last, thread.messages.at(-1)?.id ?? 0);
    // A reader at the end follows it, whatever the anchor.
    if (this.#last > last && this.#open.reader.atEnd) this.#anchor = "end";
    const unread = thread.messages.filter((m) => m.unread);
    const first = !this.#newer && unread.every((m) => m.id > last) ? unread[0] : undefined;
    this.#newer = thread.newer;
    this.#restoreAnchor();
    // It is unread still: nobody saw it, or it did not fit.
    if (first && this.#unread().some((m) => m.id === first.id)) this.firstNew = first.id;
  }

  /** Goes to the end of the thread, which may have to be loaded. */
  async toEnd(): Promise<void> {
    if (this.#open.shown?.newer) await this.#open.seek("end");
    await tick();
    this.#anchor = "end";
    this.#skippedTo = this.#last;
    this.#restoreAnchor();
  }

  /** Goes to the first of the messages that arrived while the thread was open and are unread. */
  async toArrived(): Promise<void> {
    const { arrived } = this.#open;
    let first = this.#unread().find((m) => arrived.has(m.id) && this.#isBelow(m));
    if (!first) {
      await this.#open.seek("end");
      await tick();
      first = this.#unread().find((m) => arrived.has(m.id));
    }
    if (!first) return this.toEnd();
    this.#anchor = { id: first.id, top: ROOM_PX };
    this.#restoreAnchor();
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
    this.#anchor = { id: first.id, top: ROOM_PX };
    this.#restoreAnchor();
  }

  /** Scrolls to a place in a message where it is not on screen, and keeps it there. */
  showPlace(message: number, place: Range): void {
    const screen = this.#scroller?.getBoundingClientRect();
    const box = place.getBoundingClientRect();
    if (!screen || (box.top >= screen.top && box.bottom <= screen.bottom)) return;
    this.#anchor = { id: message, top: this.#offset(message) - (box.top - screen.top) + screen.height / 3 };
    this.#restoreAnchor();
  }

  #scrolled(): void {
    const scroller = this.#scroller;
    if (!scroller || Math.abs(scroller.scrollTop - this.#ownScrollTop) < 2) return;
    this.#ownScrollTop = NaN;
    this.#loadedBack = undefined;
    const atEnd = this.#left() < END_PX && !this.#open.shown?.newer;
    this.#anchor = atEnd ? "end" : this.#top();
    this.#open.reader.atEnd = atEnd;
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#update());
  }

  /** Pixels below what is on screen. */
  #left(): number {
    const s = this.#scroller;
    return s ? s.scrollHeight - s.scrollTop - s.clientHeight : 0;
  }

  /** The first message on screen, where it is. */
  #top(): Anchor {
    const edge = this.#scroller?.getBoundingClientRect().top ?? 0;
    const messages = this.#open.shown?.messages ?? [];
    const isShown = ({ id }: Message): boolean => (element(id)?.getBoundingClientRect().bottom ?? -Infinity) > edge;
    // They stand one below the other, so what is looked for lies in a half, and in the half of that.
    let [from, to] = [0, messages.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (isShown(messages[middle]!)) to = middle;
      else from = middle + 1;
    }
    const first = messages[from];
    return first ? { id: first.id, top: this.#offset(first.id) } : "end";
  }

  /** Scrolls so that the anchor is in its place. */
  #restoreAnchor(): void {
    const scroller = this.#scroller;
    if (!scroller) return;
    if (this.#anchor === "end") {
      // Not past the first unread message.
      const unread = this.#unread().find((m) => m.id > this.#skippedTo && this.#offset(m.id) > 0);
      const over = unread ? this.#offset(unread.id) - ROOM_PX : Infinity;
      if (unread && over < this.#left()) this.#anchor = { id: unread.id, top: ROOM_PX };
    }
    const by = this.#anchor === "end" ? this.#left() : this.#offset(this.#anchor.id) - this.#anchor.top;
    if (Math.abs(by) >= 1) scroller.scrollTop += by;
    this.#ownScrollTop = scroller.scrollTop;
    this.#update();
  }

  /** Pixels from the upper edge to a message. */
  #offset(id: number): number {
    const box = element(id)?.getBoundingClientRect();
    return box ? box.top - (this.#scroller?.getBoundingClientRect().top ?? 0) : this.#anchor === "end" ? 0 : this.#anchor.top;
  }

  #unread(): Message[] {
    return this.#open.shown?.messages.filter((m) => m.unread) ?? [];
  }

  #isBelow(message: Message): boolean {
    const box = element(message.id)?.getBoundingClientRect();
    const edge = this.#scroller?.getBoundingClientRect().bottom ?? 0;
    return box !== undefined && box.bottom > edge + 1;
  }

  /** Marks what is on screen as read, if the page has the focus; counts what is below; loads more near the ends. */
  #update(): void {
    const scroller = this.#scroller;
    if (!scroller || !this.#open.shown) return;
    const there = document.visibilityState === "visible" && document.hasFocus();
    const seen = there ? this.#unread().filter((m) => this.#isSeen(m)) : [];
    this.#open.markRead(seen);
    const shown = this.#open.shown;
    const left = this.#left();
    const atEnd = left < END_PX && !shown.newer;
    const anchor = this.#anchor === "end" ? this.#top() : this.#anchor;
    this.#open.reader = { at: anchor === "end" ? 0 : anchor.id, atEnd };
    const unread = this.#unread();
    const unloaded = shown.newer ? Math.max(shown.row.unread - unread.length, 0) : 0;
    const below = unread.filter((m) => this.#isBelow(m));
    this.below = below.length + unloaded;
    const { arrived } = this.#open;
    const loaded = new Set(shown.messages.map((m) => m.id));
    this.newBelow = below.filter((m) => arrived.has(m.id)).length + [...arrived].filter((id) => !loaded.has(id)).length;
    this.farFromEnd = shown.newer || left > scroller.clientHeight;
    if (scroller.scrollTop < NEAR_PX && shown.older) this.#loadMore(true);
    else if (left < NEAR_PX && shown.newer) this.#loadMore(false);
  }

  /** Loads more, in one direction until the reader scrolls: on a short page it would alternate. */
  #loadMore(back: boolean): void {
    if (this.#loadedBack === !back) return;
    this.#loadedBack = back;
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

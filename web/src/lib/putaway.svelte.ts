// Putting threads away: marks on threads, with a few seconds to undo archiving and deleting.
import { tick } from "svelte";
import { goWithFocus } from "./actions/pane";
import { besideThread } from "./actions/place";
import type { ThreadMark, ThreadRow } from "./api";
import { command, problem } from "./connection/transport";
import { href, router } from "./route.svelte";
import { selection } from "./selection.svelte";
import { store } from "./store.svelte";
import { t } from "./strings";
import { isOn } from "./thread/mark";

/** How long the bar offers to undo. */
const SHOWN_MS = 5000;

/** What was done last and can be undone. */
interface Done {
  threads: number[];
  mark: "archived" | "trashed";
  on: boolean;
  /** What the bar says. */
  text: string;
}

class PutAway {
  /** What was done last, while the bar is shown. */
  last = $state.raw<Done | null>(null);
  error = $state("");
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Marks threads, or takes the mark from them, and says so. What leaves the list that is shown is offered to be undone. */
  async mark(rows: readonly ThreadRow[], mark: ThreadMark, on: boolean): Promise<void> {
    if (rows.length === 0) return;
    const threads = rows.map((row) => row.id);
    const since = store.eventCount();
    try {
      await command("mark_threads", { threads, mark, on });
      // The next key is about what is so now, and may come before the event.
      store.putMark(rows, mark, on, since);
    } catch (caught) {
      this.last = null;
      this.error = problem(caught);
      this.#hideLater();
      return;
    }
    this.error = "";
    if ((mark === "archived" || mark === "trashed") && on) {
      this.last = { threads, mark, on, text: t.away.done[mark].on(threads.length) };
      this.#hideLater();
      return;
    }
    // What was offered to be undone has been.
    if (this.last?.mark === mark) this.close();
    say(t.away.done[mark][on ? "on" : "off"](threads.length));
  }

  /** Puts the threads back where they were. */
  async undo(): Promise<void> {
    const last = this.last;
    if (!last) return;
    this.close();
    try {
      await command("mark_threads", { threads: last.threads, mark: last.mark, on: !last.on });
      say(t.away.done[last.mark].off(last.threads.length));
    } catch (caught) {
      this.error = problem(caught);
      this.#hideLater();
    }
  }

  /** Keeps the bar while it has the focus or the pointer. */
  hold(held: boolean): void {
    if (held) clearTimeout(this.#timer);
    else if (this.last || this.error) this.#hideLater();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.last = null;
    this.error = "";
  }

  #hideLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), SHOWN_MS);
  }
}

export const putAway = new PutAway();

/** Says what was done to who does not see it; the same again, too. */
function say(text: string): void {
  store.announcement = text === store.announcement ? `${text}\u00a0` : text;
}

/** The thread that a key is about: whose row has the focus, otherwise the one that is open. */
export function threadInHand(): ThreadRow | undefined {
  const focused = document.activeElement?.closest<HTMLElement>("[data-thread-row]")?.dataset["threadRow"];
  const { page, section, item } = router.now;
  const open = page === "account" && section === "letters" ? item : "";
  const id = Number(focused ?? open);
  return store.threads.find((row) => row.id === id) ?? (store.thread?.row.id === id ? store.thread.row : undefined);
}

/** Sets a mark of a thread, or takes it away if it has it; with `wanted`, only that. Who reads a thread that leaves the list
    goes on to the next, on a phone to the list; who is in the list goes to the next row. */
export async function toggle(row: ThreadRow | undefined, mark: ThreadMark, wanted?: boolean): Promise<void> {
  if (!row) return;
  const on = wanted ?? !isOn(row, mark);
  const leaves = mark === "archived" || mark === "trashed";
  const next = leaves ? neighbour(row.id) : undefined;
  const isOpen = router.now.section === "letters" && router.now.item === String(row.id);
  const inList = document.activeElement?.closest("[data-thread-row]") != null;
  const reads = leaves && isOpen && !inList && !matchMedia("(max-width: 639px)").matches ? besideThread(row.id) : undefined;
  const closes = isOpen && (leaves || (mark === "unread" && on));
  // It is closed first: what is on screen is read at once.
  if (closes && !leaves) await leave(href(row.account, "letters"));
  if (!(await setMark([row], mark, on))) return;
  if (reads) return void goWithFocus(() => (router.go(reads), true), "main");
  if (closes && leaves) router.go(href(row.account, "letters"));
  if (closes || (leaves && inList)) requestAnimationFrame(() => focusRow(leaves ? next : String(row.id)));
}

/** Goes there; resolves once what was open is closed. */
function leave(to: string): Promise<void> {
  return new Promise((resolve) => {
    addEventListener("hashchange", () => void tick().then(resolve), { once: true });
    router.go(to);
  });
}

/** Marks threads; those that are unread already are only said to be. False when it could not be done. */
async function setMark(rows: readonly ThreadRow[], mark: ThreadMark, on: boolean): Promise<boolean> {
  if (mark === "unread" && on && rows.every((row) => isOn(row, mark))) {
    say(t.away.isUnread(rows.length));
    return true;
  }
  await putAway.mark(rows, mark, on);
  return putAway.error === "";
}

/** Sets a mark of several threads, or takes it from them if all have it; with `wanted`, only that. */
export async function toggleAll(rows: readonly ThreadRow[], mark: ThreadMark, wanted?: boolean): Promise<void> {
  const on = wanted ?? !rows.every((row) => isOn(row, mark));
  if (!(await setMark(rows, mark, on))) return;
  selection.clear();
  const { section, item, account } = router.now;
  const leaves = mark === "archived" || mark === "trashed";
  if (leaves && section === "letters" && rows.some((row) => item === String(row.id))) router.go(href(account, "letters"));
}

/** What a key does: to the selected threads, otherwise to the one in hand. False when there is none. */
export function press(mark: ThreadMark, on?: boolean): boolean {
  const selected = store.threads.filter((row) => selection.has(row.id));
  const row = threadInHand();
  if (selected.length > 0) void toggleAll(selected, mark, on);
  else void toggle(row, mark, on);
  return selected.length > 0 || row !== undefined;
}

/** The thread of the row after this one; of the one before it where it is the last. */
function neighbour(thread: number): string | undefined {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-thread-row]")].map((row) => row.dataset["threadRow"]);
  const at = rows.indexOf(String(thread));
  return at < 0 ? rows[0] : (rows[at + 1] ?? rows[at - 1]);
}

function focusRow(thread: string | undefined): void {
  const row = document.querySelector<HTMLElement>(thread ? `[data-thread-row="${thread}"] [data-row]` : "[data-row]");
  // Not the choice of lists, in which letters are no commands: the next may be to undo it.
  (row ?? document.querySelector<HTMLElement>(".list-pane nav [aria-current]"))?.focus();
}

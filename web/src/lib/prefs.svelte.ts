// Preferences, kept in this browser: theme, density, preview, letters or chat, time to undo, keys, notices. Nothing
// of the correspondence is kept here.

import type { ThreadSort } from "./api";

export type Theme = "auto" | "light" | "dark";
export type Look = "letters" | "chat";
/** How a thread is shown at first: as said, or as chat when it has no subject. */
export type FirstLook = Look | "subject";
/** Height of the rows of lists. */
export type Density = "cosy" | "compact";

/** How long a letter is held back for second thoughts, by choice. */
export const UNDO_SECONDS = [0, 5, 10, 30] as const;
export type UndoSeconds = (typeof UNDO_SECONDS)[number];

const SORTS: readonly ThreadSort[] = ["newest", "oldest", "unread", "person", "subject"];

/** How narrow and how wide the list can be drawn, px. */
export const LIST_MIN = 264;
export const LIST_MAX = 440;

function read(key: string): string | null {
  try {
    return localStorage.getItem(`mnm.${key}`);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(`mnm.${key}`, value);
  } catch {
    // A browser without storage forgets the choice; nothing else depends on it.
  }
}

/** Most letters of the keys that were changed; whatever is longer was not written by these pages. */
const BINDINGS_MAX = 10_000;

/** Keys by the action that was given them; what is not of this form is left out. */
function readBindings(): Record<string, readonly string[]> {
  const kept = read("bindings") ?? "";
  try {
    const all: unknown = kept.length > BINDINGS_MAX ? {} : JSON.parse(kept || "{}");
    const isKeys = (keys: unknown): keys is string[] => Array.isArray(keys) && keys.every((key) => typeof key === "string");
    return Object.fromEntries(Object.entries(all ?? {}).filter((one): one is [string, string[]] => isKeys(one[1])));
  } catch {
    return {};
  }
}

const clampList = (px: number): number | null => (Number.isFinite(px) ? Math.round(Math.min(Math.max(px, LIST_MIN), LIST_MAX)) : null);

class Prefs {
  theme = $state<Theme>((read("theme") as Theme | null) ?? "auto");
  density = $state<Density>(read("density") === "compact" ? "compact" : "cosy");
  preview = $state(read("preview") === "on");
  /** Seconds for which a letter can be taken back; chat leaves at once. */
  undoSeconds = $state<UndoSeconds>(UNDO_SECONDS.find((seconds) => String(seconds) === read("undo")) ?? 5);
  /** Single letters are commands where nothing is typed. */
  letterKeys = $state(read("keys") !== "off");
  /** Keys that were changed, by the action that has them. */
  bindings = $state.raw(readBindings());
  /** The details of a thread stand beside it where there is room. */
  details = $state(read("details") === "on");
  /** The order of lists of threads. */
  sort = $state<ThreadSort>(SORTS.find((sort) => sort === read("sort")) ?? "newest");
  /** Width of the list as it was drawn, px; null for its own. */
  listWidth = $state<number | null>(clampList(Number(read("list") || NaN)));
  /** Whether this browser shows notices, if it may. */
  notices = $state(read("notices") === "on");
  /** How threads are shown for which nothing else was chosen. */
  firstLook = $state<FirstLook>((["letters", "chat"] as const).find((look) => look === read("look")) ?? "subject");
  /** Enter alone sends in a chat. */
  enterSends = $state(read("enter") !== "off");
  #looks = $state<Record<number, Look>>({});

  setTheme(theme: Theme): void {
    this.theme = theme;
    write("theme", theme);
    this.apply();
  }

  setUndoSeconds(seconds: UndoSeconds): void {
    this.undoSeconds = seconds;
    write("undo", String(seconds));
  }

  setLetterKeys(on: boolean): void {
    this.letterKeys = on;
    write("keys", on ? "on" : "off");
  }

  setBindings(bindings: Record<string, readonly string[]>): void {
    this.bindings = bindings;
    write("bindings", JSON.stringify(bindings));
  }

  setNotices(on: boolean): void {
    this.notices = on;
    write("notices", on ? "on" : "off");
  }

  setSort(sort: ThreadSort): void {
    this.sort = sort;
    write("sort", sort);
  }

  setDensity(density: Density): void {
    this.density = density;
    write("density", density);
    this.apply();
  }

  setDetails(on: boolean): void {
    this.details = on;
    write("details", on ? "on" : "off");
  }

  setListWidth(px: number | null): void {
    this.listWidth = px === null ? null : clampList(px);
    write("list", String(this.listWidth ?? ""));
    this.apply();
  }

  /** Puts theme, density and the list's width on the document; the tokens follow them. */
  apply(): void {
    if (this.listWidth === null) document.documentElement.style.removeProperty("--w-list");
    else document.documentElement.style.setProperty("--w-list", `${this.listWidth}px`);
    document.documentElement.dataset["theme"] = this.theme;
    document.documentElement.dataset["density"] = this.density;
  }

  setPreview(on: boolean): void {
    this.preview = on;
    write("preview", on ? "on" : "off");
  }

  setFirstLook(look: FirstLook): void {
    this.firstLook = look;
    write("look", look);
  }

  setEnterSends(on: boolean): void {
    this.enterSends = on;
    write("enter", on ? "on" : "off");
  }

  /** How a thread is shown: as chosen for it, otherwise as chosen for all, otherwise chat when it has no subject. */
  look(thread: number, subject: string): Look {
    const chosen = this.#looks[thread] ?? (read(`look.${thread}`) as Look | null);
    if (chosen) return chosen;
    if (this.firstLook !== "subject") return this.firstLook;
    return subject ? "letters" : "chat";
  }

  setLook(thread: number, look: Look): void {
    this.#looks[thread] = look;
    write(`look.${thread}`, look);
  }
}

export const prefs = new Prefs();

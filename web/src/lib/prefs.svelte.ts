// Display preferences, kept in this browser: theme, preview, letters or chat. Nothing of the correspondence is kept
// here.

export type Theme = "auto" | "light" | "dark";
export type Look = "letters" | "chat";

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

class Prefs {
  theme = $state<Theme>((read("theme") as Theme | null) ?? "auto");
  preview = $state(read("preview") !== "off");
  #looks = $state<Record<number, Look>>({});

  setTheme(theme: Theme): void {
    this.theme = theme;
    write("theme", theme);
    this.apply();
  }

  nextTheme(): Theme {
    return this.theme === "auto" ? "light" : this.theme === "light" ? "dark" : "auto";
  }

  /** Puts the theme on the document; the tokens follow `color-scheme`. */
  apply(): void {
    document.documentElement.dataset["theme"] = this.theme;
  }

  setPreview(on: boolean): void {
    this.preview = on;
    write("preview", on ? "on" : "off");
  }

  /** How a thread is shown: as chosen, otherwise chat when it has no subject. */
  look(thread: number, subject: string): Look {
    const chosen = this.#looks[thread] ?? (read(`look.${thread}`) as Look | null);
    return chosen ?? (subject ? "letters" : "chat");
  }

  setLook(thread: number, look: Look): void {
    this.#looks[thread] = look;
    write(`look.${thread}`, look);
  }
}

export const prefs = new Prefs();

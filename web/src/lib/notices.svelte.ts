// Notices: what the member has chosen for them, and showing those that the app gives to this browser.
//
// Of all tabs of a browser one holds the stream of notices, by a lock. While it does, the app's notices are shown by
// the browser, and otherwise by the desktop.
import type { Notice, NoticeChange, NoticeLevel, NoticeSettings } from "./api";
import { chime } from "./chime";
import { authorisedFetch } from "./connection/session";
import { readStream } from "./connection/stream";
import { command } from "./connection/transport";
import { prefs } from "./prefs.svelte";
import { href, router } from "./route.svelte";

/** Whether the browser may show notices; "missing" where it cannot. */
export type Permission = NotificationPermission | "missing";

const RETRY_MS = 5000;

/** The place in the pages that a notice leads to. */
export function placeOf(notice: Notice): string {
  if (notice.thread != null) return href(notice.account, "letters", notice.thread);
  if (notice.ping != null) return href(notice.account, "pings", notice.ping);
  return href(notice.account);
}

class Notices {
  settings = $state.raw<NoticeSettings | null>(null);
  permission = $state<Permission>("Notification" in globalThis ? Notification.permission : "missing");

  /** Whether this browser is to show them. */
  get wanted(): boolean {
    return prefs.notices && this.permission === "granted";
  }

  async load(): Promise<void> {
    this.settings = await command("notices", {});
  }

  async set(change: NoticeChange): Promise<void> {
    this.settings = await command("set_notices", { change });
  }

  /** What is chosen for a thread, or for an account. */
  chosen(account: number, thread: number | null): NoticeLevel | null {
    return this.settings?.levels.find((level) => level.account === account && (level.thread ?? null) === thread)?.level ?? null;
  }

  /** Asks the browser; the member has just said that they want them. */
  async allow(): Promise<void> {
    if (this.permission === "missing") return;
    this.permission = await Notification.requestPermission();
  }

  /** Shows notices until the function that it gives back is called. */
  follow(): () => void {
    const end = new AbortController();
    const { signal } = end;
    void navigator.locks.request("mnm.notices", { signal }, () => this.#hold(signal)).catch(() => undefined);
    return () => end.abort();
  }

  async #hold(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const response = await authorisedFetch("/api/notices", { signal });
        if (response.ok && response.body) await readStream<Notice>(response.body, show);
      } catch {
        // The app has ended, or this page shows no more of them.
      }
      if (!signal.aborted) await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }
}

function show(notice: Notice): void {
  const place = placeOf(notice);
  // It is on screen.
  if (document.hasFocus() && location.hash === place) return;
  const shown = new Notification(notice.title, { body: notice.body, tag: `mnm ${place}`, silent: true });
  shown.onclick = () => {
    window.focus();
    router.go(place);
    shown.close();
  };
  if (notice.sound) chime();
}

export const notices = new Notices();

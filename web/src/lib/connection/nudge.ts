// Nudging of accounts that are not connected: at once when the page is looked at or the network is back, and every few
// seconds as long as it is looked at. Whoever waits before the page is not kept waiting by the pauses of the app, which
// double up to a minute; apps that nobody looks at keep to them.
import type { Link } from "../api";
import { command } from "./transport";

/** Longest between two tries. Each pause is shorter by up to a half, so that the apps of all members do not come at once. */
const PAUSE_MS = 5000;

const isSeen = (): boolean => document.visibilityState === "visible";

export class Nudger {
  readonly #links: () => Link["state"][];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `links`: how each account stands. */
  constructor(links: () => Link["state"][]) {
    this.#links = links;
  }

  start(): void {
    const atOnce = (): void => {
      if (isSeen() && this.#links().some((link) => link !== "online")) this.#nudge();
      this.look();
    };
    document.addEventListener("visibilitychange", atOnce);
    addEventListener("focus", atOnce);
    addEventListener("online", atOnce);
  }

  /** To be called when an account's connection may have changed. */
  look(): void {
    if (!this.#isWanted()) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#isWanted()) this.#nudge();
      this.look();
    }, PAUSE_MS * (1 - Math.random() / 2));
  }

  /** A service that refuses is not asked again and again. */
  #isWanted(): boolean {
    return isSeen() && this.#links().includes("offline");
  }

  #nudge(): void {
    command("nudge", {}).catch(() => {
      // The event stream notices that the app has ended.
    });
  }
}

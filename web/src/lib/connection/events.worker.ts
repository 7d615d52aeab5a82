// Shared worker with the one event stream of all tabs: a browser opens six connections to an address, and a
// stream of each tab's own would hold one for good.
//
// A tab holds a lock of its own name for as long as it lives; when the worker gets the lock, the tab is closed,
// however it ended. A tab that does not acknowledge updates (frozen in the background) is sent a fixed number
// of events at most, and `lagged` once it acknowledges again.
import { follow, type DisconnectReason, type StreamUpdate } from "./stream";

/** What a tab sends to the worker: its name, and an acknowledgement of each update. */
export type FromTab = { tab: string } | { ack: true };

/** Updates that one tab may have unacknowledged. */
const UNACKED_MAX = 1000;

class Tab {
  #unacked = 0;
  #lagged = false;

  constructor(readonly port: MessagePort) {}

  send(update: StreamUpdate): void {
    if (this.#unacked >= UNACKED_MAX && update.update === "event") {
      this.#lagged = true;
      return;
    }
    this.#unacked += 1;
    this.port.postMessage(update);
  }

  acked(): void {
    this.#unacked -= 1;
    if (!this.#lagged || this.#unacked > UNACKED_MAX / 2) return;
    this.#lagged = false;
    this.send({ update: "event", event: { event: "lagged" } });
  }
}

const tabs = new Set<Tab>();
let pages: string | null = null;
let reason: DisconnectReason | null = null;

(self as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  const tab = new Tab(port);
  tabs.add(tab);
  port.onmessage = ({ data }: MessageEvent<FromTab>) => {
    if ("ack" in data) tab.acked();
    else void navigator.locks.request(data.tab, () => tabs.delete(tab));
  };
  // A tab that is opened later is told the state of the connection.
  if (pages !== null) tab.send({ update: "opened", pages });
  else if (reason !== null) tab.send({ update: "lost", reason });
};

void follow((update) => {
  if (update.update === "opened") [pages, reason] = [update.pages, null];
  if (update.update === "lost") [pages, reason] = [null, update.reason];
  for (const tab of tabs) tab.send(update);
});

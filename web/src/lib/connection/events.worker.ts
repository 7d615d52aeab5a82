// The event stream that all tabs of a browser share: a browser has six connections for one address, and each
// stream of its own would take one for good. Runs as a shared worker.
//
// A tab holds a lock of its own name for as long as it lives; when the worker gets the lock the tab is
// gone, however it ended. A tab that does not take what it is sent (frozen in the background) is sent
// no more than a fixed number of events, and `lagged` once it takes them again.
import { follow, type Loss, type News } from "./stream";

/** What a tab tells the worker. */
export type FromTab = { tab: string } | { taken: true };

/** Events that may be on their way to one tab. */
const AHEAD_MAX = 1000;

class Tab {
  #ahead = 0;
  #lagged = false;

  constructor(readonly port: MessagePort) {}

  send(news: News): void {
    if (this.#ahead >= AHEAD_MAX && news.news === "event") {
      this.#lagged = true;
      return;
    }
    this.#ahead += 1;
    this.port.postMessage(news);
  }

  taken(): void {
    this.#ahead -= 1;
    if (!this.#lagged || this.#ahead > AHEAD_MAX / 2) return;
    this.#lagged = false;
    this.send({ news: "event", event: { event: "lagged" } });
  }
}

const tabs = new Set<Tab>();
let pages: string | null = null;
let loss: Loss | null = null;

(self as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  const tab = new Tab(port);
  tabs.add(tab);
  port.onmessage = ({ data }: MessageEvent<FromTab>) => {
    if ("taken" in data) tab.taken();
    else void navigator.locks.request(data.tab, () => tabs.delete(tab));
  };
  // Who comes later is told how things stand.
  if (pages !== null) tab.send({ news: "opened", pages });
  else if (loss !== null) tab.send({ news: "lost", loss });
};

void follow((news) => {
  if (news.news === "opened") [pages, loss] = [news.pages, null];
  if (news.news === "lost") [pages, loss] = [null, news.loss];
  for (const tab of tabs) tab.send(news);
});

// The app's event stream, followed over restarts of the app.
import type { Event } from "./api";
import { authorised, forget, Impostor, pass, Unknown } from "./session";

/** Why there is no stream. */
export type Loss = "away" | "unknown" | "impostor";

/** What a follower is told. */
export type News = { news: "opened"; pages: string } | { news: "event"; event: Event } | { news: "lost"; loss: Loss };

/** Longest event, characters. */
const EVENT_MAX = 64 << 20;
const RETRY_MS = 1000;

/** Tells of every event, for good; after each `opened` everything must be loaded again. */
export async function follow(tell: (news: News) => void): Promise<never> {
  for (;;) {
    try {
      const response = await authorised("/api/events");
      if (!response.ok || !response.body) throw new Error();
      tell({ news: "opened", pages: (await pass()).pages });
      await read(response.body, (event) => tell({ news: "event", event }));
      tell({ news: "lost", loss: "away" });
    } catch (error) {
      tell({ news: "lost", loss: error instanceof Unknown ? "unknown" : error instanceof Impostor ? "impostor" : "away" });
    }
    // Whoever answers next has to prove itself.
    forget();
    await new Promise((done) => setTimeout(done, RETRY_MS));
  }
}

/** Reads events until the stream ends. Each is one line `data: …`; other lines keep it alive. */
async function read(body: ReadableStream<Uint8Array<ArrayBuffer>>, tell: (event: Event) => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  // A long event comes in many pieces, which are put together once.
  let begun: string[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const [first = "", ...others] = value.split("\n");
    begun.push(first);
    length += first.length;
    if (length > EVENT_MAX) throw new Error();
    for (const other of others) {
      const line = begun.join("");
      if (line.startsWith("data:")) tell(JSON.parse(line.slice(5)) as Event);
      begun = [other];
      length = other.length;
    }
  }
}

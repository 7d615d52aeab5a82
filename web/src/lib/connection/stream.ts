// The app's event stream, followed over restarts of the app.
import type { Event } from "../api";
import { authorised, forget, Impostor, pass, Unknown } from "./session";

/** Why there is no stream. */
export type Loss = "away" | "unknown" | "impostor";

/** What a follower is told. */
export type News = { news: "opened"; pages: string } | { news: "event"; event: Event } | { news: "lost"; loss: Loss };

/** Longest event, characters. */
const EVENT_MAX = 64 << 20;
const RETRY_MS = 1000;
/** So long an app says nothing only if it is halted: it says a word every five seconds. */
const SILENCE_MS = 20_000;

/** Tells of every event, for good; after each `opened` everything must be loaded again. */
export async function follow(tell: (news: News) => void): Promise<never> {
  for (;;) {
    const attempt = new AbortController();
    try {
      const response = await spoken(authorised("/api/events", { signal: attempt.signal }));
      if (!response.ok || !response.body) throw new Error();
      tell({ news: "opened", pages: (await pass()).pages });
      await read(response.body, (event) => tell({ news: "event", event }));
      tell({ news: "lost", loss: "away" });
    } catch (error) {
      tell({ news: "lost", loss: error instanceof Unknown ? "unknown" : error instanceof Impostor ? "impostor" : "away" });
    } finally {
      attempt.abort();
    }
    // Whoever answers next has to prove itself.
    forget();
    await new Promise((done) => setTimeout(done, RETRY_MS));
  }
}

/** What is awaited, unless it takes longer than an app is silent. */
async function spoken<T>(awaited: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, fail) => (timer = setTimeout(() => fail(new Error()), SILENCE_MS)));
  return Promise.race([awaited, silence]).finally(() => clearTimeout(timer));
}

/** Reads events until the stream ends. Each is one line `data: …`; other lines keep it alive. */
async function read(body: ReadableStream<Uint8Array<ArrayBuffer>>, tell: (event: Event) => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  // A long event comes in many pieces, which are put together once.
  let begun: string[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await spoken(reader.read());
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

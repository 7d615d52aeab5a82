// Client of the app's event stream; it reconnects for as long as the page is open.
import type { Event } from "../api";
import { authorisedFetch, forget, Impostor, pass, UnknownBrowser } from "./session";

/** Why there is no connection. */
export type DisconnectReason = "away" | "unknown" | "impostor";

/** An event, or a change of the connection. `pages` is the build of the pages that the app has. */
export type StreamUpdate = { update: "opened"; pages: string } | { update: "event"; event: Event } | { update: "lost"; reason: DisconnectReason };

/** Longest event, characters. */
const EVENT_MAX = 64 << 20;
const RETRY_MS = 1000;
/** A stream that is silent for so long is dead: the app sends a line every five seconds. */
const SILENCE_MAX_MS = 20_000;

/** Passes on every event, for good; after each `opened` everything must be loaded again. */
export async function follow(tell: (news: StreamUpdate) => void): Promise<never> {
  for (;;) {
    const attempt = new AbortController();
    try {
      const response = await beforeSilence(authorisedFetch("/api/events", { signal: attempt.signal }));
      if (!response.ok || !response.body) throw new Error();
      tell({ update: "opened", pages: (await pass()).pages });
      await readStream<Event>(response.body, (event) => tell({ update: "event", event }));
      tell({ update: "lost", reason: "away" });
    } catch (error) {
      tell({ update: "lost", reason: error instanceof UnknownBrowser ? "unknown" : error instanceof Impostor ? "impostor" : "away" });
    } finally {
      attempt.abort();
    }
    // Whoever answers next has to prove that it is the app.
    forget();
    await new Promise((done) => setTimeout(done, RETRY_MS));
  }
}

/** Fails when what is awaited takes longer than a stream may be silent. */
async function beforeSilence<T>(awaited: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, fail) => (timer = setTimeout(() => fail(new Error()), SILENCE_MAX_MS)));
  return Promise.race([awaited, silence]).finally(() => clearTimeout(timer));
}

/** Reads what a stream of the app tells until it ends. Each is one line `data: …`; other lines keep it alive. */
export async function readStream<Told>(body: ReadableStream<Uint8Array<ArrayBuffer>>, tell: (told: Told) => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  // A long event comes in many pieces, which are put together once.
  let begun: string[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await beforeSilence(reader.read());
    if (done) return;
    const [first = "", ...others] = value.split("\n");
    begun.push(first);
    length += first.length;
    if (length > EVENT_MAX) throw new Error();
    for (const other of others) {
      const line = begun.join("");
      if (line.startsWith("data:")) tell(JSON.parse(line.slice(5)) as Told);
      begun = [other];
      length = other.length;
    }
  }
}

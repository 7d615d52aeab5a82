// A stand-in for the app at the page's only edge: `fetch`. It answers commands by what a test gives it, holds
// answers back when told so, and tells events. Everything on this side of `fetch` is the page's own code.
import { vi } from "vitest";

import type { Arguments, CommandName, Event, Refusal, ReplyTo } from "../src/lib/api";
import { REPLY_KIND } from "../src/lib/api";
import type { Pass } from "../src/lib/types/serve";
import { state } from "./records";

type Answerer<Name extends CommandName> = (args: Arguments<Name>) => ReplyTo<Name>;

/** A command that the page has sent. */
export interface Sent<Name extends CommandName = CommandName> {
  cmd: Name;
  args: Arguments<Name>;
  /** The request outlives the page. */
  keepalive: boolean;
}

/** Replies that are held back: `all` lets them arrive, oldest first, `lose` breaks their connections. */
interface Held {
  all: () => Promise<void>;
  lose: () => Promise<void>;
}

/** Thrown by an answerer: the app refuses. */
export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.message);
  }
}

export const refuse = (code: Refusal["code"], message = `refused: ${code}`): never => {
  throw new Refused({ code, message });
};

declare const setImmediate: (run: () => void) => void;
// Taken before any test replaces the clock.
const soon = setImmediate;
const TURNS = 10;
/** Longer than it takes until a burst of events is taken in, soon after another; shorter than any other delay of the page. */
const FRAME_MS = 60;

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise<void>((done) => soon(done));
  };
  await turns();
  await vi.advanceTimersByTimeAsync(FRAME_MS);
  await turns();
}

/** Lets so much time pass on the page's clock. */
export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}

/** Replaces the clock, so that no test waits. */
export function stopClock(): void {
  vi.useFakeTimers({
    now: 1_000_000,
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "requestAnimationFrame", "cancelAnimationFrame"],
  });
}

export class App {
  /** All commands so far. */
  readonly sent: Sent[] = [];
  /** Nobody listens at its address. */
  away = false;
  #answerers = new Map<CommandName, (args: never) => unknown>();
  #held = new Map<CommandName, ((arrives: boolean) => void)[]>();
  #streams = new Set<ReadableStreamDefaultController<Uint8Array>>();

  constructor() {
    stopClock();
    this.on("state", () => state());
    for (const list of ["threads", "pings", "contacts", "groups", "drafts"] as const) this.on(list, () => []);
    this.on("watermark", () => ({ message: 0, ping: 0, queued: [] }));
    for (const word of ["nudge", "mark_read", "drop_draft"] as const) this.on(word, () => undefined);
    vi.stubGlobal("fetch", (path: string, init: RequestInit = {}) => this.#fetch(path, init));
  }

  /** Answers a command from now on. */
  on<Name extends CommandName>(cmd: Name, answer: Answerer<Name>): void {
    this.#answerers.set(cmd, answer as (args: never) => unknown);
  }

  /** Holds back the replies to a command, which is done at once. */
  hold(cmd: CommandName): Held {
    const held: ((arrives: boolean) => void)[] = [];
    this.#held.set(cmd, held);
    const release = async (arrive: boolean): Promise<void> => {
      this.#held.delete(cmd);
      for (const reply of held.splice(0)) reply(arrive);
      await settle();
    };
    return { all: () => release(true), lose: () => release(false) };
  }

  /** Commands of one name so far. */
  all<Name extends CommandName>(cmd: Name): Arguments<Name>[] {
    return this.sent.filter((sent): sent is Sent<Name> => sent.cmd === cmd).map(({ args }) => args);
  }

  /** Tells all pages, and waits until they have heard it. */
  async tell(...events: Event[]): Promise<void> {
    for (const event of events) this.write(event);
    await settle();
  }

  /** Tells all pages. */
  write(event: Event): void {
    const line = new TextEncoder().encode(`data: ${JSON.stringify(event)}\n\n`);
    for (const stream of this.#streams) stream.enqueue(line);
  }

  /** Which build of the pages it has. */
  pages = "build";

  /** It ends; `reopen` of `page.ts` starts it again. */
  async end(): Promise<void> {
    this.away = true;
    for (const stream of this.#streams) stream.close();
    this.#streams.clear();
    await settle();
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    // As over a network: never at once.
    await Promise.resolve();
    if (this.away) throw new TypeError("Failed to fetch");
    if (path === "/api/browser/register") {
      const pass: Pass = { browser: 1, page: "page", files: "files", pages: this.pages };
      return json({ ok: pass });
    }
    if (path === "/api/events") return this.#events();
    if (path === "/api/command") return this.#command(init);
    throw new Error(`nothing is at ${path}`);
  }

  #events(): Response {
    const streams = this.#streams;
    const body = new ReadableStream<Uint8Array>({ start: (stream) => void streams.add(stream) });
    return new Response(body, { status: 200 });
  }

  async #command(init: RequestInit): Promise<Response> {
    const { cmd, ...args } = JSON.parse(init.body as string) as { cmd: CommandName };
    this.sent.push({ cmd, args, keepalive: init.keepalive ?? false } as Sent);
    const answer = this.#answerers.get(cmd);
    if (!answer) throw new Error(`no answer to ${cmd} is prepared`);
    let body: object;
    try {
      const value = answer(args as never);
      body = { ok: { kind: REPLY_KIND[cmd], ...(value === undefined ? {} : { value }) } };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      body = { error: error.refusal };
    }
    const held = this.#held.get(cmd);
    const arrives = held ? await new Promise<boolean>((given) => held.push(given)) : true;
    if (this.away || !arrives) throw new TypeError("Failed to fetch");
    return json(body);
  }
}

const json = (body: object): Response => new Response(JSON.stringify(body), { status: 200 });

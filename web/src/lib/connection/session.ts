// Authentication between this browser and the app, by a key that was agreed on when `mnm` opened the pages and
// that no script can read out of the browser. Whoever listens at the app's address has to prove first that it
// has the key; before that it is sent nothing but a number and random bytes. The other side is
// `crates/mnm/src/serve/browser.rs`. Used by the pages and by the worker of their event stream.
import type { Enter, Greeting, Hello, Pass, Register } from "../types/serve";

/** Nothing answers at the app's address. */
export class Unreachable extends Error {}
/** The app does not know this browser, or has shut it out. */
export class UnknownBrowser extends Error {}
/** Another program answers at the app's address. */
export class Impostor extends Error {}

interface Identity {
  browser: number;
  key: CryptoKey;
}

const HMAC = { name: "HMAC", hash: "SHA-256" };
const APP = "mnm app here\n";
const BROWSER = "mnm browser!\n";
const SECRET_BYTES = 32;
/** Longer than a running app takes to answer. */
const TIMEOUT_MS = 20_000;

let current: Promise<Pass> | null = null;
let token: string | null = null;

let listener: (pass: Pass) => void = () => {};

/** Calls `called` with the pass of this page, and with every new one. */
export function onPass(called: (pass: Pass) => void): void {
  listener = called;
  current?.then(called, () => undefined);
}

/** The token of the address that opened this page is used for the first pass. */
export function useOpeningToken(opening: string): void {
  token = opening;
}

/** The pass of this page; asks the app for one when there is none. */
export function pass(): Promise<Pass> {
  current ??= authenticate().then(
    (given) => {
      listener(given);
      return given;
    },
    (error: unknown) => {
      current = null;
      throw error;
    },
  );
  return current;
}

/** Drops the pass: the app has ended, or has refused it. */
export function forget(): void {
  current = null;
}

/** A request with the pass of this page; an expired pass is replaced once. */
export async function authorisedFetch(path: string, init: RequestInit = {}): Promise<Response> {
  let response = await send(path, init);
  if (response.status === 401) {
    forget();
    response = await send(path, init);
  }
  return response;
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const { page } = await pass();
  const headers = { ...(init.headers as Record<string, string> | undefined), authorization: `Page ${page}` };
  try {
    return await fetch(path, { ...init, headers, credentials: "omit", redirect: "error" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable();
  }
}

async function authenticate(): Promise<Pass> {
  const opening = token;
  token = null;
  const me = await identity();
  if (!me) return register(opening);
  const mine = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  let greeting: Greeting;
  try {
    greeting = await ask("hello", { browser: me.browser, nonce: encode(mine) });
  } catch (error) {
    // Shut out since; but somebody has just opened the pages here.
    if (error instanceof UnknownBrowser && opening) return register(opening);
    throw error;
  }
  const theirs = decode(greeting.nonce);
  const proven = await crypto.subtle.verify("HMAC", me.key, decode(greeting.proof), statement(APP, mine, theirs));
  if (!proven) throw new Impostor();
  const proof = new Uint8Array(await crypto.subtle.sign("HMAC", me.key, statement(BROWSER, mine, theirs)));
  return checked(await ask("enter", { nonce: greeting.nonce, proof: encode(proof), ...(opening ? { token: opening } : {}) }));
}

/** A pass that has all of its parts: whatever answers without them is not the app. */
function checked(given: Pass): Pass {
  const { browser, page, files, pages } = given as Partial<Pass>;
  if (typeof browser !== "number" || [page, files, pages].some((part) => typeof part !== "string")) throw new Impostor();
  return given;
}

/** Agrees on a key. What `mnm` has just opened is the app. */
async function register(opening: string | null): Promise<Pass> {
  if (!opening) throw new UnknownBrowser();
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const key = await crypto.subtle.importKey("raw", bytes, HMAC, false, ["sign", "verify"]);
  const given = checked(await ask("register", { token: opening, key: encode(bytes), label: label() }));
  bytes.fill(0);
  await store({ browser: given.browser, key });
  return given;
}

/** The steps of recognition: what is sent, and what is answered. */
interface Steps {
  hello: [Hello, Greeting];
  enter: [Enter, Pass];
  register: [Register, Pass];
}

async function ask<Step extends keyof Steps>(step: Step, body: Steps[Step][0]): Promise<Steps[Step][1]> {
  let response: Response;
  try {
    response = await fetch(`/api/browser/${step}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new Unreachable();
  }
  if (response.status === 401) throw new UnknownBrowser();
  let answer: { ok?: Steps[Step][1] };
  try {
    answer = (await response.json()) as { ok?: Steps[Step][1] };
  } catch {
    throw new Impostor();
  }
  if (!answer.ok) throw new Impostor();
  return answer.ok;
}

function statement(side: string, mine: Uint8Array, theirs: Uint8Array): Uint8Array<ArrayBuffer> {
  const port = Number(location.port || 80);
  return new Uint8Array([...new TextEncoder().encode(side), port >> 8, port & 255, ...mine, ...theirs]);
}

/** How the member recognises this browser in a list. */
function label(): string {
  const agent = navigator.userAgent;
  const name = /Edg\/|OPR\/|Firefox\/|Chrome\/|Safari\//.exec(agent)?.[0].slice(0, -1) ?? "Browser";
  const system = /Windows|Android|iPhone|iPad|Mac OS X|CrOS|Linux/.exec(agent)?.[0];
  const names: Record<string, string> = { Edg: "Edge", OPR: "Opera" };
  return system ? `${names[name] ?? name}, ${system}` : (names[name] ?? name);
}

// --- The key is stored as an object that can be used but not read ---

function database(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("mnm", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("identity");
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error ?? new Error());
  });
}

async function identity(): Promise<Identity | undefined> {
  try {
    const db = await database();
    return await new Promise<Identity | undefined>((resolve, reject) => {
      const reading = db.transaction("identity").objectStore("identity").get("me");
      reading.onsuccess = () => resolve(reading.result as Identity | undefined);
      reading.onerror = () => reject(reading.error ?? new Error());
    });
  } catch {
    // Without a database the browser registers at each opening.
    return undefined;
  }
}

async function store(identity: Identity): Promise<void> {
  try {
    const db = await database();
    await new Promise<void>((resolve, reject) => {
      const writing = db.transaction("identity", "readwrite");
      writing.objectStore("identity").put(identity, "me");
      writing.oncomplete = () => resolve();
      writing.onerror = () => reject(writing.error ?? new Error());
    });
  } catch {
    // As above.
  }
}

function encode(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

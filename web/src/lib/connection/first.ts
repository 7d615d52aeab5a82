// The first requests of a page, which are sent while most of its script is still being read.
import { request } from "./request";

/** Rows of a page of threads. */
export const PAGE_ROWS = 100;

interface First {
  state: Promise<string>;
  threads: Promise<string>;
}

let asked: First | undefined;

/** Asks for what the list of threads needs. */
export function askFirst(): void {
  asked = { state: request("state", {}), threads: request("threads", { limit: PAGE_ROWS }) };
  // Whoever takes them is told.
  for (const answer of Object.values(asked)) answer.catch(() => undefined);
}

/** The bodies of the answers to what was asked at first, once; undefined if nothing was. */
export function takeFirst(): First | undefined {
  const first = asked;
  asked = undefined;
  return first;
}

// Requests of commands: what is sent, and the body of the answer.
import type { Arguments, CommandName } from "../api";
import { authorisedFetch } from "./session";

/** What becomes of a request when the page is closed, or nobody waits for it any more. */
export interface RequestOptions {
  keepalive?: boolean;
  signal?: AbortSignal;
}

/** Sends one command and gives back the body of its answer. */
export async function request<Name extends CommandName>(cmd: Name, args: Arguments<Name>, options: RequestOptions = {}): Promise<string> {
  const response = await authorisedFetch("/api/command", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ cmd, ...args }),
    ...options,
  });
  return response.text();
}

// How the pages reach the engine: commands, uploads and the event stream, same origin only.
import type { Commands, Draft, Event, Offer } from "./api";
import { t } from "./strings";

/** A refusal by the engine or a failure to reach it; `message` is for people. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly offer?: Offer,
  ) {
    super(message);
  }
}

let onGone: () => void = () => {};

/** Registers what happens when the app no longer knows this page (status 401). */
export function whenGone(handler: () => void): void {
  onGone = handler;
}

/** What to show for any caught error. */
export function problem(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface Answer {
  ok?: { kind: string; value?: unknown };
  error?: { code: string; message: string; offer?: Offer };
}

function unwrap(status: number, body: string): unknown {
  if (status === 401) {
    onGone();
    throw new ApiError("unauthorized", t.gone.title);
  }
  let answer: Answer = {};
  try {
    answer = JSON.parse(body) as Answer;
  } catch {
    // Falls through to the error below: the body is not ours.
  }
  if (answer.ok) return answer.ok.value;
  if (answer.error) throw new ApiError(answer.error.code, answer.error.message, answer.error.offer);
  throw new ApiError("unreadable", t.live.unreadable);
}

/** Sends one command and gives back the value of its reply. */
export async function command<K extends keyof Commands>(
  cmd: K,
  args: Commands[K]["args"],
  options: { keepalive?: boolean; signal?: AbortSignal } = {},
): Promise<Commands[K]["reply"]> {
  let response: Response;
  try {
    response = await fetch("/api/command", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ cmd, ...args }),
      credentials: "same-origin",
      ...options,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("unreachable", t.live.lost);
  }
  return unwrap(response.status, await response.text()) as Commands[K]["reply"];
}

/** An upload under way. */
export interface Transfer {
  /** The draft with its new attachment. */
  done: Promise<Draft>;
  cancel: () => void;
}

/** Uploads a file into a draft; XMLHttpRequest because fetch reports no upload progress. */
export function upload(draft: number, file: File, progress: (sent: number) => void): Transfer {
  const xhr = new XMLHttpRequest();
  const done = new Promise<Draft>((resolve, reject) => {
    xhr.upload.onprogress = (event) => progress(event.loaded);
    xhr.onload = () => {
      try {
        resolve(unwrap(xhr.status, xhr.responseText) as Draft);
      } catch (error) {
        reject(error as Error);
      }
    };
    xhr.onerror = () => reject(new ApiError("unreachable", t.live.lost));
    xhr.onabort = () => reject(new ApiError("canceled", t.attach.canceled));
  });
  xhr.open("POST", `/api/drafts/${draft}/attachments?name=${encodeURIComponent(file.name)}`);
  xhr.setRequestHeader("content-type", "application/octet-stream");
  xhr.send(file);
  return { done, cancel: () => xhr.abort() };
}

/** Where the bytes of an attachment are; `inline` shows a raster image, otherwise a download. */
export function attachmentUrl(id: number, inline = false): string {
  return `/api/attachments/${id}${inline ? "?inline=1" : ""}`;
}

const RETRY_MS = 2000;

/**
 * Watches the engine. `opened` is called on every (re)connect, when everything must be loaded
 * again; `lost` when the stream breaks.
 */
export function watch(handlers: {
  opened: () => void;
  lost: () => void;
  event: (event: Event) => void;
}): void {
  const source = new EventSource("/api/events");
  source.onopen = handlers.opened;
  source.onmessage = (message: MessageEvent<string>) => {
    handlers.event(JSON.parse(message.data) as Event);
  };
  source.onerror = () => {
    handlers.lost();
    // The browser retries by itself while CONNECTING; a refused stream stays CLOSED. Then a
    // command tells whether the app is away or the key is gone.
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => {
      command("state", {}).then(
        () => watch(handlers),
        (error: unknown) => {
          if (error instanceof ApiError && error.code === "unauthorized") return;
          watch(handlers);
        },
      );
    }, RETRY_MS);
  };
}

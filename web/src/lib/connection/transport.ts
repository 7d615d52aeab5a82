// Requests to the app: commands, uploads, addresses of attachments, and the event stream.
import { REPLY_KIND, type Arguments, type Code, type CommandName, type Draft, type Offer, type Refusal, type Reply, type ReplyTo, type RequestError, type Value } from "../api";
import type { FromTab } from "./events.worker";
import { fileToken } from "./filetoken.svelte";
import { request, type RequestOptions } from "./request";
import { Unreachable, forget, Impostor, pass, UnknownBrowser, onPass } from "./session";
import { follow, type StreamUpdate } from "./stream";
import { t } from "../strings";

/** A refusal by the engine or a failure to reach it; `message` is for people. */
export class ApiError extends Error {
  constructor(
    readonly code: Code,
    message: string,
    readonly offer: Offer | null = null,
  ) {
    super(message);
  }
}

/** What to show for any caught error. */
export function problem(error: unknown): string {
  if (error instanceof Unreachable) return t.live.away;
  if (error instanceof UnknownBrowser) return t.live.unknown;
  if (error instanceof Impostor) return t.live.impostor;
  return error instanceof Error ? error.message : String(error);
}

/** The body of every answer. */
interface Answer {
  ok?: Reply;
  error?: Refusal | RequestError;
}

/** The value of an answer of the kind that is expected. */
function valueOf<Kind extends Reply["kind"]>(kind: Kind, body: string): Value<Kind> {
  let answer: Answer = {};
  try {
    answer = JSON.parse(body) as Answer;
  } catch {
    // Falls through to the error below: the body is not ours.
  }
  const { ok, error } = answer;
  if (ok?.kind === kind) return ("value" in ok ? ok.value : undefined) as Value<Kind>;
  if (error) throw new ApiError(error.code, error.message, "offer" in error ? error.offer : null);
  throw new ApiError("unreadable", t.live.unreadable);
}

/** The value of the reply to a command, by the body of its answer. */
export const replyTo = <Name extends CommandName>(cmd: Name, body: string): ReplyTo<Name> => valueOf(REPLY_KIND[cmd], body);

/** Sends one command and gives back the value of its reply. */
export const command = async <Name extends CommandName>(cmd: Name, args: Arguments<Name>, options?: RequestOptions): Promise<ReplyTo<Name>> =>
  replyTo(cmd, await request(cmd, args, options));

/** An upload under way. */
export interface Transfer {
  /** The draft with its new attachment. */
  done: Promise<Draft>;
  cancel: () => void;
}

/** Uploads a file into a draft; XMLHttpRequest because fetch reports no upload progress. */
export function upload(draft: number, file: File, progress: (sent: number) => void): Transfer {
  const xhr = new XMLHttpRequest();
  let canceled = false;
  const done = pass().then(
    ({ page }) =>
      new Promise<Draft>((resolve, reject) => {
        if (canceled) return reject(new ApiError("canceled", t.attach.canceled));
        xhr.upload.onprogress = (event) => progress(event.loaded);
        xhr.onload = () => {
          try {
            resolve(valueOf("draft", xhr.responseText));
          } catch (error) {
            reject(error as Error);
          }
        };
        xhr.onerror = () => reject(new Unreachable());
        xhr.onabort = () => reject(new ApiError("canceled", t.attach.canceled));
        xhr.open("POST", `/api/drafts/${draft}/attachments?name=${encodeURIComponent(file.name)}`);
        xhr.setRequestHeader("content-type", "application/octet-stream");
        xhr.setRequestHeader("authorization", `Page ${page}`);
        xhr.send(file);
      }),
  );
  const cancel = (): void => {
    canceled = true;
    xhr.abort();
  };
  return { done, cancel };
}

/** Whether a file still is what it was when it was chosen: a browser reads no other. */
export async function isUnchanged(file: File): Promise<boolean> {
  try {
    await file.slice(Math.max(file.size - 1, 0)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** Where the bytes of an attachment are; `inline` shows a raster image, otherwise a download. */
export function attachmentUrl(id: number, inline = false): string {
  return `/api/attachments/${id}?${inline ? "inline=1&" : ""}pass=${fileToken.value}`;
}

/**
 * Watches the engine, over restarts of the app. At each `opened` everything must be loaded again. One
 * stream serves all tabs of a browser that has shared workers.
 */
export async function watch(listener: (update: StreamUpdate) => void): Promise<void> {
  const tell = (update: StreamUpdate): void => {
    // Whoever answers next has to prove that it is the app.
    if (update.update === "lost") forget();
    listener(update);
  };
  onPass(({ files }) => (fileToken.value = files));
  // The token of the address is this tab's.
  await pass().catch(() => undefined);
  if (!("SharedWorker" in globalThis) || !("locks" in navigator)) return follow(tell);
  const worker = new SharedWorker(new URL("./events.worker.ts", import.meta.url), { type: "module", name: "mnm events" });
  worker.onerror = () => void follow(tell);
  const send = (message: FromTab): void => worker.port.postMessage(message);
  worker.port.onmessage = ({ data }: MessageEvent<StreamUpdate>) => {
    send({ ack: true });
    tell(data);
  };
  const tab = crypto.randomUUID();
  // Held for as long as this tab lives.
  void navigator.locks.request(tab, async () => {
    send({ tab });
    await new Promise(() => {});
  });
}

// What an app would answer to the components of the gallery.
import type { Readers } from "../src/lib/api";
import { REPLY_KIND, type CommandName, type ReplyTo } from "../src/lib/api";
import type { Pass } from "../src/lib/types/serve";
import { BJORN, CREW, me, NOW, STRANGER } from "./home";

type Answers = { [Name in CommandName]?: ReplyTo<Name> };

const readers: Readers = {
  readers: [
    { party: me, reach: "named", struck: false, by: null, at_ms: 0 },
    { party: BJORN, reach: "named", struck: false, by: me.uid, at_ms: NOW - 86_400_000 },
    { party: CREW, reach: "named", struck: false, by: null, at_ms: 0 },
    { party: STRANGER, reach: "none", struck: true, by: null, at_ms: 0 },
  ],
  unlisted: 0,
};

const ANSWERS: Answers = {
  readers,
  devices: [],
  preview: "<p>Dear <strong>all</strong>, the boats come in on <em>Saturday</em>.</p>",
  browsers: [],
  members: { members: [], next: null },
  threads: [],
};

const json = (body: object): Response => new Response(JSON.stringify(body), { status: 200 });

export function answer(path: string, init: RequestInit = {}): Response {
  if (path === "/api/browser/register") return json({ ok: { browser: 1, page: "page", files: "files", pages: "gallery" } satisfies Pass });
  if (path !== "/api/command") return new Response(null, { status: 404 });
  const { cmd } = JSON.parse(String(init.body)) as { cmd: CommandName };
  const value = ANSWERS[cmd];
  return json({ ok: { kind: REPLY_KIND[cmd], ...(value === undefined ? {} : { value }) } });
}

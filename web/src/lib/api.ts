// The contract with the app: the types made from its Rust types, and which reply each command has.
import type { Command, ErrorCode, Reply } from "./types/engine";
import type { RequestErrorCode } from "./types/serve";

export type * from "./types/engine";
export type { RequestError } from "./types/serve";

export type CommandName = Command["cmd"];

/** What a command takes. */
export type Arguments<Name extends CommandName> = Omit<Extract<Command, { cmd: Name }>, "cmd">;

/** The kind of reply that each command has, as its description in Rust says. */
export const REPLY_KIND = {
  state: "state",
  join: "account",
  set_service: "account",
  losses: "losses",
  remove_account: "done",
  join_device: "account",
  add_device: "code",
  devices: "devices",
  add_alias: "account",
  reconnect: "done",
  set_presence: "done",
  remove_contact: "done",
  nudge: "done",
  ping: "ping",
  pings: "pings",
  one_ping: "ping",
  accept: "ping",
  ignore: "ping",
  ignore_all: "count",
  contacts: "contacts",
  groups: "groups",
  members: "members",
  invite: "ping",
  drop: "done",
  join_group: "done",
  threads: "threads",
  thread: "thread",
  mark_read: "done",
  mark_messages: "count",
  mark_threads: "count",
  empty_trash: "count",
  save_tag: "account",
  drop_tag: "account",
  tag_threads: "count",
  save_search: "account",
  drop_search: "account",
  readers: "readers",
  strike: "done",
  readmit: "done",
  take_in: "thread",
  save_draft: "draft",
  drafts: "drafts",
  drop_draft: "done",
  detach: "draft",
  send: "message",
  send_now: "message",
  retry: "message",
  unsend: "draft",
  watermark: "watermark",
  await_sent: "message",
  forward: "forward",
  notices: "notices",
  set_notices: "notices",
  browsers: "browsers",
  revoke_browser: "done",
  preview: "html",
  search: "hits",
  count_hits: "count",
} as const satisfies Record<CommandName, Reply["kind"]>;

/** Kinds of replies that no command above has: none, or one was forgotten there. */
type Forgotten = Exclude<Reply["kind"], (typeof REPLY_KIND)[CommandName]>;
null satisfies [Forgotten] extends [never] ? null : Forgotten;

type Values = { [R in Reply as R["kind"]]: R extends { value: infer V } ? V : undefined };

/** The value of a kind of reply. */
export type Value<Kind extends Reply["kind"]> = Values[Kind];

/** The value of the reply to a command. */
export type ReplyTo<Name extends CommandName> = Value<(typeof REPLY_KIND)[Name]>;

/** Kinds of errors, for programs: those of the app, and those of the page. */
export type Code = ErrorCode | RequestErrorCode | "canceled" | "changed" | "unreadable";

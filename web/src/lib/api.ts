// The contract with the engine, as TypeScript sees it: a mirror of `view.rs`, `command.rs` and
// `event.rs` in crates/mnm-engine/src. A field that changes there changes here. Times are Unix
// milliseconds. Everything is text to be shown as text, except `Message.html` and
// `SearchHit.snippet`, which the engine has sanitised.

export interface State {
  accounts: Account[];
  version: string;
  /** Parts of the store were passed over because they are damaged. */
  damaged: boolean;
  /** The home was copied or restored from a backup. */
  copied: boolean;
}

export interface Account {
  id: number;
  /** What the service is called here: `name`, and the place behind it where another is called alike. */
  service: string;
  /** What it calls itself. */
  name: string;
  /** What it called itself first, if that was something else. */
  joined_as: string | null;
  address: string;
  fingerprint: string | null;
  uid: string;
  alias: string;
  aliases: string[];
  device: string;
  link: Link;
  unread: number;
  pings: number;
  queued: number;
  /** Whether contacts see that the member is online; null until the member has chosen. */
  presence: boolean | null;
  /** Whether they have; an account of version 0.1.0 shows it until then. */
  presence_chosen: boolean;
  linked_ms: number | null;
  held: Held | null;
}

/** Messages that wait at the service because the disk here is nearly full. */
export interface Held {
  messages: number;
  bytes: number;
  missing: number;
}

export type Link =
  | { state: "online"; since_ms: number }
  | { state: "connecting" }
  | { state: "offline"; error: string; retry_at_ms: number }
  | { state: "refused"; error: string; seen: string | null; retry_at_ms: number };

/** What is lost for good when an account is removed from this device. */
export interface Losses {
  letters: number;
  queued: number;
  drafts: number;
  contacts: number;
  other_devices: number;
}

/** What the member may want instead of what was refused. */
export type Offer = { kind: "account"; account: number } | { kind: "trust"; known: string | null; seen: string };

export interface Party {
  uid: string;
  alias: string;
  kind: "me" | "contact" | "stranger" | "claimed" | "group" | "service";
}

export interface ThreadRow {
  id: number;
  account: number;
  subject: string;
  /** No subject is known, because the letter that began the thread is not here. */
  begun_elsewhere: boolean;
  parties: Party[];
  /** How many read it; `parties` has the first of them. */
  readers: number;
  last_from: Party;
  last_at_ms: number;
  snippet: string;
  count: number;
  unread: number;
  attachments: boolean;
  state: MessageState | null;
  may_reply: MayReply;
  /** The thread that its first letter says it belongs to. */
  belongs_to: number | null;
}

/** Whether a reply would reach somebody. */
export type MayReply = { state: "yes" | "oneself" | "nobody" | "struck" | "service" } | { state: "others" | "left_group" | "removed_from_group" | "empty_group"; groups: string[] };

/** How a reply reaches somebody. */
export type Reach = "named" | "group" | "none";

/** Somebody who was added to a thread, or wrote in it. */
export interface Reader {
  party: Party;
  by: string | null;
  at_ms: number;
  struck: boolean;
  reach: Reach;
}

export interface Readers {
  readers: Reader[];
  unlisted: number;
}

/** A thread with a page of its messages. */
export interface Thread {
  row: ThreadRow;
  messages: Message[];
  older: boolean;
  newer: boolean;
  draft: Draft | null;
}

export interface Message {
  id: number;
  thread: number;
  account: number;
  msgid: string | null;
  from: Party;
  forwarded: Forwarded | null;
  at_ms: number;
  subject: string;
  text: string;
  html: string;
  /** The text goes on behind what `html` shows of it. */
  cut: boolean;
  attachments: Attachment[];
  /** Files it had that were lost when the store was damaged. */
  lost_files: string[];
  /** The first of those whom the service could not reach with it, and how many more there are. */
  left_out: { party: Party; reason: string }[];
  more_left_out: number;
  state: MessageState;
  unread: boolean;
}

/** A letter that somebody forwarded and its author has not confirmed. */
export interface Forwarded {
  by: Party;
  /** The first that did not come along, and how many more. */
  files: string[];
  more_files: number;
}

/** Where a forward of a thread stands. */
export type ForwardState = "queued" | "sent" | "failed";

export type MessageState =
  | { state: "received" }
  | { state: "queued" }
  | { state: "held"; until_ms: number }
  | { state: "sending"; sent: number; total: number }
  | { state: "sent" }
  | { state: "failed"; error: string };

export interface Attachment {
  id: number;
  name: string;
  /** The name by which the letter's text refers to it, where that is another; only to be compared. */
  wire_name: string | null;
  size: number;
  form: { filled: boolean; name: string } | null;
  picture: { width: number; height: number } | null;
  inline: boolean;
}

export interface Draft {
  id: number;
  account: number;
  thread: number | null;
  to: string[];
  subject: string;
  text: string;
  attachments: Attachment[];
  updated_ms: number;
  version: number;
}

export interface Ping {
  id: number;
  account: number;
  service: string;
  incoming: boolean;
  from: string;
  from_uid: string;
  to: string;
  mark: NameMark | null;
  text: string;
  group: string | null;
  at_ms: number;
  state: PingState;
}

export type PingState =
  | { state: "waiting" }
  | { state: "queued" }
  | { state: "accepted" }
  | { state: "ignored" }
  | { state: "failed"; error: string };

/** What to mind about a name. */
export type NameMark = "odd" | "alike" | "claimed";

export interface Contact {
  account: number;
  uid: string;
  alias: string;
  mark: NameMark | null;
  online: boolean;
  since_ms: number;
  /** As in `Account`, for them alone; null: as the others. */
  presence: boolean | null;
}

export type Standing = "invited" | "joined" | "left" | "removed";

export interface Group {
  account: number;
  gid: string;
  standing: Standing;
  /** Whether all members are known: who joins is told only of those who join later. */
  whole: boolean;
  /** Whether it is known that nobody but the member has joined. */
  empty: boolean;
  /** The member's own alias there; empty while it is not known. */
  alias: string;
  /** How many members are known, and how many of them have joined. */
  known: number;
  joined: number;
  /** The first of those who are known; `members` tells of the others. */
  members: GroupMember[];
}

/** A page of the members of a group. */
export interface Members {
  members: GroupMember[];
  /** Where the next page begins; null when this is the last. */
  next: { standing: Standing; alias: string } | null;
}

export interface GroupMember {
  alias: string;
  standing: Standing;
}

export interface SearchHit {
  account: number;
  service: string;
  thread: number;
  message: number;
  subject: string;
  from: Party;
  at_ms: number;
  snippet: string;
}

export interface Device {
  account: number;
  label: string;
  this: boolean;
  since_ms: number;
}

/** Which page of a thread is asked for. */
export type Place = "end" | "unread" | { around: number } | { before: number } | { after: number };

export interface Browser {
  id: number;
  label: string;
  since_ms: number;
  used_ms: number;
}

/** Each command with what it takes; the names are the `cmd` tag. */
export interface Commands {
  state: { args: object; reply: State };
  join: { args: { address: string; alias: string; device?: string; another?: boolean }; reply: Account };
  set_service: { args: { account: number; address?: string; trust?: string }; reply: Account };
  losses: { args: { account: number }; reply: Losses };
  remove_account: { args: { account: number }; reply: undefined };
  join_device: { args: { code: string }; reply: Account };
  add_device: { args: { account: number; label: string }; reply: string };
  devices: { args: { account?: number }; reply: Device[] };
  add_alias: { args: { account: number; alias: string }; reply: Account };
  reconnect: { args: { account: number }; reply: undefined };
  remove_contact: { args: { account: number; contact: string }; reply: undefined };
  set_presence: { args: { account: number; contact?: string; shown?: boolean }; reply: undefined };
  nudge: { args: object; reply: undefined };
  ping: { args: { account: number; to: string; text: string }; reply: Ping };
  pings: { args: { account?: number; before?: number; find?: string; limit?: number }; reply: Ping[] };
  one_ping: { args: { ping: number }; reply: Ping };
  accept: { args: { ping: number; text?: string }; reply: Ping };
  ignore: { args: { ping: number }; reply: Ping };
  ignore_all: { args: { account?: number; before_ms?: number }; reply: number };
  contacts: { args: { account?: number }; reply: Contact[] };
  groups: { args: { account?: number }; reply: Group[] };
  members: { args: { account: number; group: string; after?: NonNullable<Members["next"]>; limit?: number }; reply: Members };
  invite: { args: { account: number; group: string; to: string; text: string }; reply: Ping };
  drop: { args: { account: number; group: string; alias: string }; reply: undefined };
  join_group: { args: { account: number; group: string }; reply: undefined };
  threads: { args: { account?: number; with?: string; before_ms?: number; before?: number; limit?: number }; reply: ThreadRow[] };
  thread: { args: { thread: number; at?: Place; limit?: number }; reply: Thread };
  mark_read: { args: { thread: number; messages?: number[] }; reply: undefined };
  save_draft: {
    args: {
      draft?: number;
      account: number;
      thread?: number;
      to: string[];
      subject: string;
      text: string;
      version: number;
      leaving?: boolean;
    };
    reply: Draft;
  };
  readers: { args: { thread: number }; reply: Readers };
  strike: { args: { thread: number; uid: string }; reply: undefined };
  readmit: { args: { thread: number; uid: string }; reply: undefined };
  take_in: { args: { thread: number }; reply: Thread };
  /** A page, the last begun first; it is empty behind the last. */
  drafts: { args: { account?: number; before?: number }; reply: Draft[] };
  drop_draft: { args: { draft: number; version?: number }; reply: undefined };
  detach: { args: { draft: number; attachment: number }; reply: Draft };
  send: { args: { draft: number; version?: number; hold_ms?: number }; reply: Message };
  send_now: { args: { message: number }; reply: Message };
  retry: { args: { message: number }; reply: Message };
  unsend: { args: { message: number }; reply: Draft };
  forward: { args: { thread: number; to: string[]; timeout_ms: number }; reply: ForwardState };
  browsers: { args: object; reply: Browser[] };
  revoke_browser: { args: { browser: number }; reply: undefined };
  preview: { args: { text: string }; reply: string };
  search: { args: { account?: number; words: string; limit?: number }; reply: SearchHit[] };
}

export type Event =
  | { event: "account"; account: Account }
  | { event: "account_gone"; account: number }
  | { event: "contact_gone"; account: number; uid: string }
  | { event: "thread"; thread: ThreadRow }
  | { event: "message"; message: Message }
  | { event: "message_gone"; thread: number; message: number }
  | { event: "thread_gone"; account: number; thread: number }
  | { event: "progress"; thread: number; message: number; state: MessageState }
  | { event: "ping"; ping: Ping }
  | { event: "contact"; contact: Contact }
  | { event: "group"; group: Group }
  | { event: "draft"; draft: Draft }
  | { event: "draft_gone"; account: number; draft: number }
  | { event: "lagged" };

// Records as the engine tells of them, typed by its own types: whatever a test says nothing of is unremarkable.
import type { Account, Attachment, Contact, Draft, Message, Party, Ping, State, Thread, ThreadRow } from "../src/lib/api";

export const ACCOUNT = 1;
export const THREAD = 10;

export const me: Party = { uid: "uid-me", alias: "member-me", kind: "me" };
export const anna: Party = { uid: "uid-anna", alias: "anna-example", kind: "contact" };

export const account = (some: Partial<Account> = {}): Account => ({
  id: ACCOUNT,
  service: "Example",
  name: "Example",
  joined_as: null,
  address: "=example.org:5080",
  fingerprint: "ab".repeat(32),
  uid: me.uid,
  alias: me.alias,
  aliases: [me.alias],
  device: "laptop",
  link: { state: "online", since_ms: 0 },
  unread: 0,
  pings: 0,
  queued: 0,
  presence: null,
  presence_chosen: true,
  linked_ms: 0,
  held: null,
  tags: [],
  searches: [],
  ...some,
});

export const state = (some: Partial<State> = {}): State => ({ accounts: [account()], version: "0.0.0", damaged: false, copied: false, ...some });

export const row = (some: Partial<ThreadRow> = {}): ThreadRow => ({
  id: THREAD,
  account: ACCOUNT,
  subject: "Roof",
  begun_elsewhere: false,
  parties: [me, anna],
  readers: 2,
  last_from: anna,
  last_at_ms: 1000,
  snippet: "It leaks",
  count: 1,
  unread: 0,
  attachments: false,
  state: null,
  may_reply: { state: "yes" },
  belongs_to: null,
  archived: false,
  trashed_ms: null,
  muted: false,
  pinned: false,
  starred: false,
  stars: 0,
  tags: [],
  person_key: "",
  subject_key: "",
  ...some,
});

export const message = (id: number, some: Partial<Message> = {}): Message => ({
  id,
  thread: THREAD,
  account: ACCOUNT,
  msgid: null,
  from: anna,
  forwarded: null,
  at_ms: id * 1000,
  subject: "",
  text: `text ${id}`,
  html: `<p>text ${id}</p>`,
  cut: false,
  attachments: [],
  lost_files: [],
  left_out: [],
  more_left_out: 0,
  state: { state: "received" },
  unread: false,
  starred: false,
  trashed_ms: null,
  ...some,
});

/** A letter of the member's own. */
export const ours = (id: number, state: Message["state"], some: Partial<Message> = {}): Message => message(id, { from: me, state, ...some });

export const page = (messages: Message[], some: Partial<Thread> = {}): Thread => ({
  row: row({ count: messages.length, unread: messages.filter((m) => m.unread).length }),
  messages,
  older: false,
  newer: false,
  draft: null,
  ...some,
});

export const draft = (some: Partial<Draft> = {}): Draft => ({
  id: 5,
  account: ACCOUNT,
  thread: THREAD,
  to: [],
  subject: "",
  text: "begun",
  attachments: [],
  updated_ms: 0,
  version: 1,
  ...some,
});

export const attachment = (id: number, name: string): Attachment => ({
  id,
  name,
  wire_name: null,
  size: 3,
  form: null,
  picture: null,
  inline: false,
});

export const ping = (id: number, some: Partial<Ping> = {}): Ping => ({
  id,
  account: ACCOUNT,
  service: "Example",
  incoming: true,
  from: anna.alias,
  from_uid: anna.uid,
  to: me.alias,
  mark: null,
  text: "hello",
  group: null,
  at_ms: id * 1000,
  state: { state: "waiting" },
  ...some,
});

export const contact = (some: Partial<Contact> = {}): Contact => ({
  account: ACCOUNT,
  uid: anna.uid,
  alias: anna.alias,
  mark: null,
  online: false,
  since_ms: 0,
  presence: null,
  ...some,
});

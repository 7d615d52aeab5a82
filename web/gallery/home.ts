// A home with one of everything that the components of the gallery can show.
import type { Message, Party } from "../src/lib/api";
import { store } from "../src/lib/store.svelte";
import * as records from "../unit/records";

/** The moment at which the gallery stands still: a Saturday at noon. */
export const NOW = Date.UTC(2026, 10, 28, 12);
export const at = (minutesAgo: number): number => NOW - minutesAgo * 60_000;

export const me: Party = { uid: "uid-ada", alias: "Ada Lovelace", kind: "me" };
export const BJORN: Party = { uid: "uid-bjorn", alias: "Björn Berg", kind: "contact" };
export const CHLOE: Party = { uid: "uid-chloe", alias: "Chloé Dubois", kind: "contact" };
export const HART: Party = { uid: "uid-hart", alias: "فاطمة المنصوري", kind: "contact" };
export const STRANGER: Party = { uid: "uid-ivan", alias: "Ivan Petrov", kind: "stranger" };
export const CLAIMED: Party = { uid: "uid-eve", alias: "Eve", kind: "claimed" };
export const CREW: Party = { uid: "Regatta Crew", alias: "Regatta Crew", kind: "group" };

export const account = records.account({ service: "Harbour Rowing Club", name: "Harbour Rowing Club", uid: me.uid, alias: me.alias, aliases: [me.alias], link: { state: "online", since_ms: at(200) }, linked_ms: at(200), unread: 4, pings: 1 });
export const other = records.account({ id: 2, service: "City Library", name: "City Library", uid: "uid-ada-2", alias: "ada.l", aliases: ["ada.l"], link: { state: "offline", error: "The service is not reached.", retry_at_ms: NOW }, linked_ms: at(118), unread: 120 });

export const row = (id: number, some: Parameters<typeof records.row>[0] = {}): ReturnType<typeof records.row> =>
  records.row({ id, subject: "Boats for Saturday", parties: [me, BJORN], last_from: BJORN, last_at_ms: at(35), snippet: "The two eights are in the yard, the rest comes by lorry", ...some });

export const message = (id: number, some: Partial<Message> = {}): Message => records.message(id, { from: BJORN, at_ms: at(60 - id), text: "See you at the yard.", html: "<p>See you at the yard.</p>", ...some });

const file = { size: 1_234_567, form: null, wire_name: null, picture: null, inline: false };
export const FILES = [
  { ...file, id: 1, name: "start list.pdf" },
  { ...file, id: 2, name: "results 2026.xlsx", size: 34_000 },
];

/** Fills the page's cache. */
export function fill(): void {
  store.accounts = [account, other];
  store.version = "1.0.0";
  store.ready = true;
  store.threads = [row(1)];
  store.contacts = [
    records.contact({ uid: BJORN.uid, alias: BJORN.alias, online: true }),
    records.contact({ uid: CHLOE.uid, alias: CHLOE.alias }),
  ];
  const ping = { from: "Ivan Petrov", from_uid: STRANGER.uid, to: me.alias, text: "We met at the regatta in Kiel. May I write to you?" };
  const mine = { incoming: false, from: me.alias, from_uid: me.uid };
  store.pings = [
    records.ping(9, { ...ping, at_ms: at(5) }),
    records.ping(8, { ...ping, from: "Harald", from_uid: "uid-harald", group: CREW.uid, text: "Come in", at_ms: at(90) }),
    records.ping(7, { ...mine, to: "Zoë", text: "", at_ms: at(300) }),
    records.ping(6, { ...mine, to: "Nobody", text: "Hello?", at_ms: at(900), state: { state: "failed", error: "Nobody is called so." } }),
  ];
  store.groups = [
    { account: 1, gid: CREW.uid, standing: "joined", whole: true, empty: false, alias: me.alias, known: 3, joined: 2, members: [{ alias: me.alias, standing: "joined" }, { alias: BJORN.alias, standing: "joined" }, { alias: CHLOE.alias, standing: "invited" }] },
    { account: 1, gid: "Old Boats", standing: "left", whole: false, empty: false, alias: me.alias, known: 1, joined: 1, members: [] },
  ];
  store.drafts = [
    records.draft({ id: 5, thread: 4, text: "I could bring the", updated_ms: at(15) }),
    records.draft({ id: 6, thread: null, to: [CHLOE.alias], subject: "Summer fair", text: "Dear Chloé,", updated_ms: at(2000), attachments: FILES }),
  ];
}

// Turning records into words and marks: names, times, sizes, the hue of a service.
import type { Account, Attachment, Contact, Group, Party, ThreadRow } from "./api";
import { t } from "./strings";

const DAY_MS = 86_400_000;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const dayMonth = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dayMonthYear = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

/** Short time for lists: the clock today, the weekday this week, the date before. */
export function when(ms: number, now = Date.now()): string {
  const date = new Date(ms);
  const today = new Date(now);
  if (date.toDateString() === today.toDateString()) return clock.format(date);
  if (now - ms < 6 * DAY_MS && ms < now) return weekday.format(date);
  if (date.getFullYear() === today.getFullYear()) return dayMonth.format(date);
  return dayMonthYear.format(date);
}

/** Time of day with the date in front unless it is today's. */
export function whenExact(ms: number, now = Date.now()): string {
  const date = new Date(ms);
  const time = clock.format(date);
  return date.toDateString() === new Date(now).toDateString() ? time : `${when(ms, now)}, ${time}`;
}

/** Date and time in full, for titles. */
export const whenFull = (ms: number): string => full.format(new Date(ms));

/** `YYYY-MM-DDThh:mm` for the `datetime` attribute. */
export const iso = (ms: number): string => new Date(ms).toISOString();

/** A size for people: 940 B, 12 kB, 3.4 MB. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** What a person is called on screen. */
export function partyName(party: Party): string {
  if (party.kind === "me") return t.names.me;
  return party.alias || nameless(party.uid);
}

/** The name of a member of whom only the permanent id is known. */
export const nameless = (uid: string): string => t.names.nameless(uid.slice(0, 6));

/** Who a thread is with: everyone but the member. */
export function threadNames(row: ThreadRow): string[] {
  const groups = row.parties.filter((party) => party.kind === "group");
  const people = row.parties.filter((party) => party.kind === "contact" || party.kind === "stranger");
  const others = [...groups, ...people].map(partyName);
  return others.length > 0 ? others : [t.names.noteToSelf];
}

/** First letter (grapheme) of a name, for badges. */
export function initial(name: string): string {
  const letters = [...name.trim()].filter((c) => /[\p{L}\p{N}]/u.test(c));
  return (letters[0] ?? "?").toLocaleUpperCase();
}

function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  }
  h ^= h >>> 15;
  return Math.imul(h, 0x2c1b3c6d) >>> 0;
}

/** A stable hue, 0..360, for the badge of a person or group. */
export const hueOf = (id: string): number => (hash(id) % 24) * 15;

/** The hue of a service, the same every day; green to magenta, since red and amber are kept for what went wrong. */
export const placeHue = (account: Account): number => 120 + (hash(account.service + account.address) % 16) * 15;

/**
 * Whether a name mixes scripts that share letter shapes (Latin, Cyrillic, Greek …), which is how
 * one name is made to look like another.
 */
export function looksAlike(name: string): boolean {
  const scripts = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u, /\p{Script=Armenian}/u, /\p{Script=Cherokee}/u];
  return scripts.filter((script) => script.test(name)).length > 1;
}

/** Whether the app will show the file as a picture. */
export const isPicture = (file: Attachment): boolean => /\.(png|jpe?g|gif|webp)$/i.test(file.name);

/** Total size of files. */
export const totalSize = (files: Attachment[]): number => files.reduce((sum, f) => sum + f.size, 0);

/** Names that a letter can be addressed to, of one account. */
export function addressees(account: number, contacts: Contact[], groups: Group[]): Addressee[] {
  return [
    ...contacts
      .filter((c) => c.account === account && c.alias)
      .map((c) => ({ name: c.alias, kind: "contact" as const, online: c.online })),
    ...groups
      .filter((g) => g.account === account && g.standing === "joined")
      .map((g) => ({ name: g.gid, kind: "group" as const, online: false })),
  ];
}

/** Somebody or something a letter can go to. */
export interface Addressee {
  name: string;
  kind: "contact" | "group";
  online: boolean;
}

/** Case- and accent-insensitive "contains", for completing and filtering names. */
export function contains(text: string, part: string): boolean {
  return fold(text).includes(fold(part));
}

const fold = (text: string): string =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();

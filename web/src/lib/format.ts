// Formatting of records for the screen: names, times, sizes.
import type { Account, Attachment, Party, ThreadRow } from "./api";
import { t } from "./strings";

const DAY_MS = 86_400_000;

/** The pages speak English, so dates and numbers do, in the manner of the reader's country if its
    language is English too. */
const LOCALE = navigator.languages.find((language) => /^en\b/i.test(language)) ?? "en-GB";

/** Farthest time that the clock of a page knows, milliseconds. */
const TIME_MAX = 8.64e15;

const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(LOCALE, { weekday: "short" });
const dayMonth = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short" });
const dayMonthYear = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium" });
const longDay = new Intl.DateTimeFormat(LOCALE, { weekday: "long", day: "numeric", month: "long" });
const longDayYear = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full" });
const full = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full", timeStyle: "short" });

/** The date of a time, whatever number a service has given for it. */
const dateOf = (ms: number): Date => new Date(Math.min(Math.max(ms, -TIME_MAX), TIME_MAX));

/** Short time for lists: the clock today, the weekday this week, the date before. */
export function when(ms: number, now = Date.now()): string {
  const date = dateOf(ms);
  const today = new Date(now);
  if (date.toDateString() === today.toDateString()) return clock.format(date);
  if (now - ms < 6 * DAY_MS && ms < now) return weekday.format(date);
  if (date.getFullYear() === today.getFullYear()) return dayMonth.format(date);
  return dayMonthYear.format(date);
}

/** Time of day with the date in front unless it is today's. */
export function whenExact(ms: number, now = Date.now()): string {
  const date = dateOf(ms);
  const time = clock.format(date);
  return date.toDateString() === new Date(now).toDateString() ? time : `${when(ms, now)}, ${time}`;
}

/** The day of a time, for the line above its messages. */
export function whenDay(ms: number, now = Date.now()): string {
  const date = dateOf(ms);
  const today = new Date(now);
  if (date.toDateString() === today.toDateString()) return t.days.today;
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (date.toDateString() === yesterday.toDateString()) return t.days.yesterday;
  return (date.getFullYear() === today.getFullYear() ? longDay : longDayYear).format(date);
}

/** Time of day. */
export const whenClock = (ms: number): string => clock.format(dateOf(ms));

/** Date and time in full, for titles. */
export const whenFull = (ms: number): string => full.format(dateOf(ms));

/** `YYYY-MM-DDThh:mm` for the `datetime` attribute. */
export const iso = (ms: number): string => dateOf(ms).toISOString();

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

/** The name whose letter stands for somebody: for the member, too, it is their alias. */
export const faceName = (party: Party): string => (party.kind === "me" && party.alias ? party.alias : partyName(party));

/** The name of a member of whom only the permanent id is known. */
export const nameless = (uid: string): string => t.names.nameless(uid.slice(0, 6));

/** The first word of somebody's name, where there is no room for all of it. */
export function firstName(party: Party): string {
  const name = partyName(party);
  const first = /^\p{L}{2,}(?=\s)/u.exec(name)?.[0];
  return party.kind === "me" || !party.alias ? name : (first ?? name);
}

/** Who a thread is with: everyone but the member. */
export function threadNames(row: ThreadRow): string[] {
  const groups = row.parties.filter((party) => party.kind === "group");
  const people = row.parties.filter((party) => party.kind === "contact" || party.kind === "stranger");
  const others = [...groups, ...people].map(partyName);
  if (others.length > 0) return others;
  const { state } = row.may_reply;
  switch (state) {
    case "struck":
      return [t.names.allStruck];
    case "nobody":
      return [t.names.unknownReaders];
    case "service":
      return [partyName(row.last_from)];
    case "yes":
    case "others":
    case "oneself":
    case "left_group":
    case "removed_from_group":
    case "empty_group":
      return [t.names.noteToSelf];
    default:
      return state satisfies never;
  }
}

/** What a thread is about, or why that is not known. */
export const threadSubject = (row: ThreadRow | undefined): string => row?.subject || (row?.begun_elsewhere ? t.list.begunElsewhere : t.list.noSubject);

/** First letter (grapheme) of a name, for badges. */
export function initial(name: string): string {
  const letters = [...name.trim()].filter((c) => /[\p{L}\p{N}]/u.test(c));
  return (letters[0] ?? "?").toLocaleUpperCase();
}

/** Whether another account's service is called alike, so that the place of this one stands behind its name. */
export const isToldApart = (account: Account): boolean => account.service !== account.name;

/**
 * Whether a name mixes scripts that share letter shapes (Latin, Cyrillic, Greek …), which is how
 * one name is made to look like another.
 */
export function looksAlike(name: string): boolean {
  const scripts = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u, /\p{Script=Armenian}/u, /\p{Script=Cherokee}/u];
  return scripts.filter((script) => script.test(name)).length > 1;
}

/** Pictures of one letter that are shown, and their points together: each is unpacked. */
const PICTURES_MAX = 60;
const POINTS_MAX = 300e6;

/** The pictures of a letter that are shown in it. */
export function shownPictures(files: Attachment[]): Attachment[] {
  let points = 0;
  return files
    .filter((file) => file.inline)
    .filter((file) => (points += file.picture ? file.picture.width * file.picture.height : 0) <= POINTS_MAX)
    .slice(0, PICTURES_MAX);
}

const WIDTH_MAX = 420;
const HEIGHT_MAX = 320;

/** The width at which a picture fits; with its proportion, it has its place before it is loaded. */
export function pictureWidth(size: { width: number; height: number }): number {
  return Math.max(1, Math.round(size.width * Math.min(1, WIDTH_MAX / size.width, HEIGHT_MAX / size.height)));
}

/** A number of things, grouped by thousands. */
export const count = (n: number): string => n.toLocaleString(LOCALE);

/** Total size of files. */
export const totalSize = (files: Attachment[]): number => files.reduce((sum, f) => sum + f.size, 0);

/** Case- and accent-insensitive "contains", for completing and filtering names. */
export function contains(text: string, part: string): boolean {
  return fold(text).includes(fold(part));
}

/** Whether a name begins so, in any case and with any accents. */
export function begins(text: string, part: string): boolean {
  return fold(text).startsWith(fold(part));
}

/** A text without case and accents, for comparing. */
export const fold = (text: string): string =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();

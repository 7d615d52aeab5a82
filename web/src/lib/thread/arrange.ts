// The arrangement of messages in a thread: where a day begins, who goes on, and which letters are folded.
import type { Message } from "../api";

/** Within so much an author's next bubble belongs to the same run. */
const RUN_MS = 5 * 60_000;
/** Within so much an author's next letter needs no head. */
const LETTER_MS = 60 * 60_000;

/** How a message stands to those around it. */
export interface Placed {
  message: Message;
  /** A line with its date stands above it. */
  newDay: boolean;
  /** It begins a run: its author is named. */
  begins: boolean;
  /** It ends a run: its time is shown. */
  ends: boolean;
}

const day = (message: Message): string => new Date(message.at_ms).toDateString();

/** Whether a message has more to say than its text: what stands out begins and ends its run. */
const standsOut = ({ forwarded, left_out, lost_files, state, trashed_ms }: Message): boolean =>
  trashed_ms != null || forwarded !== null || left_out.length > 0 || lost_files.length > 0 || state.state === "failed" || state.state === "queued";

/** Arranges messages, oldest first. `subject` is what the thread was about before the first of them; above
    `firstNew` stands the mark of what is new. What stands as it did `before` is the same object, and need not be drawn
    again. */
export function arrange(messages: readonly Message[], chat: boolean, subject: string, firstNew: number, before: readonly Placed[] = []): Placed[] {
  const known = new Map(before.map((one) => [one.message, one]));
  return placedAmong(messages, chat, subject, firstNew).map((one) => {
    const same = known.get(one.message);
    return same?.newDay === one.newDay && same.begins === one.begins && same.ends === one.ends ? same : one;
  });
}

function placedAmong(messages: readonly Message[], chat: boolean, subject: string, firstNew: number): Placed[] {
  const placed: Placed[] = [];
  for (const message of messages) {
    const before = placed.at(-1);
    const newDay = !before || day(before.message) !== day(message);
    const other = before?.message;
    const goesOn =
      other !== undefined &&
      !newDay &&
      message.id !== firstNew &&
      other.from.uid === message.from.uid &&
      other.from.alias === message.from.alias &&
      message.at_ms - other.at_ms < (chat ? RUN_MS : LETTER_MS) &&
      (message.subject === "" || message.subject === (other.subject || subject)) &&
      !standsOut(other) &&
      !standsOut(message);
    if (before) before.ends = !goesOn;
    placed.push({ message, newDay, begins: !goesOn, ends: true });
  }
  return placed;
}

/** Letters that are folded into a line when a thread is opened: those that are read, but for the newest. */
export function foldedAtFirst(messages: readonly Message[], atEnd: boolean): Set<number> {
  const older = atEnd ? messages.slice(0, -1) : messages;
  return new Set(older.filter((m) => !m.unread && (m.state.state === "received" || m.state.state === "sent") && m.forwarded === null).map((m) => m.id));
}

/** The beginning of a text, from its sanitised HTML. */
export function beginning(html: string): string {
  const apart = html.slice(0, 2000).replace(/<(\/(p|li|h\d|t[dh]|pre|blockquote|small)|br)\b[^>]*>/g, "$& ");
  const text = new DOMParser().parseFromString(apart, "text/html").body.textContent ?? "";
  return text.replace(/\s+/g, " ").trim().slice(0, 200);
}

const graphemes = new Intl.Segmenter();

/** Whether a text is nothing but one to three emoji. */
export function isEmojiOnly(text: string): boolean {
  const trimmed = text.trim();
  if (trimmed.length === 0 || trimmed.length > 60) return false;
  const parts = [...graphemes.segment(trimmed)].map(({ segment }) => segment).filter((part) => part.trim() !== "");
  return parts.length <= 3 && parts.every((part) => /^\p{Emoji_Presentation}|^\p{Emoji}\uFE0F/u.test(part));
}

// Registry of message actions: what the menu of a message offers, and the quote that its first button begins.
import type { IconName } from "../../components/parts/Icon.svelte";
import type { Message } from "../api";
import { canDelete, messageMarks } from "../messagemark.svelte";
import { href } from "../route.svelte";
import { store } from "../store.svelte";
import { t } from "../strings";
import { insert, quoted } from "../write/markup";
import { ask } from "./action";

export interface MessageAction {
  id: string;
  /** What it does with this message, as the menu says it. */
  name: (message: Message) => string;
  icon: IconName | ((message: Message) => IconName);
  /** The action of the page that does the same, whose key is shown. */
  key?: string;
  /** Whether it can be done with this message; always when it does not say. */
  available?: (message: Message) => boolean;
  run: (message: Message) => void | Promise<void>;
}

/** Longest quote, letters. */
const QUOTE_MAX = 2000;

/** What the menu of a message offers, in its order. */
export const MESSAGE_ACTIONS: readonly MessageAction[] = [
  { id: "star", name: ({ starred }) => (starred ? t.message.unstar : t.message.star), icon: "star", run: (message) => messageMarks.star(message) },
  { id: "forward", name: () => t.message.forward, icon: "forward", key: "forward", run: () => void ask("forward") },
  { id: "copy-text", name: () => t.message.copyText, icon: "copy", available: (message) => message.text !== "", run: (message) => copy(message.text) },
  { id: "copy-link", name: () => t.message.copyLink, icon: "link", run: (message) => copy(`${location.origin}/${href(message.account, "letters", message.thread, message.id)}`) },
  { id: "print", name: () => t.message.print, icon: "printer", run: (message) => void ask("print", message.id) },
  { id: "delete", name: () => t.message.delete, icon: "trash", available: canDelete, run: (message) => messageMarks.ask(message) },
];

/** Whether the open thread takes a reply. */
export function canReply(): boolean {
  const state = store.thread?.row.may_reply.state;
  return state === "yes" || state === "others" || state === "oneself";
}

/** Puts a message as a quote behind what is written already. */
export function replyWithQuote(message: Message): void {
  const area = document.querySelector<HTMLTextAreaElement>("[data-key='reply']");
  if (!area) return;
  const quote = quoted(message.text.length > QUOTE_MAX ? `${message.text.slice(0, QUOTE_MAX)}…` : message.text);
  const written = area.value.trimEnd();
  area.focus();
  insert(area, `${written ? "\n\n" : ""}${quote}\n\n`, written.length, area.value.length);
  area.scrollTop = area.scrollHeight;
}

async function copy(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  store.announcement = t.link_dialog.copied;
}

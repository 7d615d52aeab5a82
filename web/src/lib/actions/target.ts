// Targets of the palette: services, threads, people, groups, and the actions that can be done here.
import { partyName, threadNames } from "../format";
import { href, router } from "../route.svelte";
import { store } from "../store.svelte";
import { apart, listed, t } from "../strings";
import { goToList, searchAgain } from "./account";
import type { Action } from "./action";
import { bindings } from "./bindings.svelte";
import { best, type Names } from "./match";
import { accountHere } from "./place";
import { ACTIONS } from "./registry";

export interface Target extends Names {
  id: string;
  /** What it is, or where. */
  about: string;
  icon: "letters" | "people" | "group" | "place" | "search" | "tag" | "bolt";
  /** The key that does the same. */
  key: string;
  run: () => void;
}

/** Most that are shown at once. */
export const SHOWN_MAX = 8;
const RECENT_MAX = 12;

/** What was chosen or opened last, newest first. */
let recent: string[] = [];

function note(id: string): void {
  recent = [id, ...recent.filter((one) => one !== id)].slice(0, RECENT_MAX);
}

/** Remembers what is opened, so that an empty palette offers it. */
export function rememberRecent(): void {
  const read = (): void => {
    const { page, item, section } = router.now;
    if (page === "account" && item && /^(letters|people|groups)$/.test(section) && !item.startsWith("new")) note(location.hash.split("/").slice(0, 4).join("/"));
  };
  addEventListener("hashchange", read);
  read();
}

const goes = (to: string, name: string, about: string, icon: Target["icon"]): Target => ({ id: to, name, about, icon, key: "", run: () => router.go(to) });

const doing = (action: Action): Target => ({ id: action.id, name: action.name, also: t.palette.also[action.id] ?? [], about: action.about ?? "", icon: "bolt", key: bindings.of(action.id)[0] ?? "", run: () => void action.run() });

function all(): Target[] {
  const several = store.accounts.length > 1;
  const where = (account: number): string => (several ? apart(store.account(account)?.service ?? "") : "");
  const about = (words: string, account: number): string => [words, where(account)].filter(Boolean).join(" · ");
  return [
    ...ACTIONS.filter((action) => !action.moves && action.available?.() !== false).map(doing),
    ...store.accounts.map((account, n) => ({ ...goes(href(account.id), account.service, t.palette.service, "place"), key: bindings.of(`service-${n + 1}`)[0] ?? "" })),
    ...ofAccount(),
    ...store.contacts.map((contact) => goes(href(contact.account, "people", contact.uid), partyName({ ...contact, kind: "contact" }), about(t.palette.person, contact.account), "people")),
    ...store.groups.map((group) => goes(href(group.account, "groups", group.gid), group.gid, about(t.marks.group, group.account), "group")),
    ...store.threads.filter((row) => row.trashed_ms == null).map((row) => goes(href(row.account, "letters", row.id), row.subject || listed(threadNames(row)), about(row.subject ? listed(threadNames(row)) : t.thread.chat, row.account), "letters")),
  ];
}

/** Tags and kept searches of the account that is shown. */
function ofAccount(): Target[] {
  const account = store.account(accountHere() ?? 0);
  if (!account) return [];
  return [
    ...(account.tags ?? []).map((tag): Target => ({ id: `tag-${tag.id}`, name: tag.name, also: t.palette.also["tags"] ?? [], about: t.palette.tag, icon: "tag", key: "", run: () => goToList(`tag:${tag.id}`) })),
    ...(account.searches ?? []).map((one): Target => ({ id: `search-${one.id}`, name: one.name, also: t.palette.searchAlso, about: t.palette.search, icon: "search", key: "", run: () => searchAgain(account.id, one.words) })),
  ];
}

/** What is offered for what was typed; with nothing typed, what was used last and then what is newest. */
export function targets(typed: string): Target[] {
  const found = all();
  if (typed.trim() !== "") return best(typed, found, SHOWN_MAX);
  const known = new Map(found.map((target) => [target.id, target]));
  const used = recent.filter((id) => id !== location.hash).flatMap((id) => known.get(id) ?? []);
  const newest = found.filter((target) => target.icon === "letters" && target.id !== location.hash);
  return [...new Set([...used, ...newest, ...found])].slice(0, SHOWN_MAX);
}

export function choose(target: Target): void {
  note(target.id);
  target.run();
}

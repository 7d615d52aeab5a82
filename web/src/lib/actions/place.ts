// Places of the app by their addresses: where an action goes, and where the member is.
import type { ThreadRow } from "../api";
import { href, router, type Section } from "../route.svelte";
import { search } from "../search.svelte";
import { store } from "../store.svelte";
import { isIn } from "../threadlists.svelte";

/** The account whose place is shown, otherwise the first. */
export function accountHere(): number | undefined {
  const { page, account } = router.now;
  return page === "account" ? account : store.accounts[0]?.id;
}

export function goTo(section: Section, item: string | number = ""): boolean {
  const account = accountHere();
  if (account) router.go(href(account, section, item));
  return account !== undefined;
}

export function goToAccount(index: number): boolean {
  const account = store.accounts[index];
  if (account) router.go(href(account.id));
  return account !== undefined;
}

/** Goes from an open item to its list. */
export function goUp(): boolean {
  const { page, account, section, item } = router.now;
  if (page !== "account" || (!item && section !== "service")) return false;
  router.go(href(account, section === "service" ? "letters" : section));
  return true;
}

/** The rows of the list that is shown. */
const listHere = (account: number | undefined): ThreadRow[] => (account === undefined ? [] : store.listed(account, store.lists.view(account)));

/** A thread that is listed, and where its row leads. */
interface Listed {
  thread: number;
  to: string;
}

/** The threads that are listed: of the list that is shown, or of what was found, each once. */
function shownHere(): Listed[] {
  if (!search.active) return listHere(accountHere()).map((row) => ({ thread: row.id, to: href(row.account, "letters", row.id) }));
  const hits = search.hits.filter((hit, at) => search.hits.findIndex(({ thread }) => thread === hit.thread) === at);
  return hits.map((hit) => ({ thread: hit.thread, to: href(hit.account, "letters", hit.thread, hit.message) }));
}

/** Where the thread is that comes after one in what is listed; the one before it where it is the last. */
export function besideThread(thread: number): string | undefined {
  const rows = shownHere();
  const at = rows.findIndex((row) => row.thread === thread);
  return at < 0 ? undefined : (rows[at + 1] ?? rows[at - 1])?.to;
}

/** Goes to the thread that stands so many rows away from the open one in what is listed. */
export function goToThread(by: number): boolean {
  const rows = shownHere();
  const open = rows.findIndex((row) => String(row.thread) === router.now.item && router.now.section === "letters");
  const next = rows[open < 0 ? 0 : open + by];
  if (next) router.go(next.to);
  return next !== undefined;
}

/** Goes to the next thread with something unread: below the open one, then from the top, then of other services. */
export function goToUnread(): boolean {
  const account = accountHere();
  const rows = listHere(account);
  const open = rows.findIndex((row) => String(row.id) === router.now.item && router.now.section === "letters");
  const inOrder = [...rows.slice(open + 1), ...rows.slice(0, open + 1), ...store.threads.filter((row) => row.account !== account)];
  const next = inOrder.find((row) => row.unread > 0 && !row.muted && isIn("inbox", row));
  if (next) router.go(href(next.account, "letters", next.id));
  return next !== undefined;
}

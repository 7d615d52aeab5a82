// What the palette does with the account that is shown: its lists, its alias, its connection, a further device.
import { command, problem } from "../connection/transport";
import { href, router } from "../route.svelte";
import { search } from "../search.svelte";
import { store } from "../store.svelte";
import { apart, t } from "../strings";
import type { ListName } from "../threadlists.svelte";
import { accountHere, goTo } from "./place";

/** Shows a list of threads. */
export function goToList(list: ListName): boolean {
  const account = accountHere();
  if (account === undefined) return false;
  search.clear();
  store.lists.show(account, list);
  return goTo("letters");
}

/** Searches by words that were kept. */
export function searchAgain(account: number, words: string): void {
  router.go(href(account));
  search.type(words);
}

export const hasAlias = (): boolean => Boolean(store.account(accountHere() ?? 0)?.alias);

/** Copies the alias by which others find the member here. */
export function copyAlias(): boolean {
  const alias = store.account(accountHere() ?? 0)?.alias;
  if (!alias) return false;
  navigator.clipboard.writeText(alias).then(
    () => (store.announcement = t.palette.copied(alias)),
    () => (store.announcement = t.palette.notCopied),
  );
  return true;
}

/** Tries at once to reach the service; the place bar tells how it went. */
export function reconnect(): boolean {
  const account = store.account(accountHere() ?? 0);
  if (!account) return false;
  command("reconnect", { account: account.id }).then(
    () => (store.announcement = t.palette.reconnecting(apart(account.service))),
    (caught: unknown) => (store.announcement = problem(caught)),
  );
  return true;
}

// Names of a thread in lists: a group stands for its members, who are not named beside it.
import type { ThreadRow } from "../api";
import { partyName, threadNames } from "../format";
import { store } from "../store.svelte";

/** Who a thread is with, as its row says it. */
export function rowNames(row: ThreadRow): string[] {
  const groups = row.parties.filter((party) => party.kind === "group");
  if (groups.length === 0) return threadNames(row);
  const members = new Set(
    store.groups
      .filter((group) => group.account === row.account && groups.some(({ uid }) => uid === group.gid))
      .flatMap((group) => group.members)
      .filter(({ standing }) => standing === "joined")
      .map(({ alias }) => alias),
  );
  const beside = row.parties.filter((party) => (party.kind === "contact" || party.kind === "stranger") && !members.has(party.alias));
  return [...groups, ...beside].map(partyName);
}

// Grouping of pings by person: one row for each, however many pings passed both ways. Invitations to a group have
// rows of their own.
import type { Ping } from "./api";

/** The pings that have passed between the member and one person. */
export interface PersonPings {
  /** The one that waits for the member, else the one that did not leave, else the one that began it. */
  shown: Ping;
  /** All, oldest first. */
  all: Ping[];
}

export const isWaiting = (ping: Ping): boolean => ping.incoming && ping.state.state === "waiting";

/** Pings of one account by person, those that wait first, then as given. `uidOf` knows the address book. */
export function byPerson(pings: Ping[], uidOf: (alias: string) => string): PersonPings[] {
  // Who has pinged the member is known by the alias they did it under.
  const uids = new Map(pings.filter((ping) => ping.incoming).map((ping) => [ping.from, ping.from_uid]));
  const people = new Map<string, Ping[]>();
  for (const ping of pings) {
    const alias = ping.incoming ? ping.from : ping.to;
    const known = uidOf(alias);
    const uid = ping.incoming ? ping.from_uid : known === alias ? (uids.get(alias) ?? alias) : known;
    const key = JSON.stringify([uid, ping.group]);
    people.set(key, [...(people.get(key) ?? []), ping]);
  }
  const rows = [...people.values()].map((some) => {
    const all = some.toSorted((a, b) => a.at_ms - b.at_ms || a.id - b.id);
    const latest = all.toReversed();
    const failed = latest.slice(0, 1).find((ping) => ping.state.state === "failed");
    // Who was reached in the end is not shown by a ping that was refused before.
    const reached = all.find((ping) => ping.state.state !== "failed");
    return { shown: latest.find(isWaiting) ?? failed ?? reached ?? some[0], all };
  }).filter((row): row is PersonPings => row.shown !== undefined);
  return [...rows.filter(({ shown }) => isWaiting(shown)), ...rows.filter(({ shown }) => !isWaiting(shown))];
}

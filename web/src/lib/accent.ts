// Accents of services and of avatars, by the names of `styles/tokens.css`.
import type { Account } from "./api";

/** In the order in which new services take them. */
export const ACCENTS = ["harbour", "ochre", "walnut", "garnet", "slate", "ink-blue", "teal", "violet", "fern", "plum"] as const;
export type Accent = (typeof ACCENTS)[number];

/** The accent of each account. One keeps its own while others come and go; two have the same only if there are more
    accounts than accents. */
export function accentsOf(accounts: readonly Account[]): Map<number, Accent> {
  const accents = new Map<number, Accent>();
  const taken = new Set<Accent>();
  for (const { id } of accounts.toSorted((a, b) => a.id - b.id)) {
    const first = (id - 1) % ACCENTS.length;
    const inOrder = [...ACCENTS.slice(first), ...ACCENTS.slice(0, first)];
    const accent = inOrder.find((one) => !taken.has(one)) ?? inOrder[0] ?? "harbour";
    taken.add(accent);
    accents.set(id, accent);
  }
  return accents;
}

/** The accent of a person's or group's avatar, the same everywhere. */
export function avatarAccent(id: string): Accent {
  return ACCENTS[hash(id) % ACCENTS.length] ?? "harbour";
}

function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h ^= h >>> 15;
  return Math.imul(h, 0x2c1b3c6d) >>> 0;
}

// Recipients: completion in the "To" field, and how a line with names is parsed. A typed name means the one recipient
// of that very name, or nobody.
import type { Contact, Group } from "./api";
import { begins, contains } from "./format";

/** Somebody or something a letter can go to. */
export interface Recipient {
  name: string;
  uid: string;
  kind: "contact" | "group";
  online: boolean;
}

/** Ways to read one line that are offered at most. */
const WAYS_MAX = 8;

/** Names that a letter can be addressed to, of one account. */
export function recipients(account: number, contacts: Contact[], groups: Group[]): Recipient[] {
  return [
    ...contacts
      .filter((c) => c.account === account && c.alias)
      .map((c) => ({ name: c.alias, uid: c.uid, kind: "contact" as const, online: c.online })),
    ...groups
      .filter((g) => g.account === account && g.standing === "joined")
      .map((g) => ({ name: g.gid, uid: g.gid, kind: "group" as const, online: false })),
  ];
}

/** Those with `part` in their name; who begins so comes first. */
export function matching(known: Recipient[], part: string): Recipient[] {
  const ranked = known.filter((one) => contains(one.name, part)).map((one) => ({ one, late: begins(one.name, part) ? 0 : 1 }));
  return ranked.sort((a, b) => a.late - b.late || a.one.name.localeCompare(b.one.name)).map(({ one }) => one);
}

/** What two names have in common that are the same to the reader; the service and the app compare so. */
function keyOf(name: string): string {
  const bare = (text: string): string => text.replace(/\p{Default_Ignorable_Code_Point}/gu, "").normalize("NFKC");
  // Twice, because some fillers have others as their compatibility forms.
  return bare(bare(name)).trim().replace(/\s+/g, " ");
}

const lookOf = (name: string): string => keyOf(name).toLowerCase();

/** How a line is read so far: the names that are done, and what is still typed. */
export interface Line {
  names: string[];
  rest: string;
}

/** The names that are known, and how lines with names are read. */
export class Names {
  /** Whoever is meant must be the only one: as it is written, as it is compared, in any case. */
  readonly #same: ((name: string) => string)[] = [(name) => name, keyOf, lookOf];
  readonly #found: Map<string, Set<string>>[];
  /** Beginnings of names that have commas in them. */
  readonly #parted: string[];
  /** Commas in one name at most. */
  readonly #commas: number;

  constructor(known: string[]) {
    this.#found = this.#same.map((same) => {
      const found = new Map<string, Set<string>>();
      for (const name of known) found.set(same(name), (found.get(same(name)) ?? new Set()).add(name));
      return found;
    });
    this.#parted = known.filter((name) => name.includes(",")).map(lookOf);
    this.#commas = Math.max(0, ...this.#parted.map((name) => name.split(",").length - 1));
  }

  /** The known name that is meant by just what is typed. */
  find(typed: string): string | undefined {
    for (const [at, same] of this.#same.entries()) {
      const found = this.#found[at]?.get(same(typed.trim()));
      if (found) return found.size === 1 ? [...found][0] : undefined;
    }
    return undefined;
  }

  /**
   * The names in a line that parts them by commas. A known name may hold commas itself; of the ways
   * to read the line those count in which the fewest names are unknown. Where there are several, only
   * the member knows.
   */
  ways(line: string): string[][] {
    const pieces = line.split(",");
    /** How what comes behind each piece is read. */
    const behind: { unknown: number; ways: string[][] }[] = [];
    behind[pieces.length] = { unknown: 0, ways: [[]] };
    for (let from = pieces.length - 1; from >= 0; from -= 1) {
      let best = { unknown: Infinity, ways: [] as string[][] };
      for (let to = from + 1; to <= Math.min(pieces.length, from + 1 + this.#commas); to += 1) {
        const typed = pieces.slice(from, to).join(",").trim();
        const name = this.find(typed);
        const rest = behind[to];
        if (!rest || (to > from + 1 && !name)) continue;
        const unknown = rest.unknown + (typed && !name ? 1 : 0);
        const ways = rest.ways.map((way) => (typed ? [name ?? typed, ...way] : way));
        if (unknown < best.unknown) best = { unknown, ways };
        else if (unknown === best.unknown) best.ways = [...best.ways, ...ways].slice(0, WAYS_MAX);
      }
      behind[from] = best;
    }
    return behind[0]?.ways ?? [];
  }

  /** The names of a line that are done. What may still become a longer one is left, and so is what reads in several ways. */
  split(line: string): Line {
    const pieces = line.split(",");
    const may = (at: number): boolean => {
      const begun = lookOf(pieces.slice(at).join(","));
      return this.#parted.some((name) => name.startsWith(begun));
    };
    for (let at = 0; at < pieces.length - 1; at += 1) {
      if (pieces[at]?.trim() && may(at)) return { names: [], rest: line };
    }
    const [way, ...others] = this.ways(pieces.slice(0, -1).join(","));
    if (!way || others.length > 0) return { names: [], rest: line };
    return { names: way, rest: (pieces.at(-1) ?? "").trimStart() };
  }
}

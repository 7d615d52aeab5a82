// Bindings: the keys that each action has, as it comes or as the member has chosen, and what speaks against a choice.
import { prefs } from "../prefs.svelte";
import { t } from "../strings";
import type { Action } from "./action";
import { ACTIONS } from "./registry";

/** Keys that move in every page and list, or that text is edited with. */
const OF_PAGE = ["Enter", "Shift+Enter", "Space", "Backspace", "Delete", "Home", "End", "Ctrl+Enter", "Ctrl+Home", "Ctrl+End"];
const OF_TEXT = ["Ctrl+A", "Ctrl+B", "Ctrl+C", "Ctrl+I", "Ctrl+V", "Ctrl+Shift+V", "Ctrl+X", "Ctrl+Y", "Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+Backspace", "Ctrl+Delete"];
/** Keys that the browser keeps, or that nobody wants to lose. */
const OF_BROWSER = ["F1", "F5", "F10", "F11", "F12", "Ctrl+N", "Ctrl+Q", "Ctrl+R", "Ctrl+T", "Ctrl+W", "Ctrl+Shift+N", "Ctrl+Shift+R", "Ctrl+Shift+T", "Ctrl+Shift+W", "Ctrl++", "Ctrl+-", "Ctrl+0", "Alt+ArrowLeft", "Alt+ArrowRight", "Alt+F4"];
const RESERVED: ReadonlySet<string> = new Set([...OF_PAGE, ...OF_TEXT, ...OF_BROWSER]);

const isReserved = (key: string): boolean => RESERVED.has(key) || /^((Ctrl|Shift)\+)*(Arrow\w+|Tab|Esc|Escape)$/.test(key);

/** Why an action cannot have a key, and the action that would give it away for the other's. */
export interface Objection {
  why: string;
  swap?: Action;
}

const same = (one: readonly string[], other: readonly string[]): boolean => one.length === other.length && one.every((key, n) => key === other[n]);

class Bindings {
  /** Keys of each action: those that were chosen, otherwise those that it comes with and nobody else was given. */
  readonly #keys = $derived.by(() => {
    const chosen = new Map<string, readonly string[]>();
    for (const action of ACTIONS) {
      const keys = prefs.bindings[action.id];
      if (keys && !action.fixed) chosen.set(action.id, keys.filter((key) => !isReserved(key) || action.keys.includes(key)));
    }
    const taken = new Set([...chosen.values()].flat());
    return new Map(ACTIONS.map((action) => [action.id, chosen.get(action.id) ?? action.keys.filter((key) => !taken.has(key))]));
  });

  readonly #actions = $derived(new Map(ACTIONS.flatMap((action) => this.of(action.id).map((key) => [key, action]))));

  /** Keys after which another is waited for. */
  readonly #first = $derived(new Set([...this.#actions.keys()].flatMap((key) => (/^(\S+) /.exec(key) ?? []).slice(1))));

  /** The keys of an action; the first of them is shown where there is room for one. */
  of(id: string): readonly string[] {
    return this.#keys.get(id) ?? [];
  }

  action(key: string): Action | undefined {
    return this.#actions.get(key);
  }

  /** Whether a key begins one of two keys. */
  begins(key: string): boolean {
    return this.#first.has(key);
  }

  isChanged(action: Action): boolean {
    return !same(this.of(action.id), action.keys);
  }

  get anyChanged(): boolean {
    return ACTIONS.some((action) => this.isChanged(action));
  }

  /** What speaks against giving a key to an action; nothing if it is free. */
  objection(action: Action, key: string): Objection | undefined {
    const holder = this.action(key);
    if (holder?.id === action.id) return undefined;
    if (holder?.fixed || (!action.keys.includes(key) && isReserved(key))) return { why: t.bind.reserved(spoken(key)) };
    if (holder) return { why: t.bind.taken(spoken(key), holder.name), swap: holder };
    const longer = [...this.#actions].find(([other]) => other.startsWith(`${key} `));
    return longer && { why: t.bind.begins(spoken(key), spoken(longer[0]), longer[1].name) };
  }

  /** Gives an action these keys instead of its present ones. They must be free. */
  set(action: Action, keys: readonly string[]): void {
    this.#save([[action, keys]]);
  }

  /** Gives an action a key, and its present one to the action that had it. */
  swap(action: Action, key: string, holder: Action): void {
    const [mine] = this.of(action.id);
    const theirs = this.of(holder.id).flatMap((one) => (one === key ? (mine ?? []) : one));
    this.#save([[action, same(theirs, holder.keys) && action.keys.includes(key) ? action.keys : [key]], [holder, theirs]]);
  }

  /** Gives an action the keys that it comes with; what speaks against that, if something does. */
  reset(action: Action): Objection | undefined {
    for (const key of action.keys) {
      const objection = this.objection(action, key);
      if (objection) return objection;
    }
    this.set(action, action.keys);
    return undefined;
  }

  resetAll(): void {
    prefs.setBindings({});
  }

  #save(changes: readonly (readonly [Action, readonly string[]])[]): void {
    const all = { ...prefs.bindings };
    for (const [action, keys] of changes) all[action.id] = keys;
    // What is as it came need not be kept, unless another was given one of its keys.
    const taken = (action: Action): boolean => Object.entries(all).some(([id, keys]) => id !== action.id && keys.some((key) => action.keys.includes(key)));
    for (const action of ACTIONS) if (all[action.id] && same(all[action.id] ?? [], action.keys) && !taken(action)) delete all[action.id];
    prefs.setBindings(all);
  }
}

export const bindings = new Bindings();

/** A key as it is said: `Ctrl+K`, `g l`, `↓`. */
export const spoken = (key: string): string =>
  key
    .split(" ")
    .map((one) => keyParts(one).join("+"))
    .join(" ");

/** The keys that are pressed for one, as they are written on a keyboard. */
export function keyParts(key: string): string[] {
  const parts = key.split(/\+(?=.)/);
  return parts.map((part) => t.keys.names[part] ?? (part.length === 1 && parts.length > 1 ? part.toUpperCase() : part));
}

/** The first key of an action in brackets behind what a button is called; nothing if it has none. */
export function hint(id: string): string {
  const [key] = bindings.of(id);
  return key === undefined ? "" : ` (${spoken(key)})`;
}

// An action: what a member can do here and now, by a key, in the palette, and as it is listed under `?`.
import { t } from "../strings";

export type Group = (typeof t.keys.groups)[keyof typeof t.keys.groups];

export interface Action {
  id: string;
  /** What it does, as it is listed and found in the palette. */
  name: string;
  /** What it is, where its name alone does not say so. */
  about?: string;
  group: Group;
  /** Keys that do it, the first of which is shown: `c`, `Shift+U`, `Ctrl+K`, `g l` for one after the other. */
  keys: readonly string[];
  /** Does it; false when there is nothing to do here, so that the key goes on to the browser. */
  run: () => boolean | void;
  /** Whether it can be done here and now, for the palette; always when it does not say. */
  available?: () => boolean;
  /** It moves about the page: no entry of the palette. */
  moves?: boolean;
  /** Its keys are those of every page and list, and cannot be changed. */
  fixed?: boolean;
}

/** Does something, with a message where it is about one. */
type Handler = (message?: number) => void;

/** What the page on screen offers: handlers of the components that are shown. */
const offered = new Map<string, Handler>();

/** Offers to do something while a component is shown; the last one that offers it is asked. Returns how to stop. */
export function offer(handlers: Readonly<Record<string, Handler>>): () => void {
  for (const [name, handler] of Object.entries(handlers)) offered.set(name, handler);
  return () => {
    for (const [name, handler] of Object.entries(handlers)) if (offered.get(name) === handler) offered.delete(name);
  };
}

export const isOffered = (name: string): boolean => offered.has(name);

/** Has the component that offers it do it; false when none does. */
export function ask(name: string, message?: number): boolean {
  offered.get(name)?.(message);
  return offered.has(name);
}

/** An action that a component on screen does, if one offers it. */
export function offeredAction(name: string, about: Omit<Action, "id" | "run" | "available">): Action {
  return { ...about, id: name, run: () => ask(name), available: () => isOffered(name) };
}

// The router: `#/ACCOUNT/SECTION/ITEM/EXTRA`, so that the browser's own history and back
// gestures move between panes.

export const SECTIONS = ["letters", "pings", "people", "groups", "drafts", "service"] as const;
export type Section = (typeof SECTIONS)[number];

export interface Route {
  page: "home" | "join" | "settings" | "account";
  account: number;
  section: Section;
  /** What is open in the section; empty when only its list is. Of `#/join/ITEM`: the service's address; of
      `#/settings/ITEM`: the section that is gone to. */
  item: string;
  /** A message to point at, or a name to start with. */
  extra: string;
}

const HOME: Route = { page: "home", account: 0, section: "letters", item: "", extra: "" };

function parse(hash: string): Route {
  const [first = "", section = "", item = "", extra = ""] = hash
    .replace(/^#?\/?/, "")
    .split("/")
    .map(decode);
  if (first === "join") return { ...HOME, page: first, item: section };
  if (first === "settings") return { ...HOME, page: first, item: section };
  const account = Number(first);
  if (!Number.isInteger(account) || account <= 0) return HOME;
  const known = SECTIONS.find((name) => name === section) ?? "letters";
  return { page: "account", account, section: known, item, extra };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

/** The link to a place in the app. */
export function href(account: number, section: Section = "letters", item: string | number = "", extra: string | number = ""): string {
  const parts = [account, section, item, extra].map((part) => encodeURIComponent(part));
  while (parts.at(-1) === "") parts.pop();
  return `#/${parts.join("/")}`;
}

class Router {
  now = $state.raw<Route>(parse(location.hash));
  /** It was come to without a step of the member. */
  replaced = true;

  constructor() {
    addEventListener("hashchange", () => this.#read(false));
    addEventListener("popstate", () => this.#read(false));
  }

  #read(replaced: boolean): void {
    this.replaced = replaced;
    this.now = parse(location.hash);
  }

  /** Goes there, as if a link had been followed. */
  go(to: string): void {
    location.hash = to;
  }

  /** Goes there without a trace in the history. */
  replace(to: string): void {
    history.replaceState(null, "", to);
    this.#read(true);
  }
}

export const router = new Router();

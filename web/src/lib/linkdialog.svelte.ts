// The confirmation of external links, and the parts of an address that it shows.

/** What the dialog shows of an address. */
export interface Address {
  text: string;
  /** The parts of the text before, at and after the host. */
  before: string;
  host: string;
  after: string;
  /** The host contains letters outside ASCII, or is their encoded form. */
  puny: string;
  kind: "web" | "mail" | "unknown";
}

/** Takes an address apart for showing; never fails. */
export function describe(text: string): Address {
  const plain = { text, before: text, host: "", after: "", puny: "", kind: "unknown" as const };
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return plain;
  }
  if (url.protocol === "mailto:") return { ...plain, kind: "mail" };
  if (url.protocol !== "https:" && url.protocol !== "http:") return plain;
  // The browser's own reading of the address is shown, not the sender's spelling: what is shown is
  // what would be opened.
  const full = url.href;
  const start = full.indexOf("//") + 2 + (url.username || url.password ? full.slice(full.indexOf("//") + 2).indexOf("@") + 1 : 0);
  return {
    text: full,
    before: full.slice(0, start),
    host: url.host,
    after: full.slice(start + url.host.length),
    puny: /(^|\.)xn--/.test(url.hostname) ? url.hostname : "",
    kind: "web",
  };
}

class LinkDialog {
  address = $state.raw<Address | null>(null);

  ask(url: string): void {
    this.address = describe(url);
  }
}

export const linkDialog = new LinkDialog();

// Loading of all drafts, page by page.
import type { Draft } from "../api";
import { command } from "../connection/transport";

/** All drafts of an account or of all, last changed first. */
export async function allDrafts(account?: number): Promise<Draft[]> {
  const all: Draft[] = [];
  for (;;) {
    const last = all.at(-1);
    const page = await command("drafts", { ...(account === undefined ? {} : { account }), ...(last ? { before: last.id } : {}) });
    if (page.length === 0) return all.sort((a, b) => b.updated_ms - a.updated_ms || b.id - a.id);
    all.push(...page);
  }
}

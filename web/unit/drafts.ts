// Drafts as the engine keeps them: a save names the version it was typed upon, and is refused when that is not
// the latest. Each change is told to all pages before it is answered.
import type { Attachment, Draft } from "../src/lib/api";
import { refuse, type App } from "./app";
import { ACCOUNT, draft, ours, THREAD } from "./records";

export class Drafts {
  readonly kept = new Map<number, Draft>();
  /** Texts of the letters that were sent, in order. */
  readonly sent: string[] = [];
  /** Pages are not told of changes. */
  silent = false;
  #next = 5;
  #message = 100;

  constructor(readonly app: App) {
    app.on("drafts", ({ before }) => (before ? [] : [...this.kept.values()]));
    app.on("save_draft", (typed) => {
      const id = typed.draft ?? [...this.kept.values()].find((d) => d.thread !== null && d.thread === typed.thread)?.id;
      const known = id === undefined ? undefined : this.kept.get(id);
      if (typed.draft && !known) return refuse("not_found");
      if (known && known.version !== typed.version) return refuse("outdated");
      const { to, subject, text } = typed;
      return this.put({ ...(known ?? draft({ id: this.#next++, thread: typed.thread ?? null, version: 0 })), to, subject, text });
    });
    app.on("send", ({ draft, version }) => {
      const known = this.kept.get(draft) ?? refuse("not_found");
      if (typeof version === "number" && version !== known.version) return refuse("outdated");
      this.gone(draft);
      this.sent.push(known.text);
      return ours(this.#message++, { state: "queued" }, { thread: known.thread ?? THREAD, text: known.text });
    });
    app.on("drop_draft", ({ draft }) => this.gone(draft));
  }

  /** The only one. */
  get only(): Draft {
    const [only, ...others] = this.kept.values();
    if (!only || others.length > 0) throw new Error(`${this.kept.size} drafts`);
    return only;
  }

  put(typed: Draft): Draft {
    const saved = { ...typed, version: typed.version + 1, updated_ms: Date.now() };
    this.kept.set(saved.id, saved);
    if (!this.silent) this.app.write({ event: "draft", draft: saved });
    return saved;
  }

  gone(id: number): undefined {
    this.kept.delete(id);
    this.app.write({ event: "draft_gone", account: ACCOUNT, draft: id });
  }

  /** Attachments are no change of what was typed. */
  attach(id: number, file: Attachment): Draft {
    const known = this.kept.get(id) ?? refuse("not_found");
    const changed = { ...known, attachments: [...known.attachments, file] };
    this.kept.set(id, changed);
    this.app.write({ event: "draft", draft: changed });
    return changed;
  }
}

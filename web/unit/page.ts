// One tab with the page's modules, as if they had just been loaded.
import { afterEach, vi } from "vitest";

import { pass, settle, type App } from "./app";

/** How to end what the pages of a test listen to. */
const listening: (() => void)[] = [];

for (const target of [globalThis, document]) {
  const add = target.addEventListener.bind(target);
  target.addEventListener = (type: string, listener: EventListener, options?: AddEventListenerOptions | boolean) => {
    add(type, listener, options);
    listening.push(() => target.removeEventListener(type, listener, options));
  };
}

afterEach(() => {
  for (const stop of listening.splice(0)) stop();
});

async function modules() {
  vi.resetModules();
  const session = await import("../src/lib/connection/session");
  const { command } = await import("../src/lib/connection/transport");
  const { store } = await import("../src/lib/store.svelte");
  const { DraftEditor } = await import("../src/lib/draft/editor.svelte");
  const replyBoxes = await import("../src/lib/draft/reply.svelte");
  const outbox = await import("../src/lib/outbox.svelte");
  const { Reading } = await import("../src/lib/thread/reading.svelte");
  const { putAway } = await import("../src/lib/putaway.svelte");
  return { session, command, store, DraftEditor, replyBoxes, ...outbox, putAway, Reading };
}

export type Page = Awaited<ReturnType<typeof modules>>;

/** Opens a tab, which loads everything. Each has modules of its own. */
export async function openPage(): Promise<Page> {
  const page = await modules();
  page.session.useOpeningToken("token");
  page.store.start();
  await settle();
  return page;
}

/** How long a page waits before it looks for the app again. */
const RETRY_MS = 1000;

/** The app starts again and opens its pages. A browser without a database is let in anew by each opening. */
export async function reopen(app: App, ...pages: Page[]): Promise<void> {
  app.away = false;
  for (const { session } of pages) session.useOpeningToken("token");
  await pass(RETRY_MS);
}

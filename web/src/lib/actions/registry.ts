// The registry of actions: the one home of their names, first keys and handlers. Keys (`../keys.ts`), the palette, the
// settings and the list under `?` read it.
import type { ThreadMark, ThreadView } from "../api";
import { outbox } from "../outbox.svelte";
import { press, putAway, threadInHand } from "../putaway.svelte";
import { prefs } from "../prefs.svelte";
import { router } from "../route.svelte";
import { selection } from "../selection.svelte";
import { t } from "../strings";
import { copyAlias, goToList, hasAlias, reconnect } from "./account";
import { offeredAction, type Action } from "./action";
import { actionDialog, threadsInHand } from "./dialog.svelte";
import { backByArrow, backToRow, focusOn, goWithFocus, moveByArrow, moveRow, nextPane, openRow, page } from "./pane";
import { accountHere, goTo, goToAccount, goToThread, goToUnread } from "./place";

const { groups: g } = t.keys;

/** The next of some values. */
const after = <T>(values: readonly T[], now: T): T => values[(values.indexOf(now) + 1) % values.length] as T;

const WRITING: Action[] = [
  { id: "compose", name: t.keys.compose, group: g.write, keys: ["c"], run: () => goTo("letters", "new") },
  { id: "ping", name: t.keys.ping, group: g.write, keys: ["p"], run: () => goTo("pings", "new") },
  { id: "new-group", name: t.list.group, group: g.write, keys: [], run: () => goTo("groups", "new") },
  { id: "reply", name: t.keys.reply, group: g.write, keys: ["r"], run: () => focusOn("[data-key='reply']"), available: () => document.querySelector("[data-key='reply']") !== null },
  { id: "send", name: t.keys.send, group: g.write, keys: ["Ctrl+Enter"], run: () => false, moves: true, fixed: true },
  { id: "undo", name: t.keys.undo, group: g.write, keys: ["z"], run: undo, available: () => putAway.last !== null || outbox.last !== null },
];

const READING: Action[] = [
  { id: "next-unread", name: t.keys.nextUnread, group: g.read, keys: ["n"], run: goToUnread },
  offeredAction("look", { name: t.keys.look, group: g.read, keys: ["v"] }),
  offeredAction("find", { name: t.keys.find, group: g.read, keys: ["Ctrl+F"] }),
  offeredAction("forward", { name: t.thread.forwardTitle, group: g.read, keys: ["f"] }),
  offeredAction("print", { name: t.keys.print, group: g.read, keys: ["Ctrl+P"] }),
  offeredAction("details", { name: t.readers.open, group: g.read, keys: [] }),
  offeredAction("fold", { name: t.keys.fold, group: g.read, keys: ["["] }),
  offeredAction("unfold", { name: t.keys.unfold, group: g.read, keys: ["]"] }),
  { id: "page-down", name: t.keys.pageDown, group: g.read, keys: ["Space", "PageDown"], run: () => page(1), moves: true },
  { id: "page-up", name: t.keys.pageUp, group: g.read, keys: ["Shift+Space", "PageUp"], run: () => page(-1), moves: true },
];

const LISTS: Action[] = [
  { id: "next", name: t.keys.next, group: g.list, keys: ["j"], run: () => moveRow(1), moves: true },
  { id: "previous", name: t.keys.previous, group: g.list, keys: ["k"], run: () => moveRow(-1), moves: true },
  { id: "next-row", name: t.keys.next, group: g.list, keys: ["ArrowDown"], run: () => moveByArrow(1), moves: true, fixed: true },
  { id: "previous-row", name: t.keys.previous, group: g.list, keys: ["ArrowUp"], run: () => moveByArrow(-1), moves: true, fixed: true },
  { id: "open", name: t.keys.open, group: g.list, keys: ["Enter", "ArrowRight"], run: openRow, moves: true, fixed: true },
  { id: "select", name: t.keys.select, group: g.list, keys: ["x"], run: select, moves: true },
  marking("archived", t.keys.archive, "e"),
  marking("trashed", t.keys.trash, "#"),
  marking("muted", t.keys.mute, "m"),
  marking("starred", t.keys.star, "s"),
  marking("pinned", t.away.pin),
  marking("unread", t.keys.unread, "Shift+U"),
  { id: "mark-read", name: t.keys.read, group: g.list, keys: [], run: () => press("unread", false), available: () => selection.ids.size > 0 || threadInHand() !== undefined },
  { id: "tags", name: t.tags.open, group: g.list, keys: [], run: () => actionDialog.tags(), available: () => threadsInHand().length > 0 },
  { id: "empty-trash", name: t.away.empty, group: g.list, keys: [], run: () => actionDialog.emptyTrash(), available: () => accountHere() !== undefined },
  { id: "back", name: t.keys.back, group: g.list, keys: ["u"], run: backToRow, moves: true },
  { id: "back-by-arrow", name: t.keys.back, group: g.list, keys: ["ArrowLeft"], run: backByArrow, moves: true, fixed: true },
  { id: "escape", name: t.keys.escape, group: g.list, keys: ["Esc"], run: () => false, moves: true, fixed: true },
  { id: "thread-below", name: t.keys.below, group: g.list, keys: ["Alt+ArrowDown"], run: () => goToThread(1), moves: true },
  { id: "thread-above", name: t.keys.above, group: g.list, keys: ["Alt+ArrowUp"], run: () => goToThread(-1), moves: true },
];

const VIEWS = ["inbox", "unread", "files", "starred", "archive", "trash"] as const satisfies ThreadView[];

const GOING: Action[] = [
  offeredAction("palette", { name: t.keys.palette, group: g.go, keys: ["Ctrl+K"], moves: true }),
  { id: "search", name: t.keys.search, group: g.go, keys: ["/"], run: () => focusOn("[data-key='search']") },
  { id: "letters", name: t.keys.letters, group: g.go, keys: ["g l"], run: () => goWithFocus(() => goTo("letters")) },
  { id: "pings", name: t.keys.pings, group: g.go, keys: ["g p"], run: () => goWithFocus(() => goTo("pings")) },
  { id: "people", name: t.keys.people, group: g.go, keys: ["g c"], run: () => goWithFocus(() => goTo("people")) },
  { id: "groups", name: t.keys.groupsGo, group: g.go, keys: ["g g"], run: () => goWithFocus(() => goTo("groups")) },
  { id: "drafts", name: t.keys.drafts, group: g.go, keys: ["g d"], run: () => goWithFocus(() => goTo("drafts")) },
  { id: "service", name: t.keys.service, group: g.go, keys: ["g s"], run: () => goWithFocus(() => goTo("service"), "main") },
  ...VIEWS.map((view): Action => ({ id: `list-${view}`, name: t.list.views[view], about: t.palette.threads, group: g.go, keys: [], run: () => goToList(view), available: () => accountHere() !== undefined })),
  { id: "settings", name: t.settings.title, group: g.go, keys: [], run: () => router.go("#/settings") },
  { id: "join", name: t.rail.join, group: g.go, keys: [], run: () => router.go("#/join") },
  ...Array.from({ length: 9 }, (_, n): Action => ({ id: `service-${n + 1}`, name: t.keys.nth, group: g.go, keys: [String(n + 1)], run: () => goWithFocus(() => goToAccount(n)), moves: true })),
  { id: "next-pane", name: t.keys.pane, group: g.go, keys: ["F6"], run: () => nextPane(1), moves: true },
  { id: "pane-before", name: t.keys.paneBefore, group: g.go, keys: ["Shift+F6"], run: () => nextPane(-1), moves: true },
  offeredAction("help", { name: t.keys.help, group: g.go, keys: ["?"] }),
];

const ACCOUNT: Action[] = [
  { id: "copy-alias", name: t.palette.copyAlias, group: g.go, keys: [], run: copyAlias, available: hasAlias },
  { id: "add-alias", name: t.service.aliasAdd, group: g.go, keys: [], run: () => goTo("service", "aliases"), available: () => accountHere() !== undefined },
  { id: "add-device", name: t.service.deviceAdd, group: g.go, keys: [], run: () => goTo("service", "devices"), available: () => accountHere() !== undefined },
  { id: "reconnect", name: t.link.reconnect, group: g.go, keys: [], run: reconnect, available: () => accountHere() !== undefined },
];

const SETTINGS: Action[] = [
  { id: "theme", name: t.keys.theme, group: g.go, keys: [], run: () => prefs.setTheme(after(["auto", "light", "dark"], prefs.theme)) },
  ...(["look", "writing", "notices", "keys"] as const).map((section): Action => ({ id: `settings-${section}`, name: t.palette.settings(t.settings[section]), group: g.go, keys: [], run: () => router.go(`#/settings/${section}`) })),
  { id: "density", name: t.keys.density, group: g.go, keys: [], run: () => prefs.setDensity(after(["cosy", "compact"], prefs.density)) },
];

/** All of them, each with the keys that it comes with; those that it has now are told by `bindings.svelte.ts`. */
export const ACTIONS: readonly Action[] = [...WRITING, ...READING, ...LISTS, ...GOING, ...ACCOUNT, ...SETTINGS];

/** What puts threads away, or marks them: those that are selected, otherwise the one in hand. */
function marking(as: ThreadMark, name: string, ...keys: string[]): Action {
  return { id: `mark-${as}`, name, group: g.list, keys, run: () => press(as, as === "unread" ? true : undefined), available: () => selection.ids.size > 0 || threadInHand() !== undefined };
}

function select(): boolean {
  const row = threadInHand();
  if (row) selection.toggle(row.id);
  return row !== undefined;
}

function undo(): boolean {
  if (putAway.last) void putAway.undo();
  else if (outbox.last) void outbox.undo();
  else return false;
  return true;
}

// Dialogs that actions open, wherever the member is.
import type { ThreadRow } from "../api";
import { threadInHand } from "../putaway.svelte";
import { selection } from "../selection.svelte";
import { store } from "../store.svelte";
import { accountHere } from "./place";

export type Asked = { dialog: "tags"; account: number; rows: ThreadRow[] } | { dialog: "empty-trash"; account: number };

class ActionDialog {
  /** The one that is open. */
  asked = $state.raw<Asked>();

  /** Opens the tags of the selected threads, otherwise of the one in hand. False when there is none. */
  tags(): boolean {
    const rows = threadsInHand();
    const account = rows[0]?.account;
    if (account !== undefined) this.asked = { dialog: "tags", account, rows };
    return account !== undefined;
  }

  /** Asks whether the trash is to be emptied. */
  emptyTrash(): boolean {
    const account = accountHere();
    if (account !== undefined) this.asked = { dialog: "empty-trash", account };
    return account !== undefined;
  }

  close(): void {
    this.asked = undefined;
  }
}

/** The selected threads, otherwise the one in hand. */
export function threadsInHand(): ThreadRow[] {
  const selected = store.threads.filter((row) => selection.has(row.id));
  const row = threadInHand();
  return selected.length > 0 ? selected : row ? [row] : [];
}

export const actionDialog = new ActionDialog();

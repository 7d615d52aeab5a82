// Marks of a thread, as its row has them.
import type { ThreadMark, ThreadRow } from "../api";

export const isOn = (row: ThreadRow, mark: ThreadMark): boolean => {
  switch (mark) {
    case "archived":
      return row.archived;
    case "trashed":
      return row.trashed_ms != null;
    case "muted":
      return row.muted;
    case "pinned":
      return row.pinned;
    case "starred":
      return row.starred;
    case "unread":
      return row.unread > 0;
    default:
      return mark satisfies never;
  }
};

/** The row with a mark, or without it. How many messages are unread then is told by the app. */
export const marked = (row: ThreadRow, mark: ThreadMark, on: boolean): ThreadRow => {
  switch (mark) {
    case "archived":
      return { ...row, archived: on };
    case "trashed":
      return { ...row, trashed_ms: on ? Date.now() : null };
    case "muted":
      return { ...row, muted: on };
    case "pinned":
      return { ...row, pinned: on };
    case "starred":
      return { ...row, starred: on };
    case "unread":
      return { ...row, unread: on ? Math.max(1, row.unread) : 0 };
    default:
      return mark satisfies never;
  }
};

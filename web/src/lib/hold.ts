// The undo-send delay.

/** How long a letter is held back for second thoughts, milliseconds; chat leaves at once. */
export const HOLD_MS = 5000;

//! Budget of a transaction for moving early letters.

/// Letters and threads examined in one transaction.
const SLICE_LOOKS: usize = 80;
/// Bytes of letters after which a transaction moves no more.
const SLICE_BYTES: i64 = 512 << 10;

/// Remaining budget of a transaction for early letters.
#[derive(Debug)]
pub(super) struct SettleBudget {
    /// Letters and threads that may still be examined.
    pub(super) looks: usize,
    /// Bytes of letters that may still be moved; negative when the last one was larger.
    pub(super) bytes: i64,
}

impl Default for SettleBudget {
    fn default() -> Self {
        Self { looks: SLICE_LOOKS, bytes: SLICE_BYTES }
    }
}

impl SettleBudget {
    pub(super) fn is_left(&self) -> bool {
        self.looks > 0 && self.bytes > 0
    }

    pub(super) fn look(&mut self) {
        self.looks = self.looks.saturating_sub(1);
    }
}

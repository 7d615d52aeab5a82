//! Metrics of the store: how long commits and checkpoints take, and what is erased.

use tmtp_telemetry::{Counter, Histogram};

/// What the store of one service counts, from its opening.
#[derive(Debug, Default)]
pub struct StoreMetrics {
    /// How long commits to the WAL took, their sync included.
    pub commits: Histogram,
    /// How long it took to bring what was committed to rows and segments.
    pub checkpoints: Histogram,
    /// Bodies of messages that wait for no device any more.
    pub dead: Counter,
    /// Those of them that are erased.
    pub erased: Counter,
}

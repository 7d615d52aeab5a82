//! Checkpoint: what is in the log goes to the engine and to the segments.

use std::time::Duration;

use tokio::time::Instant;

use super::{RETRY, Writer};
use crate::error::StoreError;
use tmtp_telemetry::Throttle;
use tmtp_telemetry::warn_limited;

/// How long a commit may be in the log alone.
pub(super) const CHECKPOINT_WITHIN: Duration = Duration::from_secs(1);
/// A checkpoint is due when the log has so many bytes. That is much more than comes in while
/// acknowledgements gather, so that most rows are deleted before they would have to be stored.
const CHECKPOINT_AT: u64 = 32 * 1024 * 1024;
/// A checkpoint is due when waiting rows take so many bytes of memory.
const WAITING_BYTES: usize = 8 * 1024 * 1024;

impl Writer {
    /// A checkpoint that leaves a store without a log.
    pub(super) fn close_wal(&mut self) -> Result<(), StoreError> {
        self.bodies.write_all()?;
        self.bodies.sync_segments()?;
        self.rows.checkpoint(None)?;
        self.wal.close()
    }

    pub(super) fn is_wal_long(&self) -> bool {
        let is_long =
            self.wal.bytes() >= CHECKPOINT_AT || self.rows.waiting_bytes() >= WAITING_BYTES;
        is_long && self.checkpoint_failure.is_none()
    }

    /// Writes the content of the log to the engine and the segments.
    pub(super) fn checkpoint(&mut self) {
        self.checkpoint_at = None;
        self.bodies.sync_discarded();
        if self.wal.bytes() == 0 || self.failure().is_some() {
            return;
        }
        let started = Instant::now();
        if let Err(error) = self.bodies.write_all() {
            return self.stay(error);
        }
        if let Err(error) = self.bodies.sync_segments() {
            // The content of the segments is not known now. The log has all of it for the next
            // start.
            return self.wal.fail(error);
        }
        let epoch = self.wal.next_epoch();
        match epoch.and_then(|epoch| self.rows.checkpoint(Some(epoch)).map(|()| epoch)) {
            Ok(epoch) => {
                self.wal.begin(epoch);
                self.checkpoint_failure = None;
                self.bodies.metrics.checkpoints.note(started.elapsed());
            }
            // Which of the two log files is in use is only known after a restart.
            Err(error @ StoreError::Uncertain) => self.wal.fail(error),
            Err(error) => self.stay(error),
        }
    }

    /// Limits the memory for bodies between checkpoints.
    pub(super) fn write_some(&mut self) {
        if self.checkpoint_failure.is_none()
            && let Err(error) = self.bodies.write_some()
        {
            self.stay(error);
        }
    }

    fn stay(&mut self, error: StoreError) {
        static STAY: Throttle = Throttle::new(10);
        warn_limited!(STAY, %error, "commits stay in the write-ahead log for now");
        self.checkpoint_failure = Some(error);
        self.checkpoint_at = Some(Instant::now() + RETRY);
    }

    /// Whether new messages can be taken.
    pub(super) fn room(&mut self) -> Result<(), StoreError> {
        let room = self.bodies.check_room();
        let is_full = matches!(room, Err(StoreError::Full)) && self.wal.is_long();
        if !is_full && self.checkpoint_failure.is_none() {
            return room;
        }
        self.checkpoint();
        self.checkpoint_failure.clone().map_or(Ok(()), Err)?;
        self.wal.give_back()?;
        self.bodies.check_room()
    }
}

//! Parts of an open store, which all its callers share.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use crate::body::Bodies;
use crate::counts::Counts;
use crate::disk::Lock;
use crate::engine::Engine;
use crate::error::StoreError;
use crate::executor::Running;
use crate::message_cache::MessageCache;
use crate::position::Position;
use crate::rows::Rows;
use crate::writer::commit_queue::{CommitQueue, Work};

pub(super) struct Shared {
    pub(super) rows: Arc<Rows<dyn Engine>>,
    pub(super) bodies: Arc<Bodies>,
    pub(super) commit_queue: Arc<CommitQueue>,
    pub(super) counts: Arc<Counts>,
    pub(super) cache: Arc<MessageCache>,
    pub(super) room: Arc<Semaphore>,
    pub(super) queue_bytes: usize,
    /// The last position that was given. Held until what it was given to is submitted.
    pub(super) last_given: Mutex<Position>,
    /// `None` once it is closed.
    pub(super) running: Mutex<Option<Running>>,
    /// Held locked as long as the store is open.
    pub(super) lock: Mutex<Option<Box<dyn Lock>>>,
}

impl Shared {
    pub(super) fn last_given(&self) -> MutexGuard<'_, Position> {
        self.last_given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn close(&self) -> Result<(), StoreError> {
        let acked = self.commit_queue.submit(Work::Flush, None);
        self.commit_queue.close();
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(running) = running else { return Ok(()) }; // closed before
        running.finish();
        self.bodies.close();
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = None;
        acked.try_now()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "the store was not closed in order");
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("bodies", &self.bodies.dir()).finish_non_exhaustive()
    }
}

//! Commits computed from rows: deleting a queue, and expiring messages. Each is a group of its own.

use super::Writer;
use crate::batch::Batch;
use crate::error::StoreError;
use crate::receipt::Answer;
use crate::row::LAST_POSITION_KEY;
use crate::writer::commit_queue::{Task, Work};
use crate::writer::prepared::Prepared;
use crate::writer::release::{Release, first_queued, release};

/// How many queue rows are deleted with one commit when a whole queue is deleted.
const DROP_ROWS: usize = 8_192;

impl Writer {
    pub(super) fn drop_queue(&mut self, device: u32, mut rows: Batch) -> Result<(), StoreError> {
        loop {
            let positions = first_queued(&*self.rows, device, DROP_ROWS)?;
            let more = positions.len() == DROP_ROWS;
            let acked = positions.into_iter().map(|position| (device, position)).collect();
            let Release { mut batch, dead, queued, gone, .. } =
                release(&*self.rows, acked, std::iter::empty())?;
            rows.changes.append(&mut batch.changes);
            self.commit_one(std::mem::take(&mut rows), None)?;
            self.released(&queued, &gone);
            self.eraser.erase(dead);
            if !more {
                return Ok(());
            }
        }
    }

    /// Deletes queue rows in the commit that stores the notice of it. It frees space, so no room is
    /// asked for.
    pub(super) fn give_up(&mut self, mut prepared: Prepared, answer: Answer) {
        let gives_up = std::mem::take(&mut prepared.gives_up);
        let pairs = gives_up.len();
        let released = match release(&*self.rows, gives_up, std::iter::empty()) {
            Ok(released) if released.queued.len() == pairs => released,
            Ok(_) => return refuse(prepared, answer, StoreError::Gone),
            Err(error) => return refuse(prepared, answer, error),
        };
        let task = Task { work: Work::Commit(prepared), answer };
        let Some(mut staged) = self.append_bodies(vec![task], Ok(())).pop() else { return };
        let mut batch = std::mem::take(&mut staged.batch);
        let Release { batch: mut release, dead, queued, gone, .. } = released;
        batch.changes.append(&mut release.changes);
        if let Some(last) = staged.last_position {
            batch.put(LAST_POSITION_KEY, last.to_be_bytes());
        }
        match self.commit_one(batch, staged.last_position) {
            Ok(()) => {
                self.released(&queued, &gone);
                self.keep(vec![staged]);
                self.eraser.erase(dead);
            }
            Err(error) => self.fail(vec![staged], &error),
        }
    }
}

/// Refuses a commit. Its counts are taken back before the caller gets the error.
fn refuse(prepared: Prepared, answer: Answer, error: StoreError) {
    drop(prepared);
    answer.finish(Err(error));
}

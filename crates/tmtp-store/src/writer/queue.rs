//! Commits computed from rows: dropping a queue, and giving messages up. Each is a group of its own.

use super::Writer;
use crate::engine::Batch;
use crate::error::StoreError;
use crate::row::{LAST_ID_KEY, MessageId};
use crate::writer::commit_queue::Task;
use crate::writer::release::{Release, owed_ids, release};

/// Queued rows dropped with one commit when a whole queue goes.
const DROP_ROWS: usize = 8_192;

impl Writer {
    pub(super) fn drop_queue(&mut self, device: u32, mut rows: Batch) -> Result<(), StoreError> {
        loop {
            let ids = owed_ids(&*self.rows, device, DROP_ROWS)?;
            let more = ids.len() == DROP_ROWS;
            let acked = ids.into_iter().map(|id| (device, id)).collect();
            let Release { mut batch, dead, owed, gone, .. } =
                release(&*self.rows, acked, std::iter::empty())?;
            rows.changes.append(&mut batch.changes);
            self.commit_one(std::mem::take(&mut rows), None)?;
            self.released(&owed, &gone);
            self.eraser.erase(dead);
            if !more {
                return Ok(());
            }
        }
    }

    /// Takes owed rows away in the commit of what tells of it. It makes room, so none is asked for.
    pub(super) fn give_up(&mut self, owed: Vec<(u32, MessageId)>, task: Task) {
        let pairs = owed.len();
        let released = match release(&*self.rows, owed, std::iter::empty()) {
            Ok(released) if released.owed.len() == pairs => released,
            Ok(_) => return drop(task.answer.send(Err(StoreError::Gone))),
            Err(error) => return drop(task.answer.send(Err(error))),
        };
        let Some(mut staged) = self.append_bodies(vec![task], Ok(())).pop() else { return };
        let mut batch = std::mem::take(&mut staged.batch);
        let Release { batch: mut release, dead, owed, gone, .. } = released;
        batch.changes.append(&mut release.changes);
        if let Some(last) = staged.last_id {
            batch.put(LAST_ID_KEY, last.to_be_bytes());
        }
        match self.commit_one(batch, staged.last_id) {
            Ok(()) => {
                self.released(&owed, &gone);
                self.keep(vec![staged]);
                self.eraser.erase(dead);
            }
            Err(error) => self.fail(vec![staged], &error),
        }
    }
}

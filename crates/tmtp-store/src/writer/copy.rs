//! Queue copy: a device's queue for a new device, in slices between the commits of others.
//!
//! What is copied is what was queued when the copy began. Messages that are posted later have
//! higher positions, and the new device is among their recipients. What the old device acknowledges
//! before its slice is copied is queued to the new one in the same commit
//! ([`release`](crate::writer::release)), so no message is lost in between. Each slice is a commit
//! of its own; after a crash the caller has to undo the part that was copied.

use std::ops::{Bound, ControlFlow};

use super::Writer;
use super::copying::Copying;
use crate::batch::Batch;
use crate::counts::QueuedBytes;
use crate::engine::ReadRows;
use crate::error::StoreError;
use crate::position::{Class, DeviceNumber, Position};
use crate::receipt::Answer;
use crate::row::{message_key, parse_queue_key, queue_key, queue_range};
use crate::rows::Rows;
use crate::writer::release::{QueuedMessage, message_rows, present};

/// After so many slices a checkpoint is made, so that other commits do not wait for all the changed
/// rows at once.
const SLICES_OF_CHECKPOINT: usize = 8;

impl Writer {
    /// Commits `rows` and begins to copy the queue of `from`; `answer` is completed when all is copied.
    pub(super) fn begin_copy(
        &mut self,
        from: DeviceNumber,
        to: DeviceNumber,
        rows: Batch,
        answer: Answer,
    ) {
        let begun = self.room().and_then(|()| self.commit_one(rows, None));
        match begun {
            Ok(()) if from != to => {
                let until = self.rows.last_position();
                let copying = Copying { from, to, done: None, until, slices: 0, answer };
                self.copies.push_back(copying);
            }
            done => answer.finish(done),
        }
    }

    /// Copies a slice of the copy that has waited longest. Whether there was one.
    pub(super) fn copy_some(&mut self) -> bool {
        let Some(mut copying) = self.copies.pop_front() else { return false };
        match self.copy_slice(&mut copying) {
            Ok(true) => self.copies.push_back(copying),
            Ok(false) => copying.answer.finish(Ok(())),
            Err(error) => copying.answer.finish(Err(error)),
        }
        true
    }

    /// Whether there is more to copy after this.
    fn copy_slice(&mut self, copying: &mut Copying) -> Result<bool, StoreError> {
        self.room()?;
        let Slice { batch, added, last } = slice(&*self.rows, copying, self.copy_slice)?;
        if !batch.is_empty() {
            self.commit_one(batch, None)?;
            self.counts.add(0, &added);
        }
        copying.done = last.or(copying.done);
        copying.slices += 1;
        if copying.slices.is_multiple_of(SLICES_OF_CHECKPOINT) {
            self.checkpoint();
        }
        Ok(last.is_some())
    }
}

/// What a slice changes.
struct Slice {
    batch: Batch,
    added: Vec<QueuedBytes>,
    /// The last place that was read; `None` at the end of the queue.
    last: Option<(Class, Position)>,
}

fn slice(
    rows: &Rows<impl ReadRows + ?Sized>,
    copying: &Copying,
    limit: usize,
) -> Result<Slice, StoreError> {
    let places = places(rows, copying, limit)?;
    let messages = message_rows(rows, places.iter().map(|(_, position)| *position))?;
    let key = |message: &QueuedMessage| queue_key(copying.to, message.row.class, message.position);
    let keys: Vec<_> = messages.iter().map(key).collect();
    let there = present(rows, keys.iter())?;
    let mut slice = Slice { batch: Batch::new(), added: Vec::new(), last: places.last().copied() };
    for ((QueuedMessage { position, mut row, .. }, key), there) in
        messages.into_iter().zip(keys).zip(there)
    {
        if !there {
            row.remaining = row.remaining.saturating_add(1);
            slice.batch.put(message_key(position), row.encode()).put(key, []);
            slice.added.push((copying.to, row.body.len()));
        }
    }
    Ok(slice)
}

/// The next `limit` places in the queue that is copied.
fn places(
    rows: &Rows<impl ReadRows + ?Sized>,
    copying: &Copying,
    limit: usize,
) -> Result<Vec<(Class, Position)>, StoreError> {
    let [first, last] = queue_range(copying.from);
    let done = copying.done.map(|(class, position)| queue_key(copying.from, class, position));
    let from = done.as_ref().map_or(Bound::Included(&first[..]), |done| Bound::Excluded(&done[..]));
    let (mut places, mut bad) = (Vec::new(), None);
    rows.scan((from, Bound::Included(&last)), &mut |key, _| {
        match parse_queue_key(key) {
            Ok((_, class, position)) if position <= copying.until => places.push((class, position)),
            // Posted since. Older ones of the other class may follow.
            Ok((_, Class::User, _)) => {}
            Ok((_, Class::Rest, _)) => return ControlFlow::Break(()),
            Err(error) => bad = Some(error),
        }
        match places.len() >= limit || bad.is_some() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })?;
    bad.map_or(Ok(places), Err)
}

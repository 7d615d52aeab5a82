//! Release: what an acknowledgement or a dropped queue changes in the rows.
//!
//! Runs on the writer thread between two commits, so what it reads cannot change before its batch
//! is committed. The count in a message row goes down only by owed rows that were really there:
//! acknowledging twice, or again after a crash, changes nothing.

use std::ops::{Bound, ControlFlow};

use crate::counts::OwedBytes;
use crate::engine::{Batch, ReadRows};
use crate::error::StoreError;
use crate::extent::BodyRef;
use crate::row::{
    DeviceNumber, MessageId, MessageRow, OWED_KEY_BYTES, message_key, owed_key, owed_of,
};
use crate::rows::Rows;
use crate::writer::copy::Copying;

/// Changes that take owed rows away.
#[derive(Debug, Default)]
pub(crate) struct Release {
    pub(crate) batch: Batch,
    /// Bodies to erase when the batch is durable.
    pub(crate) dead: Vec<BodyRef>,
    /// Queued rows that go.
    pub(crate) owed: Vec<OwedBytes>,
    /// Queued rows that come in their place, for devices that get a copy of the queue.
    pub(crate) inherited: Vec<OwedBytes>,
    /// Messages that go.
    pub(crate) gone: Vec<MessageId>,
}

/// A message, and how many of those who are owed it have acknowledged it.
pub(super) struct Message {
    pub(super) id: MessageId,
    pub(super) row: MessageRow,
    taken: u32,
    inherited: u32,
}

/// Takes away the owed rows `acked` names, and the messages owed to nobody then. What one of
/// `copies` has still to copy becomes owed to the device that gets it.
pub(crate) fn release<'c>(
    rows: &Rows<impl ReadRows + ?Sized>,
    mut acked: Vec<(DeviceNumber, MessageId)>,
    copies: impl Iterator<Item = &'c Copying> + Clone,
) -> Result<Release, StoreError> {
    acked.sort_unstable();
    acked.dedup();
    let mut messages = message_rows(rows, acked.iter().map(|(_, id)| *id))?;
    let place = |id| messages.binary_search_by_key(&id, |message| message.id).ok();
    let acked = acked.into_iter().filter_map(|(device, id)| Some((device, place(id)?)));
    let owed: Vec<(DeviceNumber, usize, [u8; OWED_KEY_BYTES])> = acked
        .filter_map(|(device, at)| {
            let message = messages.get(at)?;
            Some((device, at, owed_key(device, message.row.class, message.id)))
        })
        .collect();
    let there = present(rows, owed.iter().map(|(.., key)| key))?;

    let mut release = Release::default();
    for ((device, at, key), _) in owed.into_iter().zip(there).filter(|(_, there)| *there) {
        let Some(message) = messages.get_mut(at) else { continue };
        message.taken += 1;
        release.batch.delete(key);
        release.owed.push((device, message.row.body.len()));
        let class = message.row.class;
        for copy in copies.clone().filter(|copy| copy.is_ahead(device, (class, message.id))) {
            let key = owed_key(copy.to, class, message.id);
            if rows.get(&key)?.is_none() {
                message.inherited += 1;
                release.batch.put(key, []);
                release.inherited.push((copy.to, message.row.body.len()));
            }
        }
    }
    let changed = messages.into_iter().filter(|message| message.taken > 0);
    for Message { id, mut row, taken, inherited } in changed {
        row.remaining = row.remaining.saturating_add(inherited);
        if row.remaining > taken {
            row.remaining -= taken;
            release.batch.put(message_key(id), row.encode());
        } else {
            release.batch.delete(message_key(id));
            release.dead.extend(row.body.parts());
            release.gone.push(id);
        }
    }
    Ok(release)
}

/// The first `limit` messages that `device` is owed.
pub(crate) fn owed_ids(
    engine: &(impl ReadRows + ?Sized),
    device: DeviceNumber,
    limit: usize,
) -> Result<Vec<MessageId>, StoreError> {
    let [from, to] = crate::row::queue_range(device);
    let mut ids = Vec::new();
    let mut bad = None;
    engine.scan((Bound::Included(&from), Bound::Included(&to)), &mut |key, _| {
        match owed_of(key) {
            Ok((_, _, id)) => ids.push(id),
            Err(error) => bad = Some(error),
        }
        if ids.len() >= limit || bad.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    bad.map_or(Ok(ids), Err)
}

/// Those of the messages `ids` that still exist, in rising order.
pub(super) fn message_rows(
    rows: &Rows<impl ReadRows + ?Sized>,
    ids: impl Iterator<Item = MessageId>,
) -> Result<Vec<Message>, StoreError> {
    let mut ids: Vec<MessageId> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    let keys: Vec<_> = ids.iter().map(|id| message_key(*id)).collect();
    let mut found = Vec::with_capacity(ids.len());
    rows.find(&keys, |place, row| found.push((place, MessageRow::decode(row))))?;
    // The engine's come behind those that wait for it.
    found.sort_unstable_by_key(|(place, _)| *place);
    let message = |(place, row): (usize, Result<_, _>)| {
        let id = *ids.get(place)?;
        Some(row.map(|row| Message { id, row, taken: 0, inherited: 0 }))
    };
    found.into_iter().filter_map(message).collect()
}

/// Which of `keys` there are.
pub(super) fn present<'k>(
    rows: &Rows<impl ReadRows + ?Sized>,
    keys: impl Iterator<Item = &'k [u8; OWED_KEY_BYTES]>,
) -> Result<Vec<bool>, StoreError> {
    let keys: Vec<_> = keys.collect();
    let mut there = vec![false; keys.len()];
    rows.find(&keys, |place, _| {
        if let Some(there) = there.get_mut(place) {
            *there = true;
        }
    })?;
    Ok(there)
}

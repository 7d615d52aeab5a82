//! Computing what an acknowledgement, a copied or a dropped queue changes in the rows.
//!
//! Runs on the writer thread between two commits, so what it reads cannot change before its batch
//! is committed. The count in a message row goes down only by owed rows that were really there:
//! acknowledging twice, or again after a crash, changes nothing.

use std::ops::{Bound, ControlFlow};

use super::body::BodyRef;
use super::counts::OwedBytes;
use super::engine::{Batch, ReadRows};
use super::error::StoreError;
use super::row::{
    DeviceNumber, MessageId, MessageRow, OWED_KEY_BYTES, message_key, owed_key, owed_of,
};
use super::rows::Rows;

/// Changes that take owed rows away.
#[derive(Debug, Default)]
pub(crate) struct Release {
    pub(crate) batch: Batch,
    /// Bodies to erase when the batch is durable.
    pub(crate) dead: Vec<BodyRef>,
    /// Owed rows that go.
    pub(crate) owed: Vec<OwedBytes>,
    /// Messages that go.
    pub(crate) gone: Vec<MessageId>,
}

/// A message, and how many of those who are owed it have acknowledged it.
struct Message {
    id: MessageId,
    row: MessageRow,
    taken: u32,
}

/// Takes away the owed rows `settled` names, and the messages owed to nobody then.
pub(crate) fn release(
    rows: &Rows<impl ReadRows + ?Sized>,
    mut settled: Vec<(DeviceNumber, MessageId)>,
) -> Result<Release, StoreError> {
    settled.sort_unstable();
    settled.dedup();
    let mut messages = message_rows(rows, settled.iter().map(|(_, id)| *id))?;
    let place = |id| messages.binary_search_by_key(&id, |message| message.id).ok();
    let settled = settled.into_iter().filter_map(|(device, id)| Some((device, place(id)?)));
    let owed: Vec<(DeviceNumber, usize, [u8; OWED_KEY_BYTES])> = settled
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
    }
    for Message { id, mut row, taken } in messages.into_iter().filter(|message| message.taken > 0) {
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

/// Adds to `batch` what makes `to` owed everything that `from` is owed; says which rows.
///
/// Holds about 150 bytes of memory for each message of the queue.
pub(crate) fn copy_queue(
    rows: &Rows<impl ReadRows + ?Sized>,
    from: DeviceNumber,
    to: DeviceNumber,
    batch: &mut Batch,
) -> Result<Vec<OwedBytes>, StoreError> {
    let mut added = Vec::new();
    if from == to {
        return Ok(added);
    }
    let ids = owed_ids(rows, from, usize::MAX)?;
    let messages = message_rows(rows, ids.into_iter())?;
    let key = |message: &Message| owed_key(to, message.row.class, message.id);
    let keys: Vec<_> = messages.iter().map(key).collect();
    let there = present(rows, keys.iter())?;
    for ((Message { id, mut row, .. }, key), there) in messages.into_iter().zip(keys).zip(there) {
        if !there {
            row.remaining = row.remaining.saturating_add(1);
            batch.put(message_key(id), row.encode()).put(key, []);
            added.push((to, row.body.len()));
        }
    }
    Ok(added)
}

/// The first `limit` messages that `device` is owed.
pub(crate) fn owed_ids(
    engine: &(impl ReadRows + ?Sized),
    device: DeviceNumber,
    limit: usize,
) -> Result<Vec<MessageId>, StoreError> {
    let [from, to] = super::row::queue_range(device);
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
fn message_rows(
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
        Some(row.map(|row| Message { id, row, taken: 0 }))
    };
    found.into_iter().filter_map(message).collect()
}

fn present<'k>(
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

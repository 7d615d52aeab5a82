//! Computing what an acknowledgement, a copied or a dropped queue changes in the rows.
//!
//! Runs on the writer thread between two commits, so what it reads cannot change before its batch
//! is committed. The count in a message row goes down only by owed rows that were really there:
//! acknowledging twice, or again after a crash, changes nothing.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use super::body::BodyRef;
use super::counts::OwedBytes;
use super::engine::{Batch, ReadRows};
use super::error::StoreError;
use super::row::{
    DeviceNumber, MessageId, MessageRow, OWED_KEY_BYTES, message_key, owed_key, owed_of,
};

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

/// Takes away the owed rows `settled` names, and the messages owed to nobody then.
pub(crate) fn release(
    engine: &(impl ReadRows + ?Sized),
    mut settled: Vec<(DeviceNumber, MessageId)>,
) -> Result<Release, StoreError> {
    settled.sort_unstable();
    settled.dedup();
    let mut rows = message_rows(engine, settled.iter().map(|(_, id)| *id))?;
    let keys: Vec<([u8; OWED_KEY_BYTES], MessageId, OwedBytes)> = settled
        .iter()
        .filter_map(|(device, id)| {
            let row = rows.get(id)?;
            Some((owed_key(*device, row.class, *id), *id, (*device, row.body.len())))
        })
        .collect();
    let there = present(engine, keys.iter().map(|(key, ..)| key))?;

    let mut release = Release::default();
    let mut touched = BTreeMap::new();
    for ((key, id, owed), _) in keys.iter().zip(there).filter(|(_, there)| *there) {
        release.batch.delete(*key);
        release.owed.push(*owed);
        *touched.entry(*id).or_insert(0_u32) += 1;
    }
    for (id, taken) in touched {
        let Some(row) = rows.get_mut(&id) else { continue };
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
    engine: &(impl ReadRows + ?Sized),
    from: DeviceNumber,
    to: DeviceNumber,
    batch: &mut Batch,
) -> Result<Vec<OwedBytes>, StoreError> {
    let mut added = Vec::new();
    if from == to {
        return Ok(added);
    }
    let ids = owed_ids(engine, from, usize::MAX)?;
    let mut rows = message_rows(engine, ids.iter().copied())?;
    let keys: Vec<_> = rows.iter().map(|(id, row)| owed_key(to, row.class, *id)).collect();
    let there = present(engine, keys.iter())?;
    for (((id, row), key), there) in rows.iter_mut().zip(keys).zip(there) {
        if !there {
            row.remaining = row.remaining.saturating_add(1);
            batch.put(message_key(*id), row.encode()).put(key, []);
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

/// The rows of those of `ids` that still exist.
fn message_rows(
    engine: &(impl ReadRows + ?Sized),
    ids: impl Iterator<Item = MessageId>,
) -> Result<BTreeMap<MessageId, MessageRow>, StoreError> {
    let mut ids: Vec<MessageId> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    let keys: Vec<_> = ids.iter().map(|id| message_key(*id)).collect();
    let keys: Vec<&[u8]> = keys.iter().map(<[u8; 9]>::as_slice).collect();
    let found = engine.get_many(&keys)?;
    ids.into_iter()
        .zip(found)
        .filter_map(|(id, row)| Some((id, row?)))
        .map(|(id, row)| Ok((id, MessageRow::decode(&row)?)))
        .collect()
}

fn present<'k>(
    engine: &(impl ReadRows + ?Sized),
    keys: impl Iterator<Item = &'k [u8; OWED_KEY_BYTES]>,
) -> Result<Vec<bool>, StoreError> {
    let keys: Vec<&[u8]> = keys.map(<[u8; OWED_KEY_BYTES]>::as_slice).collect();
    Ok(engine.get_many(&keys)?.into_iter().map(|row| row.is_some()).collect())
}

//! Release of messages: the row changes for an acknowledgement or a deleted queue.
//!
//! Runs on the writer thread between two commits, so what it reads cannot change before its batch
//! is committed. The count in a message row goes down only by queued rows that were really there:
//! acknowledging twice, or again after a crash, changes nothing.

use std::ops::{Bound, ControlFlow};

use crate::batch::Batch;
use crate::counts::QueuedBytes;
use crate::engine::ReadRows;
use crate::error::StoreError;
use crate::extent::BodyRef;
use crate::position::{DeviceNumber, Position};
use crate::row::{MessageRow, QUEUE_KEY_BYTES, message_key, parse_queue_key, queue_key};
use crate::rows::Rows;
use crate::writer::copying::Copying;

/// Changes that delete queue rows.
#[derive(Debug, Default)]
pub(crate) struct Release {
    pub(crate) batch: Batch,
    /// Bodies to erase when the batch is durable.
    pub(crate) dead: Vec<BodyRef>,
    /// Queue rows to delete.
    pub(crate) queued: Vec<QueuedBytes>,
    /// Queue rows to add instead, for devices that get a copy of the queue.
    pub(crate) inherited: Vec<QueuedBytes>,
    /// Messages to delete.
    pub(crate) gone: Vec<Position>,
}

/// A message, and how many of the devices in whose queues it is have acknowledged it.
pub(super) struct QueuedMessage {
    pub(super) position: Position,
    pub(super) row: MessageRow,
    taken: u32,
    inherited: u32,
}

/// Deletes the queue rows that `acked` names, and the messages that are then in no queue. What one
/// of `copies` has still to copy is queued to the device that gets the copy.
pub(crate) fn release<'c>(
    rows: &Rows<impl ReadRows + ?Sized>,
    mut acked: Vec<(DeviceNumber, Position)>,
    copies: impl Iterator<Item = &'c Copying> + Clone,
) -> Result<Release, StoreError> {
    acked.sort_unstable();
    acked.dedup();
    let mut messages = message_rows(rows, acked.iter().map(|(_, position)| *position))?;
    let place =
        |position| messages.binary_search_by_key(&position, |message| message.position).ok();
    let acked = acked.into_iter().filter_map(|(device, position)| Some((device, place(position)?)));
    let queued: Vec<(DeviceNumber, usize, [u8; QUEUE_KEY_BYTES])> = acked
        .filter_map(|(device, at)| {
            let message = messages.get(at)?;
            Some((device, at, queue_key(device, message.row.class, message.position)))
        })
        .collect();
    let there = present(rows, queued.iter().map(|(.., key)| key))?;

    let mut release = Release::default();
    for ((device, at, key), _) in queued.into_iter().zip(there).filter(|(_, there)| *there) {
        let Some(message) = messages.get_mut(at) else { continue };
        message.taken += 1;
        release.batch.delete(key);
        release.queued.push((device, message.row.body.len()));
        let class = message.row.class;
        for copy in copies.clone().filter(|copy| copy.is_ahead(device, (class, message.position))) {
            let key = queue_key(copy.to, class, message.position);
            if rows.get(&key)?.is_none() {
                message.inherited += 1;
                release.batch.put(key, []);
                release.inherited.push((copy.to, message.row.body.len()));
            }
        }
    }
    let changed = messages.into_iter().filter(|message| message.taken > 0);
    for QueuedMessage { position, mut row, taken, inherited } in changed {
        row.remaining = row.remaining.saturating_add(inherited);
        if row.remaining > taken {
            row.remaining -= taken;
            release.batch.put(message_key(position), row.encode());
        } else {
            release.batch.delete(message_key(position));
            release.dead.extend(row.body.parts());
            release.gone.push(position);
        }
    }
    Ok(release)
}

/// The first `limit` messages in the queue of `device`.
pub(crate) fn first_queued(
    engine: &(impl ReadRows + ?Sized),
    device: DeviceNumber,
    limit: usize,
) -> Result<Vec<Position>, StoreError> {
    let [from, to] = crate::row::queue_range(device);
    let mut positions = Vec::new();
    let mut bad = None;
    engine.scan((Bound::Included(&from), Bound::Included(&to)), &mut |key, _| {
        match parse_queue_key(key) {
            Ok((_, _, position)) => positions.push(position),
            Err(error) => bad = Some(error),
        }
        if positions.len() >= limit || bad.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    bad.map_or(Ok(positions), Err)
}

/// The messages at `positions` that still exist, in rising order.
pub(super) fn message_rows(
    rows: &Rows<impl ReadRows + ?Sized>,
    positions: impl Iterator<Item = Position>,
) -> Result<Vec<QueuedMessage>, StoreError> {
    let mut positions: Vec<Position> = positions.collect();
    positions.sort_unstable();
    positions.dedup();
    let keys: Vec<_> = positions.iter().map(|position| message_key(*position)).collect();
    let mut found = Vec::with_capacity(positions.len());
    rows.find(&keys, |place, row| found.push((place, MessageRow::decode(row))))?;
    // Rows of the memtable come before those of the engine.
    found.sort_unstable_by_key(|(place, _)| *place);
    let message = |(place, row): (usize, Result<_, _>)| {
        let position = *positions.get(place)?;
        Some(row.map(|row| QueuedMessage { position, row, taken: 0, inherited: 0 }))
    };
    found.into_iter().filter_map(message).collect()
}

/// Those of `keys` that exist.
pub(super) fn present<'k>(
    rows: &Rows<impl ReadRows + ?Sized>,
    keys: impl Iterator<Item = &'k [u8; QUEUE_KEY_BYTES]>,
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

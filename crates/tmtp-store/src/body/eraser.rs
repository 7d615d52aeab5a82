//! Eraser: a thread that punches holes for, or unlinks, the bodies whose rows are deleted.
//!
//! A body is submitted only after the deletion of its row is durable: a crash before the hole is
//! punched leaves bytes that no row names, which [`orphan_gc`](super::orphan_gc) finds; the other
//! order would leave a row that names a hole.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::dir::{Bodies, Live};
use super::write_buffer::Dead;
use crate::disk::Open;
use crate::error::StoreError;
use crate::extent::{BodyRef, Extent};

/// Batches that may wait; then the writer waits for the eraser, so that the disk cannot fill with
/// what is already dead.
const WAITING_BATCHES: usize = 256;
/// Extents erased with one sync.
const BATCH_EXTENTS: usize = 16_384;

/// How dead bodies get erased.
#[derive(Debug)]
pub(crate) enum Eraser {
    /// At once, by the caller.
    Inline(Arc<Bodies>),
    /// Soon, by a thread; `None` once it was told to finish.
    Thread(Arc<Bodies>, Option<(SyncSender<Vec<Dead>>, JoinHandle<()>)>),
}

impl Eraser {
    pub(crate) fn start(bodies: Arc<Bodies>) -> Result<Self, StoreError> {
        let (sender, receiver) = sync_channel(WAITING_BATCHES);
        let shared = Arc::clone(&bodies);
        let thread = std::thread::Builder::new()
            .name("store-eraser".into())
            .spawn(move || run(&shared, &receiver))
            .map_err(|error| StoreError::io("starting the eraser", error))?;
        Ok(Self::Thread(bodies, Some((sender, thread))))
    }

    /// Has `dead` erased. Their rows are durably gone.
    pub(crate) fn erase(&self, dead: Vec<BodyRef>) {
        match self {
            _ if dead.is_empty() => {}
            Self::Inline(bodies) => {
                bodies.metrics.dead.add(dead.len() as u64);
                erase(bodies, &bodies.forget_unwritten(dead));
            }
            Self::Thread(bodies, Some((sender, _))) => {
                bodies.metrics.dead.add(dead.len() as u64);
                // Fails only when the thread died; then orphan collection at the next start erases.
                drop(sender.send(bodies.forget_unwritten(dead)));
            }
            Self::Thread(_, None) => {}
        }
    }

    /// Waits until everything that was submitted is erased.
    pub(crate) fn finish(&mut self) {
        if let Self::Thread(_, running) = self
            && let Some((sender, thread)) = running.take()
        {
            drop(sender);
            if thread.join().is_err() {
                tracing::error!("the eraser failed; the next start erases what it left");
            }
        }
    }
}

/// Holds erasing back until it is dropped.
#[derive(Debug)]
pub(crate) struct HeldErasing(Arc<Bodies>);

impl Drop for HeldErasing {
    fn drop(&mut self) {
        let mut held = self.0.held();
        held.holders -= 1;
        if held.holders > 0 || held.closed {
            return;
        }
        let due = std::mem::take(&mut held.dead);
        drop(held);
        erase_batch(&self.0, &due);
    }
}

impl Bodies {
    /// From now on nothing is erased, until what is returned is dropped.
    pub(crate) fn hold_erasing(self: &Arc<Self>) -> HeldErasing {
        self.held().holders += 1;
        HeldErasing(self.clone())
    }
}

fn run(bodies: &Bodies, receiver: &Receiver<Vec<Dead>>) {
    while let Ok(mut dead) = receiver.recv() {
        while dead.len() < BATCH_EXTENTS
            && let Ok(more) = receiver.try_recv()
        {
            dead.extend(more);
        }
        erase(bodies, &dead);
    }
}

fn erase(bodies: &Bodies, dead: &[Dead]) {
    if !bodies.hold_back(dead) {
        erase_batch(bodies, dead);
    }
}

fn erase_batch(bodies: &Bodies, dead: &[Dead]) {
    let mut by_segment: BTreeMap<u32, (Live, Vec<Extent>)> = BTreeMap::new();
    let mut large_ids = Vec::new();
    for Dead { body, is_written } in dead {
        match body {
            BodyRef::Small(extent) => {
                let (gone, written) = by_segment.entry(extent.segment).or_default();
                gone.extents += 1;
                gone.bytes += u64::from(extent.len);
                if *is_written {
                    written.push(*extent);
                }
            }
            BodyRef::Large(large) => {
                let mut alive = bodies.alive();
                alive.large_bytes = alive.large_bytes.saturating_sub(large.len);
                large_ids.push(large.id);
            }
        }
    }
    let mut unlinked = false;
    for (segment, (gone, mut written)) in by_segment {
        written.sort_unstable();
        match erase_extents(bodies, segment, gone, &written) {
            Ok(whole) => unlinked |= whole,
            Err(error) => tracing::warn!(%error, segment, "erasing is left to the next start"),
        }
    }
    for id in &large_ids {
        if let Err(error) = bodies.unlink(&bodies.large_path(*id)) {
            tracing::warn!(%error, "erasing is left to the next start");
        }
    }
    let synced = if unlinked { bodies.sync_dir(bodies.dir()) } else { Ok(()) }.and_then(|()| {
        if large_ids.is_empty() { Ok(()) } else { bodies.sync_dir(&bodies.large_dir()) }
    });
    if let Err(error) = synced {
        tracing::warn!(%error, "erasing may be undone by a crash and is then done again");
    }
    bodies.metrics.erased.add(dead.len() as u64);
}

/// Counts what is `gone` from one segment and erases what was `written` of it, sorted; says whether
/// the segment went as a whole.
fn erase_extents(
    bodies: &Bodies,
    segment: u32,
    gone: Live,
    written: &[Extent],
) -> Result<bool, StoreError> {
    let mut alive = bodies.alive();
    let active = alive.active == Some(segment);
    let live = alive.segments.entry(segment).or_default();
    live.extents = live.extents.saturating_sub(gone.extents);
    live.bytes = live.bytes.saturating_sub(gone.bytes);
    if live.extents == 0 && !active {
        alive.segments.remove(&segment);
        drop(alive);
        bodies.unlink_segment(segment)?;
        return Ok(true);
    }
    drop(alive);
    if written.is_empty() {
        return Ok(false);
    }
    let failed = |error| StoreError::io("erasing a body", error);
    let file = match bodies.disk().open(&bodies.segment_path(segment), Open::Edit) {
        Ok(file) => file,
        // The writer left the segment meanwhile and unlinked it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(failed(error)),
    };
    for (from, to) in merged(written) {
        file.punch(from, to).map_err(failed)?;
    }
    bodies.note_unsynced(segment, &file);
    Ok(false)
}

/// Joins extents that touch: one system call erases what was posted together.
fn merged(extents: &[Extent]) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for extent in extents {
        let from = u64::from(extent.offset);
        let to = from + u64::from(extent.len);
        match ranges.last_mut() {
            Some(last) if last.1 == from => last.1 = to,
            _ => ranges.push((from, to)),
        }
    }
    ranges
}

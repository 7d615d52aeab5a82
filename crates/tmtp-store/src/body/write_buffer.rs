//! Write buffer: small bodies that are in the log and not in their segment yet.
//!
//! Most messages are delivered within milliseconds: their bodies are dead before the next checkpoint
//! and never reach a segment at all. Only the writer puts bodies in and takes them out, so that none
//! can die while it is written; any thread reads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::{Bodies, BodyRef, Dead, Extent};
use crate::disk::{DiskFile, Open};
use crate::error::StoreError;
use crate::sorted_queue::SortedQueue;

/// Bytes of memory for bodies that wait for the checkpoint; then the older half is written before it.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bodies that touch are written together, about so many bytes of them.
const RUN_BYTES: usize = 256 * 1024;

/// A body costs this much memory beside its bytes.
const BODY_BYTES: usize = 256;

/// Where a body is to lie, and its head and data.
pub(crate) type Placed = (Extent, [Bytes; 2]);

/// The bodies, in the order of their places.
#[derive(Debug, Default)]
pub(super) struct WriteBuffer(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    bodies: SortedQueue<Extent, [Bytes; 2]>,
    bytes: usize,
}

impl WriteBuffer {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The body that is to lie at `extent`, if it waits here.
    pub(super) fn get(&self, extent: &Extent) -> Option<Bytes> {
        let parts = self.state().bodies.get(extent)?.clone();
        Some(parts.concat().into())
    }

    /// The first bodies that touch each other, if there are more than `max` bytes in all.
    fn first_run(&self, max: usize) -> Option<Vec<Placed>> {
        let state = self.state();
        let (first, _) = state.bodies.iter().next().filter(|_| state.bytes > max)?;
        let mut end = first.offset;
        let run = state.bodies.iter().take_while(|(extent, _)| {
            let touches = extent.segment == first.segment && extent.offset == end;
            let is_short = (end - first.offset) < RUN_BYTES as u32;
            end = extent.offset + extent.len;
            touches && is_short
        });
        Some(run.map(|(extent, parts)| (*extent, parts.clone())).collect())
    }
}

fn weight(extent: &Extent) -> usize {
    BODY_BYTES + extent.len as usize
}

impl State {
    fn take(&mut self, extent: &Extent) -> bool {
        let taken = self.bodies.remove(extent).is_some();
        if taken {
            self.bytes -= weight(extent);
        }
        taken
    }
}

impl Bodies {
    /// Keeps bodies that are in the log, until they are dead or have to be written.
    pub(crate) fn keep_unwritten(&self, group: impl Iterator<Item = Placed>) {
        let mut state = self.write_buffer.state();
        for (extent, parts) in group {
            if state.bodies.insert(extent, parts).is_none() {
                state.bytes += weight(&extent);
            }
        }
    }

    /// Forgets those of `dead` that wait here: their places never have to be erased.
    pub(super) fn forget_unwritten(&self, dead: Vec<BodyRef>) -> Vec<Dead> {
        let mut state = self.write_buffer.state();
        let mut is_written = |body: &BodyRef| match body {
            BodyRef::Small(extent) => !state.take(extent),
            BodyRef::Large(_) => true,
        };
        dead.into_iter().map(|body| Dead { is_written: is_written(&body), body }).collect()
    }

    /// Writes the older bodies to their segments if many wait: never more than there is room for
    /// on a disk that takes no new messages.
    pub(crate) fn write_some(&self) -> Result<(), StoreError> {
        let max = usize::try_from(self.reserve_bytes / 2).unwrap_or(usize::MAX).min(BYTES_MAX);
        let waiting = self.write_buffer.state().bytes;
        if waiting > max { self.write_down_to(max / 2) } else { Ok(()) }
    }

    /// Writes all bodies that wait to their segments.
    pub(crate) fn write_all(&self) -> Result<(), StoreError> {
        self.write_down_to(0)
    }

    fn write_down_to(&self, max: usize) -> Result<(), StoreError> {
        let failed = |error| StoreError::io("writing bodies", error);
        let mut open: Option<(u32, Arc<dyn DiskFile>)> = None;
        let mut bytes = Vec::new();
        while let Some(run) = self.write_buffer.first_run(max)
            && let Some((first, _)) = run.first()
        {
            let segment = first.segment;
            let file = match open.take() {
                Some((number, file)) if number == segment => file,
                _ => self.disk().open(&self.segment_path(segment), Open::Edit).map_err(failed)?,
            };
            self.note_unsynced(segment, &file);
            bytes.clear();
            run.iter().flat_map(|(_, parts)| parts).for_each(|part| bytes.extend_from_slice(part));
            file.write_all_at(&bytes, u64::from(first.offset)).map_err(failed)?;
            open = Some((segment, file));
            let mut state = self.write_buffer.state();
            for (extent, _) in &run {
                state.take(extent);
            }
        }
        Ok(())
    }
}

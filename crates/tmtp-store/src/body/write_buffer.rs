//! Write buffer: small bodies that are in the log and not in their segment yet.
//!
//! Most messages are delivered within milliseconds: their bodies are dead before the next checkpoint
//! and never reach a segment at all. Only the writer puts bodies in and takes them out, so that none
//! can die while it is written; any thread reads.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::extent::{BodyRef, Extent};
use crate::sorted_queue::SortedQueue;

/// Bodies that touch are written together, about so many bytes of them.
const RUN_BYTES: usize = 256 * 1024;

/// A body costs this much memory beside its bytes.
const BODY_BYTES: usize = 256;

/// Where a body is to lie, and its head and data.
pub(crate) type Placed = (Extent, [Bytes; 2]);

/// A body that no row names any more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dead {
    pub(super) body: BodyRef,
    /// Whether it ever came to its place.
    pub(super) is_written: bool,
}

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

    /// Bytes of memory that the bodies take.
    pub(super) fn bytes(&self) -> usize {
        self.state().bytes
    }

    pub(super) fn keep(&self, group: impl Iterator<Item = Placed>) {
        let mut state = self.state();
        for (extent, parts) in group {
            if state.bodies.insert(extent, parts).is_none() {
                state.bytes += weight(&extent);
            }
        }
    }

    /// Forgets those of `dead` that wait here.
    pub(super) fn forget(&self, dead: Vec<BodyRef>) -> Vec<Dead> {
        let mut state = self.state();
        let mut is_written = |body: &BodyRef| match body {
            BodyRef::Small(extent) => !state.take(extent),
            BodyRef::Large(_) => true,
        };
        dead.into_iter().map(|body| Dead { is_written: is_written(&body), body }).collect()
    }

    /// Forgets bodies that are written now.
    pub(super) fn remove(&self, run: &[Placed]) {
        let mut state = self.state();
        for (extent, _) in run {
            state.take(extent);
        }
    }

    /// The first bodies that touch each other, if there are more than `max` bytes in all.
    pub(super) fn first_run(&self, max: usize) -> Option<Vec<Placed>> {
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

//! Segment allocator: gives small bodies their places. Used by the writer thread alone.
//!
//! Bodies are appended to the active segment in groups. A group is named by rows in the record of the
//! log that holds the bodies too; the segment gets those that are still alive later, see
//! [`write_buffer`](super::write_buffer). A segment of an earlier run is never appended to, its end may be
//! torn.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::write_buffer::Placed;
use super::{Bodies, SEGMENT_BYTES};
use crate::disk::Open;
use crate::error::StoreError;
use crate::extent::{BodyRef, Extent};
use crate::wal::record::Run;

/// The end of the active segment.
#[derive(Debug)]
pub(crate) struct Appender {
    bodies: Arc<Bodies>,
    next_segment: u32,
    active: Option<Active>,
    group: Vec<Placed>,
}

#[derive(Debug)]
struct Active {
    segment: u32,
    /// Where the next body goes.
    end: u32,
}

impl Appender {
    pub(crate) fn new(bodies: Arc<Bodies>, next_segment: u32) -> Self {
        Self { bodies, next_segment, active: None, group: Vec::new() }
    }

    /// Adds a body made of `parts`, whose sum is `crc32c`, to the group and counts it as alive.
    pub(crate) fn append(&mut self, parts: [Bytes; 2], crc32c: u32) -> Result<Extent, StoreError> {
        let len: usize = parts.iter().map(Bytes::len).sum();
        let len = u32::try_from(len)
            .ok()
            .filter(|len| *len <= SEGMENT_BYTES)
            .ok_or(StoreError::TooLong { len, max: SEGMENT_BYTES as usize })?;
        // A group lies in one segment, which it may make a little too long.
        let is_full = self.active.as_ref().is_some_and(|active| active.end + len > SEGMENT_BYTES);
        if self.group.is_empty() && is_full {
            self.retire();
        }
        if self.active.is_none() {
            self.start_segment()?;
        }
        let Some(active) = &mut self.active else { return Err(StoreError::Closed) };
        let extent = Extent { segment: active.segment, offset: active.end, len, crc32c };
        active.end += len;
        self.bodies.add_live(&BodyRef::Small(extent));
        self.group.push((extent, parts));
        Ok(extent)
    }

    /// The bodies of the group, for the WAL.
    pub(crate) fn group(&self) -> Option<Run<impl Iterator<Item = &[u8]>>> {
        let (Extent { segment, offset, .. }, _) = *self.group.first()?;
        let bytes = self.group.iter().flat_map(|(_, parts)| parts).map(|part| &**part);
        Some(Run { segment, offset, bytes })
    }

    /// The group is in the WAL, or refused and about to be erased.
    pub(crate) fn end_group(&mut self) {
        if !self.group.is_empty() {
            self.bodies.keep_unwritten(self.group.drain(..));
        }
    }

    /// Gives memory back, and leaves the active segment if all of it is dead, so that nothing stays
    /// on an idle disk.
    pub(crate) fn rest(&mut self) {
        self.group = Vec::new();
        let Some(active) = &self.active else { return };
        let alive = self.bodies.alive();
        let is_dead = alive.segments.get(&active.segment).is_none_or(|live| live.extents == 0);
        drop(alive);
        if is_dead {
            self.retire();
        }
    }

    /// Closes the active segment, and unlinks it when nothing in it is alive.
    pub(crate) fn retire(&mut self) {
        let Some(active) = self.active.take() else { return };
        let mut alive = self.bodies.alive();
        alive.active = None;
        let dead = alive.segments.get(&active.segment).is_none_or(|live| live.extents == 0);
        if dead {
            alive.segments.remove(&active.segment);
        }
        drop(alive);
        if dead && let Err(error) = self.bodies.unlink_segment(active.segment) {
            tracing::warn!(%error, "a dead body segment stays until the next start");
        }
    }

    fn start_segment(&mut self) -> Result<(), StoreError> {
        let segment = self.next_segment;
        self.bodies
            .disk()
            .open(&self.bodies.segment_path(segment), Open::Make)
            .map_err(|error| StoreError::io("starting a body segment", error))?;
        self.next_segment = segment.checked_add(1).ok_or_else(|| {
            StoreError::io("starting a body segment", io::Error::other("no numbers left"))
        })?;
        self.bodies.sync_dir(self.bodies.dir())?;
        let mut alive = self.bodies.alive();
        alive.active = Some(segment);
        alive.segments.entry(segment).or_default();
        self.active = Some(Active { segment, end: 0 });
        Ok(())
    }
}

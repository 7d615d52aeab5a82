//! Appending small bodies: used by the writer thread alone.
//!
//! A group of bodies is appended, written, and named by rows in the record of the journal that holds
//! the bodies too; the segment is synced later, with the checkpoint. When it cannot be written the
//! group's bytes are cut off and the next group starts a new segment. A segment of an earlier run is
//! never appended to, its end may be torn.

use std::io;
use std::sync::Arc;

use super::{Bodies, BodyRef, Extent, SEGMENT_BYTES};
use crate::store::disk::{DiskFile, Open};
use crate::store::error::StoreError;
use crate::store::journal::record::Run;

/// What the memory for a group may keep of its length.
const BUFFER_BYTES: usize = 256 * 1024;

/// The end of the active segment.
#[derive(Debug)]
pub(crate) struct Appender {
    bodies: Arc<Bodies>,
    next_segment: u32,
    active: Option<Active>,
    /// The bodies of the group.
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Active {
    segment: u32,
    file: Arc<dyn DiskFile>,
    /// Where the group begins.
    end: u32,
}

impl Appender {
    pub(crate) fn new(bodies: Arc<Bodies>, next_segment: u32) -> Self {
        Self { bodies, next_segment, active: None, buffer: Vec::new() }
    }

    /// Adds a body made of `parts` to the group and counts it as alive.
    pub(crate) fn append(&mut self, parts: [&[u8]; 2]) -> Result<Extent, StoreError> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let len = u32::try_from(len)
            .ok()
            .filter(|len| *len <= SEGMENT_BYTES)
            .ok_or(StoreError::TooLong { len, max: SEGMENT_BYTES as usize })?;
        // A group lies in one segment, which it may make a little too long.
        let is_full = self.active.as_ref().is_some_and(|active| active.end + len > SEGMENT_BYTES);
        if self.buffer.is_empty() && is_full {
            self.retire();
        }
        if self.active.is_none() {
            self.start_segment()?;
        }
        let Some(active) = &self.active else { return Err(StoreError::Closed) };
        let extent = Extent {
            segment: active.segment,
            offset: active.end + self.buffer.len() as u32,
            len,
            crc32c: crc32c::crc32c_append(crc32c::crc32c(parts[0]), parts[1]),
        };
        self.bodies.add_live(&BodyRef::Small(extent));
        parts.iter().for_each(|part| self.buffer.extend_from_slice(part));
        Ok(extent)
    }

    /// Hands the group to the system. It is not durable by that: see [`Self::group`].
    pub(crate) fn write(&mut self) -> Result<(), StoreError> {
        if let Some(active) = &self.active
            && !self.buffer.is_empty()
        {
            self.bodies.note_unsynced(active.segment, &active.file);
            active
                .file
                .write_all_at(&self.buffer, u64::from(active.end))
                .map_err(|error| StoreError::io("writing bodies", error))?;
        }
        Ok(())
    }

    /// The bodies of the group, for the journal.
    pub(crate) fn group(&self) -> Option<Run<&[u8]>> {
        let active = self.active.as_ref().filter(|_| !self.buffer.is_empty())?;
        Some(Run { segment: active.segment, offset: active.end, bytes: &self.buffer })
    }

    /// The group is in the journal, or refused and about to be erased.
    pub(crate) fn end_group(&mut self) {
        if let Some(active) = &mut self.active {
            active.end += self.buffer.len() as u32;
        }
        self.clear();
    }

    /// Forgets the group when it could not be written, and leaves the segment. The caller erases
    /// the extents.
    pub(crate) fn abandon(&mut self) {
        self.clear();
        if let Some(active) = &self.active {
            // Best effort: what stays is erased by the caller, or swept at the next open.
            let _ = active.file.set_len(u64::from(active.end));
        }
        self.retire();
    }

    fn clear(&mut self) {
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_BYTES);
    }

    /// Gives memory back, and leaves the active segment if all of it is dead, so that nothing stays
    /// on an idle disk.
    pub(crate) fn rest(&mut self) {
        self.buffer = Vec::new();
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
        let file = self
            .bodies
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
        self.active = Some(Active { segment, file, end: 0 });
        Ok(())
    }
}

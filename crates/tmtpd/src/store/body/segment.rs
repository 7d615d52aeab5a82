//! Appending small bodies: used by the writer thread alone.
//!
//! A group of bodies is appended, synced once, and only then named by rows. If anything fails the
//! rest of the segment is not trusted: the group's bytes are cut off and the next group starts a
//! new segment. A segment of an earlier run is never appended to, its end may be torn.

use std::io;
use std::sync::Arc;

use super::{Bodies, BodyRef, Extent, SEGMENT_BYTES};
use crate::store::disk::{DiskFile, Open};
use crate::store::error::StoreError;

/// Bytes gathered before they are handed to the system.
const BUFFER_BYTES: usize = 1 << 20;

/// The end of the active segment.
#[derive(Debug)]
pub(crate) struct Appender {
    bodies: Arc<Bodies>,
    next_segment: u32,
    active: Option<Active>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Active {
    segment: u32,
    file: Arc<dyn DiskFile>,
    /// Where the bytes of the buffer go.
    written: u32,
    /// Up to where the group before ended: what a failure cuts back to.
    synced: u32,
}

impl Appender {
    pub(crate) fn new(bodies: Arc<Bodies>, next_segment: u32) -> Self {
        Self { bodies, next_segment, active: None, buffer: Vec::new() }
    }

    /// Appends a body made of `parts` and counts it as alive. Not durable before [`Self::sync`].
    pub(crate) fn append(&mut self, parts: [&[u8]; 2]) -> Result<Extent, StoreError> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let len = u32::try_from(len)
            .ok()
            .filter(|len| *len <= SEGMENT_BYTES)
            .ok_or(StoreError::TooLong { len, max: SEGMENT_BYTES as usize })?;
        let waiting = self.buffer.len() as u32; // at most BUFFER_BYTES plus one body
        if self.active.as_ref().is_some_and(|active| active.written + waiting + len > SEGMENT_BYTES)
        {
            self.sync()?;
            self.retire();
        }
        if self.active.is_none() {
            self.start_segment()?;
        }
        let Some(active) = &self.active else { return Err(StoreError::Closed) };
        let extent = Extent {
            segment: active.segment,
            offset: active.written + self.buffer.len() as u32,
            len,
            crc32c: crc32c::crc32c_append(crc32c::crc32c(parts[0]), parts[1]),
        };
        self.bodies.add_live(&BodyRef::Small(extent));
        parts.iter().for_each(|part| self.buffer.extend_from_slice(part));
        if self.buffer.len() >= BUFFER_BYTES {
            self.write_out()?;
        }
        Ok(extent)
    }

    /// Makes everything appended so far durable.
    pub(crate) fn sync(&mut self) -> Result<(), StoreError> {
        self.write_out()?;
        if let Some(active) = &mut self.active
            && active.synced < active.written
        {
            active.file.sync_data().map_err(|error| StoreError::io("syncing bodies", error))?;
            active.synced = active.written;
        }
        Ok(())
    }

    /// Forgets what was appended since the last [`Self::sync`] after a failure, and leaves the
    /// segment: what a failed sync did to it cannot be known. The caller erases the extents.
    pub(crate) fn abandon(&mut self) {
        self.buffer.clear();
        if let Some(active) = &self.active {
            // Best effort: what stays is erased by the caller, or swept at the next open.
            let _ = active.file.set_len(u64::from(active.synced));
        }
        self.retire();
    }

    /// Leaves the active segment if all of it is dead, so that nothing stays on an idle disk.
    /// Says whether there is still an active segment.
    pub(crate) fn retire_if_dead(&mut self) -> bool {
        let Some(active) = &self.active else { return false };
        let alive = self.bodies.alive();
        if alive.segments.get(&active.segment).is_some_and(|live| live.extents > 0) {
            return true;
        }
        drop(alive);
        self.retire();
        false
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

    fn write_out(&mut self) -> Result<(), StoreError> {
        if let Some(active) = &mut self.active
            && !self.buffer.is_empty()
        {
            active
                .file
                .write_all_at(&self.buffer, u64::from(active.written))
                .map_err(|error| StoreError::io("writing bodies", error))?;
            active.written += self.buffer.len() as u32;
        }
        self.buffer.clear();
        Ok(())
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
        self.active = Some(Active { segment, file, written: 0, synced: 0 });
        Ok(())
    }
}

//! Orphan collection at open: whatever no row names is erased.
//!
//! What it may find: bodies whose row was never committed, bodies whose row was deleted just before
//! a crash, large bodies half received. It runs on a thread of its own while the service already
//! works, which is safe because new bodies only go into files with higher numbers than any it saw.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::Bodies;
use crate::disk::Open;
use crate::error::StoreError;
use crate::extent::{BodyRef, Extent};

/// What the rows name, gathered while they are scanned at open.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// (segment, offset, length), touching ones joined: messages that came one after the other lie
    /// so, and of a million that wait few ranges remain.
    extents: Vec<(u32, u32, u32)>,
    large_ids: Vec<u64>,
}

impl Named {
    pub(crate) fn add(&mut self, body: BodyRef) {
        match body {
            BodyRef::Small(Extent { segment, offset, len, .. }) => match self.extents.last_mut() {
                Some((last, from, joined))
                    if *last == segment && from.checked_add(*joined) == Some(offset) =>
                {
                    *joined = joined.saturating_add(len);
                }
                _ => self.extents.push((segment, offset, len)),
            },
            BodyRef::Large(large) => self.large_ids.push(large.id),
        }
    }

    /// Highest segment number and highest large id named.
    pub(crate) fn highest(&self) -> (u32, u64) {
        let segment = self.extents.iter().map(|extent| extent.0).max().unwrap_or(0);
        (segment, self.large_ids.iter().copied().max().unwrap_or(0))
    }
}

/// The files found at open, before anything new is written.
#[derive(Debug)]
pub(crate) struct Found {
    segments: Vec<u32>,
    large_ids: Vec<u64>,
}

impl Found {
    pub(crate) fn list(bodies: &Bodies) -> Result<Self, StoreError> {
        let segments = names(bodies, bodies.dir())?
            .iter()
            .filter_map(|name| name.strip_suffix(".seg")?.parse().ok())
            .collect();
        let large_ids = names(bodies, &bodies.large_dir())?
            .iter()
            .filter_map(|name| u64::from_str_radix(name, 16).ok())
            .collect();
        Ok(Self { segments, large_ids })
    }

    /// Highest segment number and highest large id found.
    pub(crate) fn highest(&self) -> (u32, u64) {
        let segment = self.segments.iter().copied().max().unwrap_or(0);
        (segment, self.large_ids.iter().copied().max().unwrap_or(0))
    }
}

impl Found {
    /// Files in which `named` names nothing.
    pub(crate) fn dead_files(&self, named: &Named) -> u64 {
        let segments: BTreeSet<u32> = named.extents.iter().map(|extent| extent.0).collect();
        let large_ids: BTreeSet<u64> = named.large_ids.iter().copied().collect();
        let dead = self.segments.iter().filter(|segment| !segments.contains(segment)).count()
            + self.large_ids.iter().filter(|id| !large_ids.contains(id)).count();
        dead as u64
    }
}

fn names(bodies: &Bodies, dir: &Path) -> Result<Vec<String>, StoreError> {
    bodies.disk().list(dir).map_err(|error| StoreError::io("listing bodies", error))
}

/// A collection that is to be done once.
#[derive(Debug)]
pub(crate) struct OrphanGc {
    pub(crate) bodies: Arc<Bodies>,
    pub(crate) found: Found,
    pub(crate) named: Named,
}

impl OrphanGc {
    /// Erases everything that was found and is not named.
    pub(crate) fn run(self) {
        if let Err(error) = collect(&self.bodies, &self.found, self.named) {
            tracing::error!(%error, "the erasure of orphaned bodies did not finish; restart to try again");
        }
    }
}

fn collect(bodies: &Bodies, found: &Found, mut named: Named) -> Result<(), StoreError> {
    named.large_ids.sort_unstable();
    for id in &found.large_ids {
        if named.large_ids.binary_search(id).is_err() {
            bodies.unlink(&bodies.large_path(*id))?;
        }
    }
    named.extents.sort_unstable();
    for segment in &found.segments {
        let from = named.extents.partition_point(|extent| extent.0 < *segment);
        let to = named.extents.partition_point(|extent| extent.0 <= *segment);
        match named.extents.get(from..to) {
            None | Some([]) => bodies.unlink_segment(*segment)?,
            Some(extents) => collect_segment(bodies, *segment, extents)?,
        }
    }
    bodies.sync_dir(bodies.dir())?;
    bodies.sync_dir(&bodies.large_dir())
}

/// Punches the gaps between the sorted live `extents`, and cuts off what lies behind the last.
fn collect_segment(
    bodies: &Bodies,
    segment: u32,
    extents: &[(u32, u32, u32)],
) -> Result<(), StoreError> {
    const DOING: &str = "erasing orphans of a body segment";
    let file = match bodies.disk().open(&bodies.segment_path(segment), Open::Edit) {
        Ok(file) => file,
        // All of it was acknowledged meanwhile; or it is missing, which readers report.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::io(DOING, error)),
    };
    let mut end = 0;
    for (_, offset, len) in extents {
        file.punch(end, u64::from(*offset)).map_err(|error| StoreError::io(DOING, error))?;
        end = end.max(u64::from(*offset) + u64::from(*len));
    }
    let len = file.len().map_err(|error| StoreError::io(DOING, error))?;
    if len > end {
        file.set_len(end).map_err(|error| StoreError::io(DOING, error))?;
    }
    file.sync_data().map_err(|error| StoreError::io(DOING, error))
}

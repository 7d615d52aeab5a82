//! Backup of a running store: the rows of one moment, and the bodies they name.
//!
//! Erasing is held back first, so that nothing the rows of that moment name disappears while it is
//! copied. Then a checkpoint brings all that is committed to the engine, its rows are read in one
//! transaction, and each body is copied as its row passes, checked against its sum. The rows get their name last: a copy that was interrupted is a folder of
//! bodies without rows, which neither opens nor passes a check.
//!
//! What is restored from a copy continues where the copy was made: what has been delivered since
//! is delivered again, under the same ids, so that apps drop what they have; ids of new messages
//! follow the clock and lie above all that were ever given.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::batch::Change;
use crate::body::Bodies;
use crate::body::large::LargeReader;
use crate::data_dir::ROWS_FILE;
use crate::disk::{Disk, DiskFile, Open};
use crate::engine::redb::RedbEngine;
use crate::engine::{Engine, ReadRows};
use crate::error::StoreError;
use crate::extent::{BodyRef, Extent, LargeRef};
use crate::row::{MessageRow, WAL_KEY, message_of};
use crate::store::Copied;

const DOING: &str = "copying the store";
/// Rows that the copy gets with one commit.
const BATCH_ROWS: usize = 16 * 1024;
/// Memory for the rows of the copy, in bytes.
const CACHE_BYTES: usize = 8 * 1024 * 1024;
/// A large body is copied in pieces of so many bytes.
const PIECE_BYTES: usize = 256 * 1024;
/// Segments of the copy that are open at once.
const OPEN_SEGMENTS: usize = 64;
/// Files beside the store that belong into a copy: without them it is another service to apps.
const KEYS_DIR: &str = "tls";

/// Copies what `engine`, after a `checkpoint`, and `bodies` hold into the folder `to`.
pub(crate) fn copy(
    engine: &(impl ReadRows + ?Sized),
    bodies: &Arc<Bodies>,
    checkpoint: impl FnOnce() -> Result<(), StoreError>,
    to: &Path,
) -> Result<Copied, StoreError> {
    let disk = bodies.disk().clone();
    let failed = |error| StoreError::io(DOING, error);
    disk.make_dir(to).map_err(failed)?;
    if !disk.list(to).map_err(failed)?.is_empty() {
        return Err(StoreError::NotEmpty { path: to.to_owned() });
    }
    disk.make_dir(&to.join("bodies").join("large")).map_err(failed)?;
    drop(disk.lock(&to.join("LOCK"), Open::EditOrMake).map_err(failed)?);
    let unnamed = to.join(ROWS_FILE).with_added_extension("part");
    let mut copying = BackupTarget {
        rows: RedbEngine::open_on(disk.clone(), &unnamed, CACHE_BYTES)?,
        changes: Vec::new(),
        from: bodies.clone(),
        to: to.join("bodies"),
        segments: BTreeMap::new(),
        copied: Copied::default(),
    };
    // In this order: what dies from now on stays, and the rows name nothing that has died before.
    let held = bodies.hold_erasing();
    checkpoint()?;
    let mut failure = None;
    engine.scan((Bound::Unbounded, Bound::Unbounded), &mut |key, value| match copying
        .row(key, value)
    {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    })?;
    drop(held);
    failure.map_or(Ok(()), Err)?;
    let copied = copying.finish()?;
    if let Some(data_dir) = bodies.dir().parent() {
        copy_keys(&*disk, &data_dir.join(KEYS_DIR), &to.join(KEYS_DIR))?;
    }
    disk.rename(&unnamed, &to.join(ROWS_FILE)).map_err(failed)?;
    for dir in [to.join("bodies").join("large"), to.join("bodies"), to.to_owned()] {
        disk.sync_dir(&dir).map_err(failed)?;
    }
    Ok(copied)
}

/// A backup that is being made.
struct BackupTarget {
    rows: RedbEngine,
    changes: Vec<Change>,
    from: Arc<Bodies>,
    to: PathBuf,
    segments: BTreeMap<u32, Arc<dyn DiskFile>>,
    copied: Copied,
}

impl BackupTarget {
    fn row(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        if let Ok(id) = message_of(key) {
            self.copied.messages += 1;
            for part in MessageRow::decode(value)?.body.parts() {
                match self.body(part) {
                    Ok(bytes) => self.copied.body_bytes += bytes,
                    // The rest is worth having all the more.
                    Err(StoreError::Corrupt { .. }) => self.copied.damaged.push(id),
                    Err(error) => return Err(error),
                }
            }
        }
        if key == WAL_KEY {
            return Ok(()); // a copy has none
        }
        self.copied.rows += 1;
        self.changes.push(Change::Put(key.into(), value.to_vec()));
        if self.changes.len() >= BATCH_ROWS {
            self.commit()?;
        }
        Ok(())
    }

    fn body(&mut self, body: BodyRef) -> Result<u64, StoreError> {
        match body {
            BodyRef::Small(extent) => self.small(&extent),
            BodyRef::Large(large) => self.large(large),
        }
    }

    /// To the same place in a segment of the same number; what lies between becomes a hole.
    fn small(&mut self, extent: &Extent) -> Result<u64, StoreError> {
        let bytes = self.from.read_small(extent)?;
        let segment = self.segment(extent.segment)?;
        segment
            .write_all_at(&bytes, u64::from(extent.offset))
            .map_err(|error| StoreError::io(DOING, error))?;
        Ok(bytes.len() as u64)
    }

    fn segment(&mut self, segment: u32) -> Result<Arc<dyn DiskFile>, StoreError> {
        if let Some(file) = self.segments.get(&segment) {
            return Ok(file.clone());
        }
        if self.segments.len() >= OPEN_SEGMENTS
            && let Some((_, full)) = self.segments.pop_first()
        {
            full.sync_data().map_err(|error| StoreError::io(DOING, error))?;
        }
        let path = self.to.join(format!("{segment:08}.seg"));
        let file = self.from.disk().open(&path, Open::EditOrMake);
        let file = file.map_err(|error| StoreError::io(DOING, error))?;
        self.segments.insert(segment, file.clone());
        Ok(file)
    }

    fn large(&mut self, large: LargeRef) -> Result<u64, StoreError> {
        let failed = |error| StoreError::io(DOING, error);
        let mut reader = LargeReader::open(&self.from, large)?;
        let path = self.to.join("large").join(format!("{:016x}", large.id));
        let file = self.from.disk().open(&path, Open::Make).map_err(failed)?;
        let mut at = 0;
        while let Some(piece) = reader.next(PIECE_BYTES)? {
            file.write_all_at(&piece, at).map_err(failed)?;
            at += piece.len() as u64;
        }
        file.sync_data().map_err(failed)?;
        Ok(at)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.rows.commit(&std::mem::take(&mut self.changes))
    }

    fn finish(mut self) -> Result<Copied, StoreError> {
        self.commit()?;
        for file in self.segments.values() {
            file.sync_data().map_err(|error| StoreError::io(DOING, error))?;
        }
        self.rows.close()?;
        Ok(self.copied)
    }
}

fn copy_keys(disk: &dyn Disk, from: &Path, to: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::io("copying the keys", error);
    let names = match disk.list(from) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        names => names.map_err(failed)?,
    };
    disk.make_dir(to).map_err(failed)?;
    for name in names {
        let file = disk.open(&from.join(&name), Open::Read).map_err(failed)?;
        let mut bytes = vec![0; file.len().map_err(failed)? as usize];
        file.read_exact_at(&mut bytes, 0).map_err(failed)?;
        let copy = disk.open(&to.join(&name), Open::Make).map_err(failed)?;
        copy.write_all_at(&bytes, 0).and_then(|()| copy.sync_data()).map_err(failed)?;
    }
    disk.sync_dir(to).map_err(failed)
}

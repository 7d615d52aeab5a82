//! Directory of bodies: its files, what is alive in each, and what waits to be written or erased.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::write_buffer::{Dead, Placed, WriteBuffer};
use crate::disk::{Disk, DiskFile, Open};
use crate::error::StoreError;
use crate::extent::{BodyRef, Extent};
use crate::metrics::StoreMetrics;

/// How many segments are kept open for reading.
const OPEN_SEGMENTS: usize = 64;
/// Bytes of memory for bodies that wait for the checkpoint; then the older half is written before it.
const WRITE_BUFFER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What is alive in one segment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Live {
    pub(crate) extents: u32,
    pub(crate) bytes: u64,
}

/// The directory of bodies, shared by the writer, the eraser and all readers.
#[derive(Debug)]
pub(crate) struct Bodies {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    live: Mutex<Alive>,
    write_buffer: WriteBuffer,
    /// Segments open for reading; only a cache.
    open: Mutex<BTreeMap<u32, Arc<dyn DiskFile>>>,
    /// Segments that were written or punched since they were synced.
    unsynced: Mutex<BTreeMap<u32, Arc<dyn DiskFile>>>,
    next_large: AtomicU64,
    /// Whether a large body that nobody took over was unlinked since its directory was synced.
    unlinked_large: AtomicBool,
    /// Large bodies that turned out damaged while they were read.
    damaged_large: Mutex<BTreeSet<u64>>,
    held: Mutex<HeldErasures>,
    reserve_bytes: u64,
    /// What writer and eraser count.
    pub(crate) metrics: StoreMetrics,
}

/// Erasures that wait until a copy is made.
#[derive(Debug, Default)]
pub(super) struct HeldErasures {
    /// Number of copies being made.
    pub(super) holders: usize,
    pub(super) dead: Vec<Dead>,
    /// The store is closed, and its files may be another's: what is dead is left to the next orphan collection.
    pub(super) closed: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Alive {
    /// The segment the writer appends to: never unlinked by the eraser.
    pub(crate) active: Option<u32>,
    pub(crate) segments: HashMap<u32, Live>,
    pub(crate) large_bytes: u64,
}

impl Bodies {
    /// Uses the directory `dir`. New messages leave `reserve_bytes` of the disk free, so that
    /// acknowledgements, which make room, can always be committed.
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: PathBuf, reserve_bytes: u64) -> Self {
        Self {
            disk,
            dir,
            live: Mutex::default(),
            write_buffer: WriteBuffer::default(),
            open: Mutex::default(),
            unsynced: Mutex::default(),
            next_large: AtomicU64::new(1),
            unlinked_large: AtomicBool::new(false),
            damaged_large: Mutex::default(),
            held: Mutex::default(),
            reserve_bytes,
            metrics: StoreMetrics::default(),
        }
    }

    /// Makes the directories where they are missing.
    pub(crate) fn make_dirs(&self) -> Result<(), StoreError> {
        self.disk
            .make_dir(&self.large_dir())
            .map_err(|error| StoreError::io("making the directory of bodies", error))
    }

    /// Whether the disk has room for something new.
    pub(crate) fn check_room(&self) -> Result<(), StoreError> {
        match self.disk.free_bytes(&self.dir) {
            Ok(free) if free < self.reserve_bytes => Err(StoreError::Full),
            Ok(_) => Ok(()),
            Err(error) => Err(StoreError::io("asking for free room", error)),
        }
    }

    pub(crate) fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    pub(super) fn held(&self) -> MutexGuard<'_, HeldErasures> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nothing is erased that was held back.
    pub(crate) fn close(&self) {
        self.held().closed = true;
    }

    /// Whether the dead have to wait; then they are remembered.
    pub(crate) fn hold_back(&self, dead: &[Dead]) -> bool {
        let mut held = self.held();
        if held.holders > 0 {
            held.dead.extend_from_slice(dead);
        }
        held.holders > 0
    }

    /// A large body is damaged: it is not begun again.
    pub(crate) fn note_damaged(&self, large_id: u64) {
        self.damaged_large.lock().unwrap_or_else(PoisonError::into_inner).insert(large_id);
    }

    pub(crate) fn is_known_damaged(&self, large_id: u64) -> bool {
        self.damaged_large.lock().unwrap_or_else(PoisonError::into_inner).contains(&large_id)
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn large_dir(&self) -> PathBuf {
        self.dir.join("large")
    }

    pub(crate) fn segment_path(&self, segment: u32) -> PathBuf {
        self.dir.join(format!("{segment:08}.seg"))
    }

    pub(crate) fn large_path(&self, id: u64) -> PathBuf {
        self.dir.join("large").join(format!("{id:016x}"))
    }

    pub(crate) fn new_large_id(&self) -> u64 {
        self.next_large.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn start_large_ids_at(&self, id: u64) {
        self.next_large.store(id, Ordering::Relaxed);
    }

    pub(crate) fn alive(&self) -> MutexGuard<'_, Alive> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a body as alive: before its row is committed, so that nothing can unlink its segment.
    pub(crate) fn add_live(&self, body: &BodyRef) {
        let mut alive = self.alive();
        match body {
            BodyRef::Small(extent) => {
                let live = alive.segments.entry(extent.segment).or_default();
                live.extents += 1;
                live.bytes += u64::from(extent.len);
            }
            BodyRef::Large(large) => alive.large_bytes += large.len,
        }
    }

    fn unsynced(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<dyn DiskFile>>> {
        self.unsynced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A segment has to be synced by the next checkpoint.
    pub(crate) fn note_unsynced(&self, segment: u32, file: &Arc<dyn DiskFile>) {
        self.unsynced().entry(segment).or_insert_with(|| file.clone());
    }

    /// Makes all segments durable as they are.
    pub(crate) fn sync_segments(&self) -> Result<(), StoreError> {
        let files = std::mem::take(&mut *self.unsynced());
        files
            .values()
            .try_for_each(|file| file.sync_data().inspect_err(|_| file.forget_cached()))
            .map_err(|error| StoreError::io("syncing bodies", error))
    }

    /// A large body that nobody took over is gone. It need not stay so through a power cut at once.
    pub(crate) fn discard_large(&self, id: u64) -> Result<(), StoreError> {
        self.unlink(&self.large_path(id))?;
        self.unlinked_large.store(true, Ordering::Release);
        Ok(())
    }

    /// What was discarded stays so through a power cut.
    pub(crate) fn sync_discarded(&self) {
        if self.unlinked_large.swap(false, Ordering::AcqRel)
            && let Err(error) = self.sync_dir(&self.large_dir())
        {
            tracing::warn!(%error, "discarded bodies may be back after a crash, and are erased then");
        }
    }

    /// Keeps bodies that are in the log, until they are dead or have to be written.
    pub(crate) fn keep_unwritten(&self, group: impl Iterator<Item = Placed>) {
        self.write_buffer.keep(group);
    }

    /// Forgets those of `dead` that wait to be written: their places never have to be erased.
    pub(super) fn forget_unwritten(&self, dead: Vec<BodyRef>) -> Vec<Dead> {
        self.write_buffer.forget(dead)
    }

    /// Writes the older bodies to their segments if many wait: never more than there is room for
    /// on a disk that takes no new messages.
    pub(crate) fn write_some(&self) -> Result<(), StoreError> {
        let max = usize::try_from(self.reserve_bytes / 2)
            .unwrap_or(usize::MAX)
            .min(WRITE_BUFFER_BYTES_MAX);
        if self.write_buffer.bytes() > max { self.write_down_to(max / 2) } else { Ok(()) }
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
                _ => self.disk.open(&self.segment_path(segment), Open::Edit).map_err(failed)?,
            };
            self.note_unsynced(segment, &file);
            bytes.clear();
            run.iter().flat_map(|(_, parts)| parts).for_each(|part| bytes.extend_from_slice(part));
            file.write_all_at(&bytes, u64::from(first.offset)).map_err(failed)?;
            open = Some((segment, file));
            self.write_buffer.remove(&run);
        }
        Ok(())
    }

    /// Writes bodies to their place again, after a crash.
    pub(crate) fn restore(
        &self,
        segment: u32,
        bodies: impl Iterator<Item = (Extent, Bytes)>,
    ) -> Result<(), StoreError> {
        const DOING: &str = "restoring bodies from the write-ahead log";
        let path = self.segment_path(segment);
        let file = self.disk.open(&path, Open::EditOrMake);
        let file = file.map_err(|error| StoreError::io(DOING, error))?;
        for (extent, bytes) in bodies {
            file.write_all_at(&bytes, u64::from(extent.offset))
                .map_err(|error| StoreError::io(DOING, error))?;
        }
        self.note_unsynced(segment, &file);
        Ok(())
    }

    /// The bytes of a small body, checked against its sum.
    pub(crate) fn read_small(&self, extent: &Extent) -> Result<Bytes, StoreError> {
        // In this order: what waits no more was written before it went.
        if let Some(bytes) = self.write_buffer.get(extent) {
            return Ok(bytes);
        }
        let Extent { segment, offset, len, .. } = *extent;
        let mut bytes = vec![0; len as usize];
        match self.segment(segment)?.read_exact_at(&mut bytes, u64::from(offset)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(damaged_extent(extent));
            }
            Err(error) => return Err(StoreError::io("reading a body", error)),
        }
        if crc32c::crc32c(&bytes) == extent.crc32c {
            Ok(bytes.into())
        } else {
            Err(damaged_extent(extent))
        }
    }

    fn segment(&self, segment: u32) -> Result<Arc<dyn DiskFile>, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&segment) {
            return Ok(file.clone());
        }
        let file = match self.disk.open(&self.segment_path(segment), Open::Read) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::corrupt(format!("body segment {segment:08} is missing")));
            }
            Err(error) => return Err(StoreError::io("opening a body segment", error)),
        };
        if open.len() >= OPEN_SEGMENTS
            && let Some(other) = open.keys().next().copied()
        {
            open.remove(&other);
        }
        open.insert(segment, file.clone());
        Ok(file)
    }

    /// Unlinks a segment in which nothing is alive. Its blocks are free once no reader holds it.
    pub(crate) fn unlink_segment(&self, segment: u32) -> Result<(), StoreError> {
        // In this order: a reader that opens it just before is forgotten just after.
        self.unlink(&self.segment_path(segment))?;
        self.unsynced().remove(&segment);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&segment);
        Ok(())
    }

    /// Unlinks a file; one that is gone already is as good.
    pub(crate) fn unlink(&self, path: &Path) -> Result<(), StoreError> {
        match self.disk.unlink(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::io("unlinking a body", error))
            }
            _ => Ok(()),
        }
    }

    /// Makes files that were created in or unlinked from `dir` stay so.
    pub(crate) fn sync_dir(&self, dir: &Path) -> Result<(), StoreError> {
        self.disk
            .sync_dir(dir)
            .map_err(|error| StoreError::io("syncing a directory of bodies", error))
    }
}

fn damaged_extent(extent: &Extent) -> StoreError {
    StoreError::corrupt(format!(
        "body segment {:08}, offset {}, {} bytes",
        extent.segment, extent.offset, extent.len
    ))
}

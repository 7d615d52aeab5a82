//! Checksummed file under redb: keeps a checksum of each page read or written, and its first error.
//!
//! redb checks its own checksums only when it recovers. In between, a page that was corrupted on the
//! disk, or on the way from it, would be taken for rows: a message could go to another device. So every
//! page is compared with what was written, or with what was there when redb verified it at open.

use std::io;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use redb::StorageBackend;

use crate::disk::DiskFile;
use crate::error::StoreError;

/// Bytes that share a sum: a page of redb.
const PAGE_BYTES: u64 = 4096;

/// Why the rows refuse everything until a person has looked; empty as long as they do not.
#[derive(Debug, Clone, Default)]
pub(super) struct Broken(Arc<OnceLock<StoreError>>);

impl Broken {
    /// The first reason that was noted.
    pub(super) fn reason(&self) -> Option<StoreError> {
        self.0.get().cloned()
    }

    fn note(&self, reason: StoreError) {
        if self.0.set(reason.clone()).is_ok() {
            tracing::error!(error = %tmtp_telemetry::chain(&reason), "the rows are not used any more");
        }
    }
}

/// The sum of each page of the file as it should be.
#[derive(Debug, Clone, Default)]
pub(super) struct Pages {
    /// By number of the page; `None` where it was neither read nor written as a whole.
    sums: Arc<RwLock<Vec<Option<u32>>>>,
}

impl Pages {
    /// The whole pages in `bytes`, which lie at `offset`, with their numbers.
    fn whole(offset: u64, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
        let skip = offset.next_multiple_of(PAGE_BYTES) - offset;
        let first = ((offset + skip) / PAGE_BYTES) as usize;
        let pages = bytes.get(skip as usize..).unwrap_or_default();
        pages
            .chunks_exact(PAGE_BYTES as usize)
            .enumerate()
            .map(move |(at, page)| (first + at, page))
    }

    /// Compares what was read with what should be there; what is not known is taken as right.
    ///
    /// # Errors
    /// The offset of the first page that is different.
    pub(super) fn check(&self, offset: u64, bytes: &[u8]) -> Result<(), u64> {
        let mut unknown = Vec::new();
        let sums = self.sums.read().unwrap_or_else(PoisonError::into_inner);
        for (number, page) in Self::whole(offset, bytes) {
            let sum = crc32c::crc32c(page);
            match sums.get(number).copied().flatten() {
                Some(right) if right != sum => return Err(number as u64 * PAGE_BYTES),
                Some(_) => {}
                None => unknown.push((number, sum)),
            }
        }
        drop(sums);
        self.set(unknown);
        Ok(())
    }

    fn set(&self, new: Vec<(usize, u32)>) {
        let Some(last) = new.iter().map(|(number, _)| *number).max() else { return };
        let mut sums = self.sums.write().unwrap_or_else(PoisonError::into_inner);
        if sums.len() <= last {
            sums.resize(last + 1, None);
        }
        for (number, sum) in new {
            if let Some(known) = sums.get_mut(number) {
                *known = Some(sum);
            }
        }
    }

    /// `bytes` are about to be written at `offset`: until that is done nothing is known.
    fn forget(&self, offset: u64, len: u64) {
        let mut sums = self.sums.write().unwrap_or_else(PoisonError::into_inner);
        let end = (offset + len).div_ceil(PAGE_BYTES).min(sums.len() as u64) as usize;
        let from = ((offset / PAGE_BYTES) as usize).min(end);
        sums[from..end].fill(None);
    }

    fn written(&self, offset: u64, bytes: &[u8]) {
        self.set(Self::whole(offset, bytes).map(|(at, page)| (at, crc32c::crc32c(page))).collect());
    }
}

/// Unlike redb's own file it takes no locks: the data directory has one.
#[derive(Debug)]
pub(super) struct RowFile {
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) pages: Pages,
    pub(super) broken: Broken,
}

impl StorageBackend for RowFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(out, offset)?;
        self.pages.check(offset, out).map_err(|at| {
            self.broken.note(StoreError::corrupt(format!(
                "rows.redb, the page at offset {at} is not what was written"
            )));
            io::Error::new(io::ErrorKind::InvalidData, "a page is not what was written")
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.pages.forget(len, u64::MAX - len - PAGE_BYTES);
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data().inspect_err(|_| {
            self.file.forget_cached();
            self.broken.note(StoreError::Io {
                doing: "syncing the rows; what is stored is only certain after a restart",
                source: Arc::new(io::Error::other("a sync failed")),
            });
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.pages.forget(offset, data.len() as u64);
        self.file.write_all_at(data, offset)?;
        self.pages.written(offset, data);
        Ok(())
    }
}

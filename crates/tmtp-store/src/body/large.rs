//! Large bodies: too long for a segment, a file each, written and read in pieces of the caller's size, so
//! that two gigabytes pass through without being in memory.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;

use super::Bodies;
use crate::blocking::{in_place, on_thread};
use crate::disk::{DiskFile, Open};
use crate::error::StoreError;
use crate::extent::LargeRef;
use crate::message::{BodyReader, BodyWriter, FinishedBody};
use crate::position::Position;

/// Dirty bytes that may gather in the page cache before they are synced, so that the last sync of
/// a long body is short and does not stall everybody's commits.
const SYNC_EVERY_BYTES: u64 = 32 * 1024 * 1024;

/// A large body being received. Dropped unfinished, it leaves nothing.
#[derive(Debug)]
pub(crate) struct LargeBody {
    /// Made with the first piece.
    file: Option<Arc<dyn DiskFile>>,
    owner: Owner,
    len: u64,
    unsynced: u64,
    crc32c: u32,
}

impl LargeBody {
    pub(crate) fn new(bodies: Arc<Bodies>) -> Self {
        let id = bodies.new_large_id();
        let owner = Owner { bodies, id, kept: false };
        Self { file: None, owner, len: 0, unsynced: 0, crc32c: 0 }
    }

    /// The file, which is made by the first call.
    fn file(&mut self) -> Result<Arc<dyn DiskFile>, StoreError> {
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        let Owner { bodies, id, .. } = &self.owner;
        let file = bodies
            .disk()
            .open(&bodies.large_path(*id), Open::Make)
            .map_err(|error| StoreError::io("starting a large body", error))?;
        self.file = Some(file.clone());
        Ok(file)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.owner.bodies.check_room()?;
        self.file()?
            .write_all_at(bytes, self.len)
            .map_err(|error| StoreError::io("writing a large body", error))?;
        self.crc32c = crc32c::crc32c_append(self.crc32c, bytes);
        self.len += bytes.len() as u64;
        self.unsynced += bytes.len() as u64;
        if self.unsynced >= SYNC_EVERY_BYTES {
            self.sync()?;
        }
        Ok(())
    }

    fn complete(mut self) -> Result<FinishedBody, StoreError> {
        self.sync()?;
        self.owner.bodies.sync_dir(&self.owner.bodies.large_dir())?;
        let large = LargeRef { id: self.owner.id, len: self.len, crc32c: self.crc32c };
        Ok(FinishedBody::new(large.len, StoredBody { large, owner: self.owner }))
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.unsynced = 0;
        self.file()?.sync_data().map_err(|error| StoreError::io("syncing a large body", error))
    }
}

#[async_trait]
impl BodyWriter for LargeBody {
    fn poll_write(
        &mut self,
        bytes: &[u8],
        _context: &mut Context<'_>,
    ) -> Poll<Result<(), StoreError>> {
        Poll::Ready(in_place(|| self.append(bytes)))
    }

    async fn finish(self: Box<Self>) -> Result<FinishedBody, StoreError> {
        on_thread(move || self.complete()).await.unwrap_or(Err(StoreError::Closed))
    }
}

/// A large body on the disk that no message names yet. Dropped, it is unlinked.
#[derive(Debug)]
pub(crate) struct StoredBody {
    large: LargeRef,
    owner: Owner,
}

impl StoredBody {
    pub(crate) fn reference(&self) -> LargeRef {
        self.large
    }

    /// From now on a row owns the file.
    pub(crate) fn keep(mut self) {
        self.owner.kept = true;
    }
}

/// Unlinks the file unless a row took it over.
#[derive(Debug)]
struct Owner {
    bodies: Arc<Bodies>,
    id: u64,
    kept: bool,
}

impl Drop for Owner {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = self.bodies.discard_large(self.id)
        {
            tracing::warn!(%error, "an unfinished large body stays until the next start");
        }
    }
}

/// Reads a large body from the front, checking its sum on the way.
#[derive(Debug)]
pub(crate) struct LargeReader {
    bodies: Arc<Bodies>,
    file: Arc<dyn DiskFile>,
    large: LargeRef,
    offset: u64,
    crc32c: u32,
}

impl LargeReader {
    /// Opens a body. One that is shorter than it was, or was found damaged before, is refused here,
    /// so that nobody begins to forward it.
    pub(crate) fn open(bodies: &Arc<Bodies>, large: LargeRef) -> Result<Self, StoreError> {
        let opened = bodies.disk().open(&bodies.large_path(large.id), Open::Read);
        let file = opened.map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                return StoreError::corrupt(format!("large body {:016x} is missing", large.id));
            }
            StoreError::io("opening a large body", error)
        })?;
        let reader = Self { bodies: bodies.clone(), file, large, offset: 0, crc32c: 0 };
        let len = reader.file.len();
        if len.map_err(|error| StoreError::io("opening a large body", error))? < large.len {
            return Err(reader.damaged("is shorter than it was"));
        }
        if bodies.is_known_damaged(large.id) {
            return Err(reader.damaged("did not match its sum when it was read before"));
        }
        Ok(reader)
    }

    /// The next piece, at most `max` bytes; `None` at the end. The last piece is only handed out
    /// when the sum of the whole body is right.
    pub(crate) fn next(&mut self, max: usize) -> Result<Option<Bytes>, StoreError> {
        let left = self.large.len - self.offset;
        let want = left.min(max.max(1) as u64) as usize;
        if want == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; want];
        match self.file.read_exact_at(&mut piece, self.offset) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(self.damaged("is shorter than it was"));
            }
            Err(error) => return Err(StoreError::io("reading a large body", error)),
        }
        self.crc32c = crc32c::crc32c_append(self.crc32c, &piece);
        self.offset += want as u64;
        if self.offset == self.large.len && self.crc32c != self.large.crc32c {
            self.bodies.note_damaged(self.large.id);
            return Err(self.damaged("does not match its sum"));
        }
        Ok(Some(piece.into()))
    }

    fn damaged(&self, how: &str) -> StoreError {
        StoreError::corrupt(format!(
            "large body {:016x}, {} of {} bytes read, {how}",
            self.large.id, self.offset, self.large.len
        ))
    }
}

/// Reads the large body of a queued message.
#[derive(Debug)]
pub(crate) struct QueuedReader {
    pub(crate) position: Position,
    pub(crate) reader: LargeReader,
}

impl BodyReader for QueuedReader {
    fn poll_next(
        &mut self,
        max: usize,
        _context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, StoreError>> {
        Poll::Ready(self.reader.next(max).map_err(|error| error.of_message(self.position)))
    }
}

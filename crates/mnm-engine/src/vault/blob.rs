//! Blobs: the bytes of attachments, written and read in chunks.
//!
//! A writer stages chunks. The call that gives the blob an owner (a draft or a received message)
//! commits with a full sync, which in the write-ahead log covers everything staged before it. So
//! staging itself does not wait for the disk. [`Vault::tidy`] erases staged blobs that no call came
//! to own, after opening or after [`Vault::discard_blob`].

use rusqlite::{OptionalExtension, params};

use super::{Result, Vault};
use crate::error::VaultError;
use crate::picture::{self, Size};
use crate::view::AttachmentId;

/// Bytes of a row of `blob_chunk`. Stored blobs depend on it: change it only with a migration.
const CHUNK_BYTES: usize = 256 * 1024;
/// Chunks written in one transaction, which bounds the memory of a writer.
const BATCH_BYTES: usize = 4 * CHUNK_BYTES;
/// Most that [`Vault::read_blob`] returns at once.
const READ_BYTES_MAX: usize = 4 << 20;

/// A blob being staged. Hand it to [`Vault::finish_blob`] or [`Vault::discard_blob`].
#[derive(Debug)]
pub struct BlobWriter {
    id: i64,
    seq: i64,
    size: u64,
    buffer: Vec<u8>,
    /// Size of the picture in it, from its head.
    picture: Option<Size>,
}

impl BlobWriter {
    /// Bytes appended so far.
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// A staged blob, complete but without an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StagedBlob {
    pub(super) id: i64,
    /// Bytes.
    pub size: u64,
}

impl Vault {
    /// Begins to stage a blob.
    pub fn begin_blob(&mut self) -> Result<BlobWriter> {
        self.unsynced(|vault| {
            vault.db.prepare_cached("INSERT INTO blob (size) VALUES (0)")?.execute([])?;
            Ok(())
        })?;
        let id = self.db.last_insert_rowid();
        Ok(BlobWriter { id, seq: 0, size: 0, buffer: Vec::new(), picture: None })
    }

    /// Appends bytes, any number.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`] beyond [`super::VaultLimits::attachments_bytes`], [`VaultError::NoRoom`]
    /// when the disk is nearly full; discard the writer then.
    pub fn append_blob(&mut self, writer: &mut BlobWriter, bytes: &[u8]) -> Result<()> {
        writer.size += bytes.len() as u64;
        if writer.size > self.limits.attachments_bytes {
            return Err(too_large(self.limits.attachments_bytes));
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = BATCH_BYTES - writer.buffer.len();
            let (piece, later) = rest.split_at(room.min(rest.len()));
            writer.buffer.extend_from_slice(piece);
            rest = later;
            if writer.buffer.len() == BATCH_BYTES {
                self.flush(writer)?;
            }
        }
        Ok(())
    }

    /// Ends staging. The blob is kept only if a draft or message comes to own it.
    pub fn finish_blob(&mut self, mut writer: BlobWriter) -> Result<StagedBlob> {
        self.flush(&mut writer)?;
        // A width of zero says that it was parsed and is no picture.
        let (width, height) = writer.picture.map_or((0, 0), |size| (size.width, size.height));
        self.unsynced(|vault| {
            vault
                .db
                .prepare_cached("UPDATE blob SET size = ?2, width = ?3, height = ?4 WHERE id = ?1")?
                .execute(params![writer.id, writer.size, width, height])?;
            Ok(())
        })?;
        Ok(StagedBlob { id: writer.id, size: writer.size })
    }

    /// Erases what an abandoned writer staged.
    pub fn discard_blob(&mut self, writer: BlobWriter) {
        self.chores.erase(writer.id);
    }

    /// Erases a finished blob that got no owner.
    pub fn discard_staged(&mut self, blob: StagedBlob) {
        self.chores.erase(blob.id);
    }

    /// Up to `max` bytes of an attachment from `offset`; empty at its end. At most 4 MiB at once.
    pub fn read_blob(&self, attachment: AttachmentId, offset: u64, max: usize) -> Result<Vec<u8>> {
        self.read_from(self.blob_of(attachment)?, offset, max)
    }

    /// As [`Vault::read_blob`].
    pub(super) fn read_from(&self, blob: i64, offset: u64, max: usize) -> Result<Vec<u8>> {
        let chunk = CHUNK_BYTES as u64;
        let mut seq = i64::try_from(offset / chunk).unwrap_or(i64::MAX);
        let mut skip = (offset % chunk) as usize;
        let wanted = max.min(READ_BYTES_MAX);
        let mut bytes = Vec::with_capacity(wanted.min(CHUNK_BYTES));
        let mut statement =
            self.db.prepare_cached("SELECT bytes FROM blob_chunk WHERE blob = ?1 AND seq = ?2")?;
        while bytes.len() < wanted {
            let room = wanted - bytes.len();
            let copied = statement
                .query_row([blob, seq], |row| {
                    let stored = row.get_ref(0)?.as_blob()?.get(skip..).unwrap_or_default();
                    let piece = stored.get(..room).unwrap_or(stored);
                    bytes.extend_from_slice(piece);
                    Ok(piece.len())
                })
                .optional()?;
            if copied.unwrap_or(0) == 0 {
                break;
            }
            skip = 0;
            seq += 1;
        }
        Ok(bytes)
    }

    fn blob_of(&self, attachment: AttachmentId) -> Result<i64> {
        self.db
            .prepare_cached("SELECT blob FROM attachment WHERE id = ?1")?
            .query_row([attachment], |row| row.get(0))
            .optional()?
            .ok_or(VaultError::NotFound { what: "attachment", id: attachment })
    }

    /// Writes the buffered bytes. Only the last flush of a writer leaves a short chunk.
    fn flush(&mut self, writer: &mut BlobWriter) -> Result<()> {
        if writer.buffer.is_empty() {
            return Ok(());
        }
        if writer.seq == 0 {
            writer.picture = picture::read(&writer.buffer).map(|(_, size)| size);
        }
        self.check_disk(writer.buffer.len() as u64)?;
        self.unsynced(|vault| vault.insert_chunks(writer))?;
        writer.buffer.clear();
        Ok(())
    }

    /// Writes without a sync. The transaction that gives the blob an owner syncs this too; see the
    /// head of this file.
    pub(super) fn unsynced<T>(&mut self, write: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.db.execute_batch("PRAGMA synchronous = NORMAL")?;
        let written = write(self);
        self.db.execute_batch("PRAGMA synchronous = FULL")?;
        written
    }

    fn insert_chunks(&mut self, writer: &mut BlobWriter) -> Result<()> {
        let tx = self.db.transaction()?;
        let mut seq = writer.seq;
        for chunk in writer.buffer.chunks(CHUNK_BYTES) {
            tx.prepare_cached("INSERT INTO blob_chunk (blob, seq, bytes) VALUES (?1, ?2, ?3)")?
                .execute(params![writer.id, seq, chunk])?;
            seq += 1;
        }
        tx.commit()?;
        writer.seq = seq;
        Ok(())
    }
}

/// The error for attachments beyond `limit` bytes.
pub(super) fn too_large(limit: u64) -> VaultError {
    VaultError::TooLarge(format!(
        "The attachments are larger than {} MiB together, more than one letter carries. Send fewer or smaller files.",
        limit >> 20
    ))
}

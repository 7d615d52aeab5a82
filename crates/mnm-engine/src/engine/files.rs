//! Upload and download of attachments, streamed in chunks.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

use crate::engine::Engine;
use crate::error::{Error, ErrorCode};
use crate::staging::Staging;
use crate::store::Store;
use crate::view::{Attachment, AttachmentId, Draft, DraftId};

/// Bytes moved at a time.
const CHUNK_BYTES: usize = 256 * 1024;

impl Engine {
    /// Reads `bytes` to the end and attaches them to a draft under `name`, which is made safe and
    /// unique. `size` is the announced length, if known. If it fails or the future is dropped, the
    /// draft is unchanged.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] without such a draft, [`ErrorCode::TooLarge`] beyond what a letter
    /// carries, [`ErrorCode::NoRoom`] when the disk has no room for it, [`ErrorCode::Invalid`] when
    /// reading fails or `bytes` are not `size` bytes.
    pub async fn attach<R>(
        &self,
        draft: DraftId,
        name: &str,
        size: Option<u64>,
        bytes: R,
    ) -> Result<Draft, Error>
    where
        R: AsyncRead + Unpin + Send,
    {
        self.store()
            .read(move |vault| {
                vault.check_attachable(draft, size.unwrap_or_default())?;
                vault.check_disk(size.unwrap_or_default())
            })
            .await?;
        let staging = Staging::new(self.store().clone());
        if let Err(error) = stage(&staging, name, size, bytes).await {
            staging.discard().await;
            return Err(error);
        }
        let (name, now_ms) = (name.to_owned(), self.store().now_ms());
        staging
            .own(move |vault, blobs| {
                let blob = blobs.into_iter().next().ok_or(crate::error::VaultError::EmptyLetter)?;
                vault.attach(draft, &name, blob, now_ms)
            })
            .await?;
        self.store().read(move |vault| vault.draft(draft)).await
    }

    /// Name and size of an attachment of a message or draft, and its bytes as a stream.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] without such an attachment.
    pub async fn attachment(
        &self,
        id: AttachmentId,
    ) -> Result<(Attachment, AttachmentReader), Error> {
        let about = self.store().read(move |vault| vault.attachment(id)).await?;
        let reader = AttachmentReader {
            store: self.store().clone(),
            id,
            offset: 0,
            chunk: io::Cursor::default(),
            left: about.size,
            fetching: None,
        };
        Ok((about, reader))
    }
}

/// Stages one file, which must have the announced length.
async fn stage<R>(
    staging: &Staging,
    name: &str,
    size: Option<u64>,
    mut bytes: R,
) -> Result<(), Error>
where
    R: AsyncRead + Unpin + Send,
{
    staging.begin().await?;
    let mut read = 0;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        (&mut bytes)
            .take(CHUNK_BYTES as u64)
            .read_to_end(&mut chunk)
            .await
            .map_err(|cause| broken_off(name, &cause))?;
        if chunk.is_empty() {
            break;
        }
        read += chunk.len() as u64;
        if size.is_some_and(|size| read > size) {
            return Err(changed(name));
        }
        staging.append(chunk).await?;
    }
    if size.is_some_and(|size| read != size) {
        return Err(changed(name));
    }
    staging.finish().await
}

fn broken_off(name: &str, cause: &io::Error) -> Error {
    Error::new(
        ErrorCode::Invalid,
        format!(
            "The file {name} could not be read to its end ({cause}). It was not attached; try again."
        ),
    )
}

fn changed(name: &str) -> Error {
    Error::new(
        ErrorCode::Invalid,
        format!(
            "The file {name} changed while it was read: it has not the length that it began with. It was not attached; try again when nothing writes to it any more."
        ),
    )
}

type Fetching = Pin<Box<dyn Future<Output = Result<Vec<u8>, Error>> + Send>>;

/// A stream of an attachment's bytes. It ends with an error if the attachment is removed meanwhile.
pub struct AttachmentReader {
    store: Store,
    id: AttachmentId,
    /// Where the next chunk begins.
    offset: u64,
    chunk: io::Cursor<Vec<u8>>,
    /// Bytes after the chunk.
    left: u64,
    fetching: Option<Fetching>,
}

impl std::fmt::Debug for AttachmentReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttachmentReader").field("id", &self.id).finish_non_exhaustive()
    }
}

impl AsyncRead for AttachmentReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            let at = usize::try_from(this.chunk.position()).unwrap_or(usize::MAX);
            let rest = this.chunk.get_ref().get(at..).unwrap_or_default();
            if !rest.is_empty() {
                let piece = rest.get(..out.remaining()).unwrap_or(rest);
                out.put_slice(piece);
                let read = piece.len() as u64;
                this.chunk.set_position(this.chunk.position() + read);
                return Poll::Ready(Ok(()));
            }
            if this.left == 0 {
                return Poll::Ready(Ok(()));
            }
            let (store, id, offset) = (&this.store, this.id, this.offset);
            let fetching = this.fetching.get_or_insert_with(|| fetch(store.clone(), id, offset));
            let fetched = ready!(fetching.as_mut().poll(context));
            this.fetching = None;
            let chunk = fetched.map_err(io::Error::other)?;
            if chunk.is_empty() {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            this.offset += chunk.len() as u64;
            this.left = this.left.saturating_sub(chunk.len() as u64);
            this.chunk = io::Cursor::new(chunk);
        }
    }
}

fn fetch(store: Store, id: AttachmentId, offset: u64) -> Fetching {
    Box::pin(async move { store.read(move |vault| vault.read_blob(id, offset, CHUNK_BYTES)).await })
}

//! Idempotency: a request that is repeated because its answer was lost is answered again, not
//! executed again.
//!
//! The link may break, or one side may crash, between the commit of a message and its ack. The app
//! cannot tell and sends the request again, with the same id, first on its next link. So the store
//! keeps one row per device about its last message, written in the commit of that message:
//! [`RequestDigest::remember`]. If the first such request of a later link has the same digest, it
//! gets the same ack, and nothing is delivered again: [`RequestDigest::answered`]. A device that
//! logged out by Quit has read its answers, so its row is deleted: [`forget`].
//!
//! | key | value |
//! |---|---|
//! | `r/` device number (4 bytes, big-endian) | digest (32 bytes), message id (8), posted in Unix ms (8) |
//!
//! Revision 1 does not require unique request ids. An app that uses one id for all, such as `1`,
//! and sends the same bytes twice means two messages, on whatever links. So only ids long enough to
//! be unique (`UNIQUE_ID_BYTES`) are ever taken for repetitions.

use sha2::{Digest as _, Sha256};
use tmtp::event::Outcome;
use tmtp::id::{MessageId, posted_text};
use tmtp::request::Request;

use tmtp_store::Batch;
use tmtp_store::{DeviceNumber, Store, StoreError};

const PREFIX: &[u8] = b"r/";
/// Shortest request id, in bytes, that is taken to be unique: 64 random bits in hex.
const UNIQUE_ID_BYTES: usize = 16;

/// The content of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'a> {
    /// The text of a Ping or GroupInvite.
    Text(&'a str),
    /// The CRC-32C of each piece of data, in their order.
    Data(&'a [u32]),
}

/// Identifies a request: a hash of its header, with id, recipients and lengths, and the checksums
/// of its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestDigest([u8; 32]);

impl RequestDigest {
    /// The digest of a request that becomes a message; none for others, and none if its id may not be
    /// unique.
    pub(crate) fn of(request: &Request, content: Content<'_>) -> Option<Self> {
        let becomes_message = match request {
            Request::Post { .. }
            | Request::PostNotify { .. }
            | Request::Ping { .. }
            | Request::GroupInvite { .. } => true,
            Request::TmtpRev { .. }
            | Request::Register { .. }
            | Request::Login { .. }
            | Request::UserEdit { .. }
            | Request::OhiEdit { .. }
            | Request::GroupEdit { .. }
            | Request::Ack { .. }
            | Request::Pulse
            | Request::Quit => false,
        };
        let is_unique = request.id().is_some_and(|id| id.as_str().len() >= UNIQUE_ID_BYTES);
        // An app that is upgraded between the two sends may add keys: compare without them.
        let head = || request.as_of_revision_1().pack().ok();
        let head = (becomes_message && is_unique).then(head).flatten()?;
        let mut hash = Sha256::new();
        hash.update(head);
        match content {
            Content::Text(text) => hash.update(text),
            Content::Data(sums) => sums.iter().for_each(|sum| hash.update(sum.to_be_bytes())),
        }
        Some(Self(hash.finalize().into()))
    }

    /// The earlier answer to this request, if it was the device's last message. Commits under way
    /// are not seen: call it after the device's login.
    ///
    /// # Errors
    /// [`StoreError`] when the row cannot be read.
    pub(crate) async fn answered(
        self,
        store: &dyn Store,
        device: DeviceNumber,
    ) -> Result<Option<Outcome>, StoreError> {
        let Some(row) = store.get(&key(device)).await? else { return Ok(None) };
        let (digest, id, posted_ms) = read(&row)
            .ok_or_else(|| StoreError::Corrupt { what: "a row of answered requests".into() })?;
        let (msgid, posted) = (MessageId(id), posted_text(posted_ms));
        let outcome = Outcome::Posted { msgid, posted, to: None };
        Ok((digest == self.0).then_some(outcome))
    }

    /// Adds the row that stores this answer, replacing the device's last one.
    pub(crate) fn remember(
        self,
        rows: &mut Batch,
        device: DeviceNumber,
        MessageId(id): MessageId,
        posted_ms: i64,
    ) {
        let row = [self.0.as_slice(), &id.to_be_bytes(), &posted_ms.to_be_bytes()].concat();
        rows.put(key(device), row);
    }
}

/// Deletes the row: the device has read all its answers. Not waited for: if it is lost in a crash,
/// the row does no more harm than before.
pub(crate) fn forget(store: &dyn Store, device: DeviceNumber) {
    let mut rows = Batch::new();
    rows.delete(key(device));
    drop(store.submit(rows));
}

fn key(device: DeviceNumber) -> Vec<u8> {
    [PREFIX, &device.to_be_bytes()].concat()
}

fn read(row: &[u8]) -> Option<([u8; 32], u64, i64)> {
    let (digest, rest) = row.split_first_chunk()?;
    let (id, posted_ms) = rest.split_first_chunk()?;
    Some((*digest, u64::from_be_bytes(*id), i64::from_be_bytes(posted_ms.try_into().ok()?)))
}

//! Idempotency: a request that comes again because its answer was lost is answered again, not done again.
//!
//! The link may break, or one side may crash, between the commit of a message and its ack. The app
//! cannot know and sends the request again, with the same id, as the first on its next link. So for
//! every device the store keeps one row about the last message it gave us, written in the commit of
//! that message: [`RequestDigest::remember`]. The first such request of a later link, if it has the same
//! digest, is given the same ack, and nothing is delivered again: [`RequestDigest::answered`]. A device that
//! took leave by Quit has read its answers, so its row goes: [`forget`].
//!
//! | key | value |
//! |---|---|
//! | `r/` device number (4 bytes, big-endian) | digest (32 bytes), message id (8), posted in Unix ms (8) |
//!
//! Revision 1 does not ask for request ids to differ. An app that gives all of them one id, such as
//! `1`, and sends the same bytes twice means two messages, on whatever links. So only ids long
//! enough to be one of a kind (`UNIQUE_ID_BYTES`) are ever taken for repetitions.

use sha2::{Digest as _, Sha256};
use tmtp::event::Outcome;
use tmtp::id::{MessageId, posted_text};
use tmtp::request::Request;

use tmtp_store::Batch;
use tmtp_store::{DeviceNumber, Store, StoreError};

const PREFIX: &[u8] = b"r/";
/// Shortest request id, in bytes, that an app is believed to have given to one message only: 64
/// random bits in hex.
const UNIQUE_ID_BYTES: usize = 16;

/// What came with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'a> {
    /// The text of a Ping or GroupInvite.
    Text(&'a str),
    /// The CRC-32C of each piece of data, in their order.
    Data(&'a [u32]),
}

/// What a request is recognised by: its header, with id, recipients and lengths, and the sums of
/// its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestDigest([u8; 32]);

impl RequestDigest {
    /// Of a request that becomes a message; none for others, and none for one whose id may be that
    /// of every message.
    pub(crate) fn of(request: &Request, content: Content<'_>) -> Option<Self> {
        let becomes_message = matches!(
            request,
            Request::Post { .. }
                | Request::PostNotify { .. }
                | Request::Ping { .. }
                | Request::GroupInvite { .. }
        );
        let is_unique = request.id().is_some_and(|id| id.as_str().len() >= UNIQUE_ID_BYTES);
        // An app that is upgraded between the two adds nothing by which they differ.
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

    /// How this request of `device` was answered, if it is the last message that the device gave
    /// us. Commits that are still under way are not seen: ask after the device's login is told.
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

    /// Adds the row that says how this request was answered, over that of the one before.
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

/// The device has read all its answers. Not waited for: lost in a crash, the row does no more harm
/// than it did before.
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

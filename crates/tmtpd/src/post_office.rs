//! Post office: gives messages their ids and submits them, in order.
//!
//! A message gets its id and is submitted to the store under one lock, so ids rise in the order of
//! commit and a reader that stands behind an id never misses a smaller one. Nothing is
//! acknowledged before the store says that it is durable; then the devices are woken.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tmtp::event::{Message, MessageKind, Outcome};
use tmtp::head::HeadTooLong;
use tmtp::id::{MessageId, Uid, posted_text};
use tmtp::request::Data;

use crate::roster::Roster;
use tmtp_store::{Class, DeviceNumber, NewData, NewMessage, Receipt, StoreError};

/// A message that has no id yet.
#[derive(Debug)]
pub(crate) struct Letter {
    /// What it is. The `postid` of a notify is filled in with the id of the letter before it.
    pub(crate) kind: MessageKind,
    /// Its data as announced.
    pub(crate) data: Data,
    /// Its data.
    pub(crate) body: NewData,
    /// Whose it is to be. Named twice counts once.
    pub(crate) devices: Vec<DeviceNumber>,
    /// Whether it is a word of the service itself, whoever else the letters beside it are from.
    pub(crate) is_services: bool,
}

impl Letter {
    /// A message without data.
    pub(crate) fn notice(kind: MessageKind, devices: Vec<DeviceNumber>) -> Self {
        Self {
            kind,
            data: Data::default(),
            body: NewData::Inline(Bytes::new()),
            devices,
            is_services: false,
        }
    }

    /// A message whose data is a short text.
    pub(crate) fn text(
        kind: MessageKind,
        data: Data,
        text: String,
        devices: Vec<DeviceNumber>,
    ) -> Self {
        Self {
            kind,
            data,
            body: NewData::Inline(text.into_bytes().into()),
            devices,
            is_services: false,
        }
    }
}

/// Gives ids, in order.
#[derive(Debug)]
pub(crate) struct PostOffice {
    last_id: Mutex<u64>,
}

/// Letters on their way to the disk.
#[derive(Debug)]
#[must_use = "letters are accepted only when the store says so"]
pub(crate) struct Submitted {
    first_id: Option<MessageId>,
    posted: String,
    devices: Vec<DeviceNumber>,
    receipt: Receipt,
}

/// Letters that are durable, and of which nobody has been told.
#[derive(Debug)]
#[must_use = "their devices are to be woken"]
pub(crate) struct Posted {
    outcome: Outcome,
    devices: Vec<DeviceNumber>,
}

impl PostOffice {
    /// Ids start at the present in nanoseconds, or after the last one ever given if the clock has
    /// gone back.
    pub(crate) fn new(last_id: u64, now_ns: u64) -> Self {
        Self { last_id: Mutex::new(last_id.max(now_ns)) }
    }

    /// The last id that was given.
    pub(crate) fn last_id(&self) -> MessageId {
        MessageId(*self.last_id.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives `letters` their ids, in order, and has them submitted by `submit` as one atomic commit: it is
    /// given the id of the first, and all of them packed.
    /// Never waits, so that the caller can hold the directory while it does.
    ///
    /// # Errors
    /// [`HeadTooLong`]; nothing is submitted then.
    pub(crate) fn submit(
        &self,
        from: &Uid,
        now_ms: i64,
        letters: Vec<Letter>,
        submit: impl FnOnce(Option<MessageId>, Vec<NewMessage>) -> Receipt,
    ) -> Result<Submitted, HeadTooLong> {
        let mut devices = Vec::new();
        let mut messages = Vec::with_capacity(letters.len());
        let mut last_id = self.last_id.lock().unwrap_or_else(PoisonError::into_inner);
        let first = last_id.saturating_add(1);
        let first_id = (!letters.is_empty()).then_some(MessageId(first));
        for (id, mut letter) in (first..).zip(letters) {
            if let MessageKind::Notify { postid, .. } = &mut letter.kind {
                *postid = MessageId(id.saturating_sub(1));
            }
            let message = packed(MessageId(id), from, now_ms, letter)?;
            devices.extend_from_slice(&message.devices);
            messages.push(message);
        }
        *last_id = last_id.saturating_add(messages.len() as u64);
        let receipt = submit(first_id, messages);
        Ok(Submitted { first_id, posted: posted_text(now_ms), devices, receipt })
    }
}

fn packed(
    id: MessageId,
    from: &Uid,
    now_ms: i64,
    mut letter: Letter,
) -> Result<NewMessage, HeadTooLong> {
    letter.devices.sort_unstable();
    letter.devices.dedup();
    let from = if letter.is_services { Uid::service() } else { from.clone() };
    let message = Message::new(id, from, now_ms, letter.data, letter.kind);
    let class = if message.is_urgent() { Class::User } else { Class::Rest };
    let head = message.pack()?.into();
    Ok(NewMessage { id: id.0, class, head, data: letter.body, devices: letter.devices })
}

impl Submitted {
    /// Waits until the letters are durable.
    ///
    /// # Errors
    /// The store's; none of the letters exists then.
    pub(crate) async fn durable(self) -> Result<Posted, StoreError> {
        self.receipt.await?;
        let outcome = match self.first_id {
            Some(id) => Outcome::Posted { msgid: id, posted: self.posted, to: None },
            None => Outcome::Done,
        };
        Ok(Posted { outcome, devices: self.devices })
    }
}

impl Posted {
    /// Wakes their devices.
    pub(crate) fn wake(self, roster: &Roster) -> Outcome {
        roster.wake(&self.devices);
        self.outcome
    }
}

//! Outgoing messages: what is posted to devices, before it has an id, and its form in the store.

use bytes::Bytes;
use tmtp::event::{Message, MessageKind};
use tmtp::id::{MessageId, Uid};
use tmtp::request::Data;

use tmtp_store::{Class, DeviceNumber, NewData, NewMessage, Position, StoreError};

/// A message that has no id yet.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// What it is. The `postid` of a notify is filled in with the id of the message before it.
    pub(crate) kind: MessageKind,
    /// Its data as announced.
    pub(crate) data: Data,
    /// Its data.
    pub(crate) body: NewData,
    /// The devices it is stored for. A device that is named twice gets it once.
    pub(crate) devices: Vec<DeviceNumber>,
    /// Whether the sender is the service, whoever sends the other messages of the same commit.
    pub(crate) from_service: bool,
}

impl Outgoing {
    /// A message without data.
    pub(crate) fn notice(kind: MessageKind, devices: Vec<DeviceNumber>) -> Self {
        Self::text(kind, Data::default(), String::new(), devices)
    }

    /// A message whose data is a short text.
    pub(crate) fn text(
        kind: MessageKind,
        data: Data,
        text: String,
        devices: Vec<DeviceNumber>,
    ) -> Self {
        let body = NewData::Inline(Bytes::from(text));
        Self { kind, data, body, devices, from_service: false }
    }

    /// The form in which the store takes it, at `position`; `from` is its sender unless the service is.
    ///
    /// # Errors
    /// [`StoreError::HeadTooLong`] when its names and lists do not fit into a header.
    pub(crate) fn pack(
        mut self,
        position: Position,
        from: &Uid,
        now_ms: i64,
    ) -> Result<NewMessage, StoreError> {
        if let MessageKind::Notify { postid, .. } = &mut self.kind {
            *postid = MessageId(position.before().unwrap_or_default().0);
        }
        let from = if self.from_service { Uid::service() } else { from.clone() };
        let message = Message::new(id_at(position), from, now_ms, self.data, self.kind);
        let class = if message.is_urgent() { Class::User } else { Class::Rest };
        let head = message.pack().map_err(|_| StoreError::HeadTooLong)?.into();
        Ok(NewMessage { class, head, data: self.body, devices: self.devices })
    }
}

/// The id of the message at a position of the store.
pub(crate) fn id_at(position: Position) -> MessageId {
    MessageId(position.0)
}

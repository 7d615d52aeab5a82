//! Field parsers of event headers, and the errors of a malformed header.

use crate::id::{Alias, MessageId};

/// Why a message from a service cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadEvent {
    /// Not an object, a key of the wrong type, a required key missing.
    #[error("the service sent a header that is not of the protocol's form")]
    Form,
    /// The headsum does not match the header.
    #[error("the service sent a header that does not match its checksum")]
    Headsum,
}

pub(super) fn required<T: From<String>>(text: Option<String>) -> Result<T, BadEvent> {
    optional(text).ok_or(BadEvent::Form)
}

/// An empty text is as good as none.
pub(super) fn optional<T: From<String>>(text: Option<String>) -> Option<T> {
    text.filter(|text| !text.is_empty()).map(T::from)
}

/// A name, empty where the service left it out.
pub(super) fn alias(text: Option<String>) -> Alias {
    text.map(Alias::from).unwrap_or_default()
}

pub(super) fn message_id(text: Option<String>) -> Result<MessageId, BadEvent> {
    text.as_deref().and_then(MessageId::from_wire).ok_or(BadEvent::Form)
}

/// The texts of a list. Anything else is passed over, as these lists are ours beyond revision 1.
pub(super) fn texts<T: for<'a> From<&'a str>>(value: Option<&serde_json::Value>) -> Vec<T> {
    let items = value.and_then(serde_json::Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(T::from)).collect()
}

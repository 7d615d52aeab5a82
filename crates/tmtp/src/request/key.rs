//! Keys of a request's header: one that must be there, one that may, and a flag.

use crate::quit::Quit;

/// An empty text is as good as none.
pub(super) fn required<T: From<String>>(text: Option<String>) -> Result<T, Quit> {
    optional(text).ok_or(Quit::InvalidHeader)
}

/// An empty text is as good as none.
pub(super) fn optional<T: From<String>>(text: Option<String>) -> Option<T> {
    text.filter(|text| !text.is_empty()).map(T::from)
}

/// A flag; a value of another type counts as not set.
pub(super) fn is_true(flag: Option<&serde_json::Value>) -> bool {
    flag == Some(&serde_json::Value::Bool(true))
}

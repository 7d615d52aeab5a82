//! Ids of records: row numbers of this installation.

/// Row number of an account in this installation; not known to any service.
pub type AccountId = i64;
/// Row number of a thread in this installation.
pub type ThreadId = i64;
/// Row number of a message in this installation; the service's number of it is `tmtp`'s `MessageId`.
pub type MessageRowId = i64;
/// Row number of a draft in this installation.
pub type DraftId = i64;
/// Row number of an attachment in this installation.
pub type AttachmentId = i64;
/// Local row number of a browser.
pub type BrowserId = i64;
/// Row number of a ping or group invitation in this installation; the `N` of `mnm accept N`.
pub type PingId = i64;
/// Row number of a tag in this installation.
pub type TagId = i64;
/// Row number of a saved search in this installation.
pub type SavedSearchId = i64;

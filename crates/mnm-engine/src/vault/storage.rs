//! Storage seam: what a platform provides for a vault beside its open database.

use std::fmt::Debug;

use rusqlite::Connection;

use crate::error::OpenError;

/// Platform resources of an open vault: the lock of its home, its key, its disk.
pub trait Storage: Debug + Send {
    /// Reopens the database after it hit a damaged page. The old connection must be closed before.
    ///
    /// # Errors
    /// It cannot be opened; `db` may be unusable then.
    fn reopen(&mut self, db: &mut Connection) -> Result<(), OpenError>;

    /// Free disk space in bytes; none if unknown.
    fn free_bytes(&self) -> Option<u64>;
}

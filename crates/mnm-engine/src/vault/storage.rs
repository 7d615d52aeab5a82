//! Storage seam: what a platform holds of a vault beside its open database.

use std::fmt::Debug;

use rusqlite::Connection;

use crate::error::OpenError;

/// The open database of a vault, as its platform holds it: the lock of its home, its key, its disk.
pub trait Storage: Debug + Send {
    /// Opens the database anew, after it met a damaged page. The old connection must be closed before.
    ///
    /// # Errors
    /// When it does not open; `db` may be of no use then.
    fn reopen(&mut self, db: &mut Connection) -> Result<(), OpenError>;

    /// Bytes that may still be written; none where that is not told.
    fn free_bytes(&self) -> Option<u64>;
}

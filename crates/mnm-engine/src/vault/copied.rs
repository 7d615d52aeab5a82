//! Detection of a home that was copied or restored: what was queued in it may have been sent
//! already.
//!
//! The store alone cannot tell, because a copy of all files is the same store. So it keeps a mark
//! of its key file that copying changes ([`crate::platform::Platform::home_mark`]). If the mark
//! differs, queued letters are not sent by themselves: the member is asked.

use rusqlite::{OptionalExtension, params};

use super::{Change, Result, Vault};
use crate::view::MessageRowId;

/// The error on a letter that was queued in a home that was copied since.
const MAYBE_SENT: &str = "This home was copied or restored from a backup while the letter was waiting here, so it may have been sent already. Look whether it arrived, on another device or with whoever it is for; then send it again, or discard it.";

impl Vault {
    /// Compares the mark of the home with the stored one, and stores it. If the home was copied,
    /// queued letters wait for the member.
    pub fn recognise(&mut self, mark: &str) -> Result<Change<()>> {
        let mut copied = false;
        let change = self.change(|work| {
            let known: Option<String> = work
                .db
                .prepare_cached("SELECT mark FROM home WHERE id = 1")?
                .query_row([], |row| row.get(0))
                .optional()?;
            if known.as_deref() == Some(mark) {
                return Ok(());
            }
            copied = known.is_some();
            if copied {
                let queued = work
                    .db
                    .prepare_cached("DELETE FROM outbox WHERE kind = 'post' RETURNING message")?
                    .query_map([], |row| row.get(0))?
                    .collect::<rusqlite::Result<Vec<MessageRowId>>>()?;
                for message in queued {
                    work.message_failed(message, MAYBE_SENT)?;
                    let account = work.read.message(message)?.account;
                    work.touch_account(account);
                }
            }
            work.db
                .prepare_cached("INSERT OR REPLACE INTO home (id, mark) VALUES (1, ?1)")?
                .execute(params![mark])?;
            Ok(())
        })?;
        self.runtime.set_copied(copied);
        Ok(change)
    }
}

//! Watermark: what is here already, so that later events can be recognised.

use super::{Result, Vault};
use crate::view::{MessageRowId, PingId, Watermark};

/// Letters of the outbox that are listed.
const QUEUED_MAX: u32 = 10_000;

impl Vault {
    /// The newest message and ping that are here.
    pub fn newest(&self) -> Result<(MessageRowId, PingId)> {
        let sql = "SELECT (SELECT coalesce(max(id), 0) FROM message),
                          (SELECT coalesce(max(id), 0) FROM ping)";
        Ok(self.db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// What is here already.
    pub fn watermark(&self) -> Result<Watermark> {
        let (message, ping) = self.newest()?;
        let mut statement = self.db.prepare_cached(
            "SELECT message FROM outbox WHERE kind = 'post' ORDER BY id LIMIT ?1",
        )?;
        let queued = statement.query_map([QUEUED_MAX], |row| row.get(0))?;
        Ok(Watermark { message, ping, queued: queued.collect::<rusqlite::Result<_>>()? })
    }
}

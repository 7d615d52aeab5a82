//! Search over subjects and texts.

use rusqlite::params;

use super::{Result, Vault};
use crate::search;
use crate::view::{AccountId, SearchHit};

/// Hits when no number is given, and at most.
const HITS_DEFAULT: u32 = 50;
const HITS_MAX: u32 = 200;

impl Vault {
    /// Messages in which all `words` occur, the last perhaps as a beginning; best first. Nothing
    /// for words without letters and digits.
    pub fn search(
        &self,
        account: Option<AccountId>,
        words: &str,
        limit: Option<u32>,
    ) -> Result<Vec<SearchHit>> {
        let Some(query) = search::query(words) else {
            return Ok(Vec::new());
        };
        let limit = limit.unwrap_or(HITS_DEFAULT).clamp(1, HITS_MAX);
        let mut statement = self.db.prepare_cached(
            "SELECT m.account, a.service, m.thread, m.id, t.subject, m.author_uid, m.author_alias,
                 m.at_ms, snippet(message_fts, -1, ?4, ?5, '…', 24),
                 m.forwarded_by IS NOT NULL
             FROM message_fts
             JOIN message m ON m.id = message_fts.rowid
             JOIN thread t ON t.id = m.thread
             JOIN account a ON a.id = m.account
             WHERE message_fts MATCH ?1 AND (?2 IS NULL OR m.account = ?2)
             ORDER BY message_fts.rank, m.at_ms DESC LIMIT ?3",
        )?;
        let marks = (search::OPEN.to_string(), search::CLOSE.to_string());
        let mut rows = statement.query(params![query, account, limit, marks.0, marks.1])?;
        let mut hits = Vec::new();
        while let Some(row) = rows.next()? {
            let account = row.get(0)?;
            let (uid, claimed): (String, String) = (row.get(5)?, row.get(6)?);
            hits.push(SearchHit {
                account,
                service: row.get(1)?,
                thread: row.get(2)?,
                message: row.get(3)?,
                subject: row.get(4)?,
                from: self.reader().author(account, &uid, &claimed, row.get(9)?)?,
                at_ms: row.get(7)?,
                snippet: search::mark(row.get_ref(8)?.as_str().unwrap_or_default()),
            });
        }
        Ok(hits)
    }
}

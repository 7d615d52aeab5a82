//! Search over subjects, texts and the names of files.

use std::collections::HashSet;

use rusqlite::{Row, ToSql};

use super::change::Reader;
use super::{Result, Vault};
use crate::view::{AccountId, MessageId, SearchHit};
use crate::{markdown, search};

/// Hits when no number is given, and at most.
const HITS_DEFAULT: u32 = 50;
const HITS_MAX: u32 = 200;

/// Bytes of a text whose best passage the index looks for: it compares all places where a word occurs
/// with each other. Of longer texts the first place of the first word is shown.
const PASSAGE_BYTES: u32 = 4096;

/// What a hit shows, but for its snippet.
const COLUMNS: &str = "m.account, a.service, m.thread, m.id, t.subject, m.author_uid, \
                       m.author_alias, m.at_ms, m.forwarded_by IS NOT NULL";

impl Vault {
    /// Messages in which all `words` occur, the last perhaps as a beginning, best first; then those
    /// that have all of them in the name of one file. Nothing for words without letters and digits.
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
        let (open, close) = (search::OPEN.to_string(), search::CLOSE.to_string());
        let arguments: [&dyn ToSql; 5] = [&query, &account, &limit, &open, &close];
        let first = words.split_whitespace().next().unwrap_or_default().to_lowercase();
        let with_first: [&dyn ToSql; 6] = [&query, &account, &limit, &open, &close, &first];
        let read = self.reader();
        let mut hits = read.hits(
            &format!(
                "SELECT {COLUMNS}, CASE WHEN octet_length(m.text) <= {PASSAGE_BYTES}
                     THEN snippet(message_fts, -1, ?4, ?5, '…', 24)
                     ELSE substr(m.text, max(1, instr(lower(substr(m.text, 1, 262144)), ?6) - 60), 240)
                     END
                 FROM message_fts
                 JOIN message m ON m.id = message_fts.rowid
                 JOIN thread t ON t.id = m.thread
                 JOIN account a ON a.id = m.account
                 WHERE message_fts MATCH ?1 AND (?2 IS NULL OR m.account = ?2)
                 ORDER BY message_fts.rank, m.at_ms DESC LIMIT ?3"
            ),
            &with_first,
            markdown::excerpt,
        )?;
        let files = read.hits(
            &format!(
                "SELECT {COLUMNS}, snippet(file_fts, 0, ?4, ?5, '…', 24)
                 FROM file_fts
                 JOIN attachment f ON f.id = file_fts.rowid
                 JOIN message m ON m.id = f.message
                 JOIN thread t ON t.id = m.thread
                 JOIN account a ON a.id = m.account
                 WHERE file_fts MATCH ?1 AND (?2 IS NULL OR m.account = ?2)
                 ORDER BY m.at_ms DESC LIMIT ?3"
            ),
            &arguments,
            str::to_owned,
        )?;
        let mut found: HashSet<MessageId> = hits.iter().map(|hit| hit.message).collect();
        hits.extend(files.into_iter().filter(|hit| found.insert(hit.message)));
        hits.truncate(limit as usize);
        Ok(hits)
    }
}

impl Reader<'_> {
    /// What `sql` finds; `plain` makes words for people of an excerpt.
    fn hits(
        &self,
        sql: &str,
        arguments: &[&dyn ToSql],
        plain: fn(&str) -> String,
    ) -> Result<Vec<SearchHit>> {
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query(arguments)?;
        let mut hits = Vec::new();
        while let Some(row) = rows.next()? {
            hits.push(self.hit_from(row, plain)?);
        }
        Ok(hits)
    }

    fn hit_from(&self, row: &Row<'_>, plain: fn(&str) -> String) -> Result<SearchHit> {
        let account = row.get(0)?;
        let (uid, claimed): (String, String) = (row.get(5)?, row.get(6)?);
        Ok(SearchHit {
            account,
            service: row.get(1)?,
            thread: row.get(2)?,
            message: row.get(3)?,
            subject: row.get(4)?,
            from: self.author(account, &uid, &claimed, row.get(8)?)?,
            at_ms: row.get(7)?,
            snippet: search::mark(&plain(row.get_ref(9)?.as_str().unwrap_or_default())),
        })
    }
}

//! Search over subjects, texts and file names, in slices.
//!
//! A slice takes the next messages in which all parts of the words occur, newest first, and
//! compares and ranks only these. So its cost depends neither on the number of messages or matches,
//! nor on their length or content; and a hit's snippet is read from a bounded part of its text.

use std::collections::{HashMap, HashSet};

use rusqlite::params;
use tmtp::id::Uid;

use super::change::VaultReader;
use super::{Result, Vault};
use crate::view::{AccountId, AttachmentId, MessageRowId, SearchHit};
use crate::{
    markdown,
    search::{self, Query},
};

/// Hits by default, and at most.
const HITS_DEFAULT: u32 = 50;
const HITS_MAX: u32 = 200;

/// Messages examined in one slice, and bytes of their texts counted once per part of the query: a
/// part may occur everywhere in a text, and each occurrence is examined.
const MATCHES_MAX: usize = 500;
const MATCHED_BYTES_MAX: u64 = 2 << 20;
/// Bytes of a text in which the index searches for the best passage, and the squares of those of
/// one slice: it compares all occurrences of a word with each other. For other texts the first
/// occurrence of the first word is shown.
const PASSAGE_BYTES: u64 = 4096;
const PASSAGES_SQUARED_MAX: u64 = 8 * PASSAGE_BYTES * PASSAGE_BYTES;
/// Bytes of a long text that are searched for that occurrence, and of all long texts of one slice.
const LOOKED_BYTES: usize = 256 << 10;
const LOOKED_BYTES_MAX: usize = 1 << 20;
/// Bytes of a long text shown before the occurrence.
const SHOWN_BEFORE: usize = 60;
const SHOWN_BYTES: usize = 240;

/// A search in progress.
#[derive(Debug)]
pub struct Search {
    account: Option<AccountId>,
    query: Query,
    /// In lower case.
    first_word: String,
    limit: usize,
    hits: Vec<SearchHit>,
    pub(super) found: HashSet<MessageRowId>,
    at: At,
}

/// The next to examine: messages or files up to this one.
#[derive(Debug, Clone, Copy)]
enum At {
    Message(MessageRowId),
    File(AttachmentId),
    End,
}

/// Matching messages, with the bytes of their texts.
type Matches = HashMap<MessageRowId, u64>;

impl Search {
    /// Searches for messages in which all `words` occur, the last as a prefix; then for those that
    /// have all of them in the name of one file. None for words without letters and digits.
    pub fn new(account: Option<AccountId>, words: &str, limit: Option<u32>) -> Option<Self> {
        Some(Self {
            account,
            query: search::query(words)?,
            first_word: words.split_whitespace().next().unwrap_or_default().to_lowercase(),
            limit: limit.unwrap_or(HITS_DEFAULT).clamp(1, HITS_MAX) as usize,
            hits: Vec::new(),
            found: HashSet::new(),
            at: At::Message(MessageRowId::MAX),
        })
    }

    /// The hits so far: the best first among the newest messages, then among older ones.
    pub fn into_hits(self) -> Vec<SearchHit> {
        self.hits
    }

    fn room(&self) -> usize {
        self.limit.saturating_sub(self.hits.len())
    }
}

impl Vault {
    /// Runs a search at once. Where other commands wait, use [`Self::search_slice`].
    pub fn search(
        &self,
        account: Option<AccountId>,
        words: &str,
        limit: Option<u32>,
    ) -> Result<Vec<SearchHit>> {
        let Some(mut search) = Search::new(account, words, limit) else { return Ok(Vec::new()) };
        while self.search_slice(&mut search)? {}
        Ok(search.into_hits())
    }

    /// Continues a search; whether there may be more hits.
    pub fn search_slice(&self, search: &mut Search) -> Result<bool> {
        let read = self.reader();
        search.at = match search.at {
            At::Message(newest) => match read.search_messages(search, newest)? {
                Some(next) => At::Message(next),
                None => At::File(AttachmentId::MAX),
            },
            At::File(newest) => match read.search_files(search, newest)? {
                Some(next) => At::File(next),
                None => At::End,
            },
            At::End => At::End,
        };
        Ok(search.room() > 0 && !matches!(search.at, At::End))
    }
}

impl VaultReader<'_> {
    /// Examines some messages up to `newest`; returns where the next slice begins.
    fn search_messages(
        &self,
        search: &mut Search,
        newest: MessageRowId,
    ) -> Result<Option<MessageRowId>> {
        let (matches, oldest) = self.matches(search, newest)?;
        let Some(oldest) = oldest else { return Ok(None) };
        let mut ranked = self
            .db
            .prepare_cached(
                "SELECT rowid FROM message_fts
                 WHERE message_fts MATCH ?1 AND rowid BETWEEN ?2 AND ?3
                 ORDER BY rank, rowid DESC",
            )?
            .query_map(params![search.query.phrases, oldest, newest], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<MessageRowId>>>()?;
        ranked.retain(|id| matches.contains_key(id));
        ranked.truncate(search.room());
        let passages =
            self.passages(search, oldest, newest, &of_passages(search, &ranked, &matches))?;
        let mut looked_bytes = LOOKED_BYTES_MAX;
        for id in ranked {
            let snippet = match passages.get(&id) {
                Some(passage) => markdown::excerpt(passage),
                None => {
                    let look = LOOKED_BYTES.min(looked_bytes).max(SHOWN_BYTES);
                    looked_bytes = looked_bytes.saturating_sub(look);
                    markdown::excerpt(around(&self.beginning(id, look)?, &search.first_word))
                }
            };
            search.found.insert(id);
            search.hits.push(self.hit(id, &snippet)?);
        }
        Ok(Some(oldest - 1))
    }

    /// The newest messages that may match, up to `newest`, and the last one examined; none if there
    /// are no more.
    fn matches(
        &self,
        search: &Search,
        newest: MessageRowId,
    ) -> Result<(Matches, Option<MessageRowId>)> {
        // In this join order; otherwise all matches are computed before the first row.
        let mut statement = self.db.prepare_cached(
            "SELECT m.id, octet_length(m.text), (?3 IS NULL OR m.account = ?3)
                 AND (SELECT trashed_ms FROM thread WHERE id = m.thread) IS NULL
             FROM message_fts CROSS JOIN message m ON m.id = message_fts.rowid
             WHERE message_fts MATCH ?1 AND message_fts.rowid <= ?2
             ORDER BY message_fts.rowid DESC LIMIT ?4",
        )?;
        let mut rows =
            statement.query(params![search.query.parts, newest, search.account, MATCHES_MAX])?;
        let (mut matches, mut oldest, mut bytes) = (Matches::new(), None, 0);
        while bytes < MATCHED_BYTES_MAX
            && let Some(row) = rows.next()?
        {
            let (id, size): (_, u64) = (row.get(0)?, row.get(1)?);
            oldest = Some(id);
            bytes += size * search.query.count as u64;
            if row.get(2)? {
                matches.insert(id, size);
            }
        }
        Ok((matches, oldest))
    }

    /// The best passages of messages, with marked words. In one query: each query expands prefixes
    /// again.
    fn passages(
        &self,
        search: &Search,
        oldest: MessageRowId,
        newest: MessageRowId,
        of: &[MessageRowId],
    ) -> Result<HashMap<MessageRowId, String>> {
        let (open, close) = (search::OPEN.to_string(), search::CLOSE.to_string());
        let of = format!("{of:?}");
        let mut statement = self.db.prepare_cached(
            "SELECT rowid, snippet(message_fts, -1, ?5, ?6, '…', 24) FROM message_fts
             WHERE message_fts MATCH ?1 AND message_fts.rowid BETWEEN ?2 AND ?3
                 AND +message_fts.rowid IN (SELECT value FROM json_each(?4))",
        )?;
        let rows = statement
            .query_map(params![search.query.phrases, oldest, newest, of, open, close], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Examines some files up to `newest`; returns where the next slice begins.
    fn search_files(
        &self,
        search: &mut Search,
        newest: AttachmentId,
    ) -> Result<Option<AttachmentId>> {
        let (open, close) = (search::OPEN.to_string(), search::CLOSE.to_string());
        let mut statement = self.db.prepare_cached(
            "SELECT f.id, f.message, (?3 IS NULL OR m.account = ?3)
                 AND (SELECT trashed_ms FROM thread WHERE id = m.thread) IS NULL,
                 snippet(file_fts, 0, ?5, ?6, '…', 24)
             FROM file_fts CROSS JOIN attachment f ON f.id = file_fts.rowid
             LEFT JOIN message m ON m.id = f.message
             WHERE file_fts MATCH ?1 AND file_fts.rowid <= ?2
             ORDER BY file_fts.rowid DESC LIMIT ?4",
        )?;
        let mut rows = statement.query(params![
            search.query.phrases,
            newest,
            search.account,
            MATCHES_MAX,
            open,
            close
        ])?;
        let mut oldest = None;
        while search.room() > 0
            && let Some(row) = rows.next()?
        {
            let id: AttachmentId = row.get(0)?;
            oldest = Some(id);
            // None for a file of a draft.
            let message: Option<MessageRowId> = row.get(1)?;
            let Some(message) = message else { continue };
            if !row.get::<_, bool>(2)? || !search.found.insert(message) {
                continue;
            }
            let name: String = row.get(3)?;
            search.hits.push(self.hit(message, &name)?);
        }
        Ok(oldest.map(|oldest| oldest - 1))
    }

    fn hit(&self, id: MessageRowId, snippet: &str) -> Result<SearchHit> {
        let mut statement = self.db.prepare_cached(
            "SELECT m.account, m.thread, t.subject, m.author_uid, m.author_alias, m.at_ms,
                 m.forwarded_by IS NOT NULL
             FROM message m JOIN thread t ON t.id = m.thread WHERE m.id = ?1",
        )?;
        let (account, uid, claimed, is_forwarded, hit) = statement.query_row([id], |row| {
            let hit = (row.get(1)?, row.get(2)?, row.get(5)?);
            Ok((row.get(0)?, row.get::<_, Uid>(3)?, row.get::<_, String>(4)?, row.get(6)?, hit))
        })?;
        let (thread, subject, at_ms) = hit;
        Ok(SearchHit {
            account,
            service: self.service_label(account)?,
            thread,
            message: id,
            subject,
            from: self.author(account, &uid, &claimed, is_forwarded)?,
            at_ms,
            snippet: search::mark(snippet),
        })
    }
}

/// The messages whose best passage is computed: as many as the budget allows, short ones first.
fn of_passages(search: &Search, ranked: &[MessageRowId], matches: &Matches) -> Vec<MessageRowId> {
    // Occurrences of phrases may overlap, so each may have as many as there are words.
    let most = 1 + search.query.composed as u64;
    let size = |id: &MessageRowId| matches.get(id).map_or(u64::MAX, |bytes| bytes * most);
    let mut short: Vec<_> = ranked.iter().copied().filter(|id| size(id) <= PASSAGE_BYTES).collect();
    short.sort_by_key(size);
    let mut room = PASSAGES_SQUARED_MAX;
    short.retain(|id| {
        let left = room.checked_sub(size(id).pow(2));
        room = left.unwrap_or(0);
        left.is_some()
    });
    short
}

/// The text around the first occurrence of a word, or the beginning if it is not found.
fn around<'a>(text: &'a str, word: &str) -> &'a str {
    let lower = text.to_lowercase();
    // Lower-casing may change lengths: then the position is slightly off.
    let at = lower.find(word).unwrap_or(0).saturating_sub(SHOWN_BEFORE);
    let begin = (at..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let shown = text.get(begin..).unwrap_or_default();
    super::text::cut(shown, SHOWN_BYTES)
}

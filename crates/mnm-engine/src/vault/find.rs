//! Search over subjects, texts and file names, in slices.
//!
//! A slice takes the next messages in which all tokens of the words occur, newest first, and compares and
//! ranks only these, by their texts. So its cost depends neither on the number of messages or matches, nor
//! on their length or content; and a hit's snippet is read from a bounded part of its text. The index
//! itself never ranks: it would read every match of every word for that.
//!
//! Without words there is nothing to be looked up in the index. What has files has a list of its own;
//! otherwise the newest messages are looked through, as many as [`LOOKED_MESSAGES_MAX`], and the answer
//! says so when there are older ones.

use std::collections::{HashMap, HashSet};

use rusqlite::{Row, params};

use super::candidate::{Admission, Candidate};
use super::change::VaultReader;
use super::{Result, Vault};
use crate::command::SearchOrder;
use crate::view::{AccountId, AttachmentId, MessageRowId, Phrase, SearchHit, ThreadId};
use crate::{
    markdown,
    search::{self, Condition, Query},
};

/// Hits by default, and at most, with those before them.
const HITS_DEFAULT: u32 = 50;
const HITS_MAX: usize = 1_000;
/// Matches that are counted: as many as can be listed.
pub(crate) const COUNTED_MAX: usize = HITS_MAX;

/// Messages examined in one slice, and bytes of their texts counted once per token of the query: a
/// token may occur everywhere in a text, and each occurrence is examined.
const MATCHES_MAX: usize = 500;
const MATCHED_BYTES_MAX: u64 = 2 << 20;
/// Messages looked through where there are no words.
const LOOKED_MESSAGES_MAX: usize = 20_000;
/// Bytes of a text that are searched for the words, and of all texts of one slice.
const LOOKED_BYTES: usize = 256 << 10;
const LOOKED_BYTES_MAX: usize = 1 << 20;
/// Bytes of a text by which its message is ranked.
const RANKED_BYTES: usize = 16 << 10;
/// Bytes of a text that are shown where none of the words stands in it.
const SHOWN_BYTES: usize = 240;

/// What to search for.
#[derive(Debug, Clone, Default)]
pub struct SearchArgs {
    /// The account, or all.
    pub account: Option<AccountId>,
    /// Only in this thread.
    pub thread: Option<ThreadId>,
    /// The words.
    pub words: String,
    /// The order of the hits.
    pub order: SearchOrder,
    /// Hits to leave out at the beginning.
    pub skip: u32,
    /// At most so many; 1..=200, default 50.
    pub limit: Option<u32>,
}

/// A search in progress.
#[derive(Debug)]
pub struct Search {
    account: Option<AccountId>,
    thread: Option<ThreadId>,
    query: Query,
    order: SearchOrder,
    /// Hits to leave out, and after these to return; none of them when they are only counted.
    skip: usize,
    limit: usize,
    hits: Vec<SearchHit>,
    pub(super) found: HashSet<MessageRowId>,
    /// Messages looked through without words.
    looked: usize,
    /// Whether there are older ones.
    is_cut: bool,
    at: At,
}

/// The next to examine: messages or files up to this one.
#[derive(Debug, Clone, Copy)]
enum At {
    Message(MessageRowId),
    File(AttachmentId),
    End,
}

/// Where candidates come from: a list of ids that the database has in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The index of words.
    Words,
    /// The messages that have files.
    Files,
    /// All, of which only the newest are looked through.
    Newest,
}

impl Source {
    fn of(query: &Query) -> Self {
        match () {
            () if !query.phrases.is_empty() => Self::Words,
            () if query.conditions.contains(&Condition::File) => Self::Files,
            () => Self::Newest,
        }
    }

    /// SQL of the ids up to ?2, of which at most ?3 are needed; ?1 are the words.
    fn ids(self) -> &'static str {
        match self {
            Self::Words => {
                "SELECT rowid AS id FROM message_index
                 WHERE message_index MATCH ?1 AND rowid <= ?2 ORDER BY rowid DESC LIMIT ?3"
            }
            Self::Files => {
                "SELECT message AS id FROM attachment INDEXED BY attachment_message
                     WHERE ?1 = '' AND message IS NOT NULL AND message <= ?2
                 UNION SELECT message FROM absent_file WHERE message <= ?2
                 ORDER BY 1 DESC LIMIT ?3"
            }
            Self::Newest => {
                "SELECT id FROM message WHERE ?1 = '' AND id <= ?2 ORDER BY id DESC LIMIT ?3"
            }
        }
    }
}

impl Search {
    /// Searches for messages in which all `words` occur, the last as a prefix; then for those that
    /// have all of them in the name of one file. None for words of which the index has nothing.
    pub fn new(args: &SearchArgs) -> Option<Self> {
        let skip = (args.skip as usize).min(HITS_MAX);
        let limit = args.limit.unwrap_or(HITS_DEFAULT).clamp(1, 200) as usize;
        Some(Self {
            account: args.account,
            thread: args.thread,
            query: Query::new(&args.words)?,
            order: args.order,
            skip,
            limit: limit.min(HITS_MAX - skip),
            hits: Vec::new(),
            found: HashSet::new(),
            looked: 0,
            is_cut: false,
            at: At::Message(MessageRowId::MAX),
        })
    }

    /// Counts the matches, `COUNTED_MAX` and one at most.
    pub fn counting(args: &SearchArgs) -> Option<Self> {
        let search = Self::new(args)?;
        Some(Self { skip: COUNTED_MAX + 1, limit: 0, ..search })
    }

    /// What is looked for in texts.
    pub fn phrases(&self) -> &[Phrase] {
        &self.query.phrases
    }

    /// The hits so far.
    pub fn into_hits(self) -> Vec<SearchHit> {
        self.hits
    }

    /// Whether there is no room for more hits, so that there may be some.
    pub fn is_full(&self) -> bool {
        self.room() == 0 && self.skip + self.limit < HITS_MAX
    }

    /// Whether older messages were not looked through.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The matches so far, those that were left out too.
    pub fn count(&self) -> u64 {
        self.found.len() as u64
    }

    fn room(&self) -> usize {
        (self.skip + self.limit).saturating_sub(self.found.len())
    }

    /// Counts a match; whether its hit is to be returned.
    fn take(&mut self, message: MessageRowId) -> bool {
        self.room() > 0 && self.found.insert(message) && self.found.len() > self.skip
    }
}

impl Vault {
    /// Runs a search for words at once. Where other commands wait, use [`Self::search_slice`].
    pub fn search(
        &self,
        account: Option<AccountId>,
        words: &str,
        limit: Option<u32>,
    ) -> Result<Vec<SearchHit>> {
        self.search_all(&SearchArgs {
            account,
            words: words.into(),
            limit,
            ..SearchArgs::default()
        })
    }

    /// As [`Self::search`], with all that can be asked for.
    pub fn search_all(&self, args: &SearchArgs) -> Result<Vec<SearchHit>> {
        let Some(mut search) = Search::new(args) else { return Ok(Vec::new()) };
        while self.search_slice(&mut search)? {}
        Ok(search.into_hits())
    }

    /// Continues a search; whether there may be more hits.
    pub fn search_slice(&self, search: &mut Search) -> Result<bool> {
        let read = self.reader();
        search.at = match search.at {
            At::Message(newest) => match read.search_messages(search, newest)? {
                Some(next) => At::Message(next),
                // Without words every file fits, and its message was looked at.
                None if search.query.phrases.is_empty() => At::End,
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
        let mut ids = match search.query.is_of_single_tokens() {
            true => matches.into_iter().collect(),
            false => self.with_phrases(search, &matches, oldest, newest)?,
        };
        ids.sort_unstable_by(|a, b| b.cmp(a));
        if search.order == SearchOrder::Best && search.limit > 0 {
            self.rank(&mut ids, &search.query)?;
        }
        let mut looked_bytes = LOOKED_BYTES_MAX;
        for id in ids {
            if !search.take(id) {
                continue;
            }
            let look = LOOKED_BYTES.min(looked_bytes).max(SHOWN_BYTES);
            let text = self.beginning(id, look)?;
            looked_bytes = looked_bytes.saturating_sub(text.len());
            let snippet = match search::passage(&text, &search.query) {
                Some(passage) => markdown::excerpt(&passage),
                None => markdown::excerpt(super::text::cut(&text, SHOWN_BYTES)),
            };
            search.hits.push(self.hit(id, &snippet)?);
        }
        Ok(Some(oldest - 1))
    }

    /// The newest messages that may match, up to `newest`, and the last one examined; none if there
    /// are no more.
    fn matches(
        &self,
        search: &mut Search,
        newest: MessageRowId,
    ) -> Result<(HashSet<MessageRowId>, Option<MessageRowId>)> {
        let columns = Candidate::COLUMNS;
        let source = Source::of(&search.query);
        // In this join order, which keeps that of the ids: sorted afterwards, all would be read before the
        // first one.
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {columns} FROM ({}) AS some
             CROSS JOIN message m ON m.id = some.id CROSS JOIN thread t ON t.id = m.thread",
            source.ids()
        ))?;
        let mut rows = statement.query(params![search.query.parts(), newest, MATCHES_MAX])?;
        let (mut matches, mut oldest, mut bytes) = (HashSet::new(), None, 0);
        let mut admission = Admission::new(self, search.account, search.thread, &search.query);
        let count = search.query.count() as u64;
        while bytes < MATCHED_BYTES_MAX
            && let Some(row) = rows.next()?
        {
            let candidate = Candidate::read(row)?;
            oldest = Some(candidate.message);
            bytes += candidate.bytes * count;
            if admission.admits(&candidate)? {
                matches.insert(candidate.message);
            }
            search.looked += 1;
        }
        if source == Source::Newest
            && search.looked >= LOOKED_MESSAGES_MAX
            && let Some(at) = oldest
        {
            search.is_cut = self.has_older(at)?;
            oldest = Some(1);
        }
        Ok((matches, oldest))
    }

    fn has_older(&self, than: MessageRowId) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM message WHERE id < ?1)")?
            .query_row([than], |row| row.get(0))?)
    }

    /// Those messages of a slice in which all phrases occur.
    fn with_phrases(
        &self,
        search: &Search,
        matches: &HashSet<MessageRowId>,
        oldest: MessageRowId,
        newest: MessageRowId,
    ) -> Result<Vec<MessageRowId>> {
        let mut statement = self.db.prepare_cached(
            "SELECT rowid FROM message_index
             WHERE message_index MATCH ?1 AND rowid BETWEEN ?2 AND ?3",
        )?;
        let ids = statement
            .query_map(params![search.query.phrases(), oldest, newest], |row| row.get(0))?;
        let mut all = ids.collect::<rusqlite::Result<Vec<_>>>()?;
        all.retain(|id| matches.contains(id));
        Ok(all)
    }

    /// Puts the best of some messages first, and of equally good ones the newest.
    fn rank(&self, ids: &mut [MessageRowId], query: &Query) -> Result<()> {
        if query.phrases.is_empty() {
            return Ok(());
        }
        let mut subject = self.db.prepare_cached("SELECT subject FROM message WHERE id = ?1")?;
        let mut ranks = HashMap::new();
        for &id in ids.iter() {
            let subject: String = subject.query_row([id], |row| row.get(0))?;
            let text = self.beginning(id, RANKED_BYTES)?;
            ranks.insert(id, search::rank(&[&subject, &text], query));
        }
        let rank = |id: &MessageRowId| ranks.get(id).copied().unwrap_or_default();
        ids.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then_with(|| b.cmp(a)));
        Ok(())
    }

    /// Examines some files up to `newest`; returns where the next slice begins.
    fn search_files(
        &self,
        search: &mut Search,
        newest: AttachmentId,
    ) -> Result<Option<AttachmentId>> {
        let columns = Candidate::COLUMNS;
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {columns}, f.id, f.name FROM file_index
             CROSS JOIN attachment f ON f.id = file_index.rowid
             LEFT JOIN message m ON m.id = f.message LEFT JOIN thread t ON t.id = m.thread
             WHERE file_index MATCH ?1 AND file_index.rowid <= ?2
             ORDER BY file_index.rowid DESC LIMIT ?3"
        ))?;
        let phrases = search.query.phrases();
        let mut rows = statement.query(params![phrases, newest, MATCHES_MAX])?;
        let query = search.query.clone();
        let mut admission = Admission::new(self, search.account, search.thread, &query);
        let mut oldest = None;
        while search.room() > 0
            && let Some(row) = rows.next()?
        {
            oldest = Some(row.get::<_, AttachmentId>(Candidate::WIDTH)?);
            // None for a file of a draft.
            let Some(message) = row.get::<_, Option<MessageRowId>>(0)? else { continue };
            if !admission.admits(&Candidate::read(row)?)? || !search.take(message) {
                continue;
            }
            let name: String = row.get(Candidate::WIDTH + 1)?;
            let name = search::passage(&name, &query).unwrap_or(name);
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
        let mut rows = statement.query([id])?;
        let row: &Row<'_> = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let (account, uid, claimed): (AccountId, tmtp::id::Uid, String) =
            (row.get(0)?, row.get(3)?, row.get(4)?);
        Ok(SearchHit {
            account,
            service: self.service_label(account)?,
            thread: row.get(1)?,
            message: id,
            subject: row.get(2)?,
            from: self.author(account, &uid, &claimed, row.get(6)?)?,
            at_ms: row.get(5)?,
            snippet: search::mark(snippet),
        })
    }
}

//! Tags of threads, and saved searches: the member's own, per account.

use rusqlite::{OptionalExtension, params};

use super::change::{VaultReader, WriteTx};
use super::text::clean_label;
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::{Account, AccountId, SavedSearch, SavedSearchId, Tag, TagId, ThreadId};

/// Longest name of a tag or of a saved search, characters, and longest search.
const NAME_CHARS_MAX: usize = 40;
const WORDS_BYTES_MAX: usize = 1_000;
/// Accents of the pages.
const ACCENTS: u8 = 10;
/// Tags of an account, of a thread; saved searches of an account.
const TAGS_MAX: i64 = 100;
const THREAD_TAGS_MAX: i64 = 10;
const SEARCHES_MAX: i64 = 20;

impl Vault {
    /// Creates a tag, or gives one another name and colour.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] for a name that another tag has, or one tag too many;
    /// [`VaultError::Invalid`] for an empty or long name, or an accent that there is not.
    pub fn save_tag(
        &mut self,
        account: AccountId,
        tag: Option<TagId>,
        name: &str,
        accent: u8,
    ) -> Result<Change<Account>> {
        let name = checked_name(name)?;
        if accent >= ACCENTS {
            return Err(VaultError::Invalid(format!(
                "There is no accent {accent}. Choose one from 0 to {}.",
                ACCENTS - 1
            )));
        }
        self.change(|work| {
            work.read.account(account)?;
            let other = work.read.tag_named(account, &name)?;
            if other.is_some() && other != tag {
                return Err(VaultError::Conflict(format!(
                    "There is a tag {name} already. Nothing was changed; choose another name."
                )));
            }
            match tag {
                Some(tag) => work.found(
                    work.db
                        .prepare_cached(
                            "UPDATE tag SET name = ?3, accent = ?4 WHERE id = ?1 AND account = ?2",
                        )?
                        .execute(params![tag, account, name, accent])?,
                    "tag",
                    tag,
                )?,
                None => {
                    work.check_count("tag", account, TAGS_MAX)?;
                    work.db
                        .prepare_cached(
                            "INSERT INTO tag (account, name, accent) VALUES (?1, ?2, ?3)",
                        )?
                        .execute(params![account, name, accent])?;
                }
            }
            work.touch_account(account);
            work.read.account(account)
        })
    }

    /// Removes a tag from all threads and from the account.
    pub fn drop_tag(&mut self, account: AccountId, tag: TagId) -> Result<Change<Account>> {
        self.drop_named("tag", account, tag)
    }

    /// Gives threads a tag, or takes it from them; how many were changed. Those of other accounts and
    /// those that are gone are passed over.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] for a thread with too many tags; then nothing is changed.
    pub fn tag_threads(
        &mut self,
        threads: &[ThreadId],
        tag: TagId,
        on: bool,
    ) -> Result<Change<u64>> {
        self.change(|work| {
            let sql = match on {
                true => {
                    "INSERT OR IGNORE INTO thread_tag (tag, thread, last_at_ms)
                     SELECT tag.id, thread.id, thread.last_at_ms FROM thread
                     JOIN tag ON tag.account = thread.account
                     WHERE tag.id = ?1 AND thread.id = ?2 AND thread.erasing = 0"
                }
                false => "DELETE FROM thread_tag WHERE tag = ?1 AND thread = ?2",
            };
            let mut changed = 0;
            for &thread in threads {
                if work.db.prepare_cached(sql)?.execute([tag, thread])? == 0 {
                    continue;
                }
                if on && work.read.tags_of(thread)?.len() as i64 > THREAD_TAGS_MAX {
                    return Err(VaultError::Conflict(format!(
                        "A thread has at most {THREAD_TAGS_MAX} tags. Nothing was changed; take one off first."
                    )));
                }
                work.touch_thread(thread);
                changed += 1;
            }
            Ok(changed)
        })
    }

    /// Saves a search under a name, in place of the one that had it.
    pub fn save_search(
        &mut self,
        account: AccountId,
        name: &str,
        words: &str,
    ) -> Result<Change<Account>> {
        let name = checked_name(name)?;
        if words.trim().is_empty() || words.len() > WORDS_BYTES_MAX {
            return Err(VaultError::Invalid(format!(
                "A search that is saved has words, at most {WORDS_BYTES_MAX} bytes of them. Nothing was saved."
            )));
        }
        self.change(|work| {
            work.read.account(account)?;
            let replaced = work
                .db
                .prepare_cached(
                    "UPDATE saved_search SET words = ?3 WHERE account = ?1 AND name = ?2",
                )?
                .execute(params![account, name, words])?;
            if replaced == 0 {
                work.check_count("saved_search", account, SEARCHES_MAX)?;
                work.db
                    .prepare_cached(
                        "INSERT INTO saved_search (account, name, words) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![account, name, words])?;
            }
            work.touch_account(account);
            work.read.account(account)
        })
    }

    /// Removes a saved search.
    pub fn drop_search(
        &mut self,
        account: AccountId,
        search: SavedSearchId,
    ) -> Result<Change<Account>> {
        self.drop_named("saved_search", account, search)
    }

    fn drop_named(
        &mut self,
        table: &'static str,
        account: AccountId,
        id: i64,
    ) -> Result<Change<Account>> {
        self.change(|work| {
            if table == "tag" {
                for thread in work.read.some_threads_of(id)? {
                    work.touch_thread(thread);
                }
            }
            let sql = format!("DELETE FROM {table} WHERE id = ?1 AND account = ?2");
            let gone = work.db.prepare_cached(&sql)?.execute([id, account])?;
            work.found(gone, table, id)?;
            work.touch_account(account);
            work.read.account(account)
        })
    }
}

impl VaultReader<'_> {
    /// The tags of an account, by name.
    pub(super) fn tags(&self, account: AccountId) -> Result<Vec<Tag>> {
        let mut statement = self
            .db
            .prepare_cached("SELECT id, name, accent FROM tag WHERE account = ?1 ORDER BY name")?;
        let tags = statement.query_map([account], |row| {
            Ok(Tag { id: row.get(0)?, name: row.get(1)?, accent: row.get(2)? })
        })?;
        Ok(tags.collect::<rusqlite::Result<_>>()?)
    }

    /// The saved searches of an account, the oldest first.
    pub(super) fn searches(&self, account: AccountId) -> Result<Vec<SavedSearch>> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, name, words FROM saved_search WHERE account = ?1 ORDER BY id",
        )?;
        let searches = statement.query_map([account], |row| {
            Ok(SavedSearch { id: row.get(0)?, name: row.get(1)?, words: row.get(2)? })
        })?;
        Ok(searches.collect::<rusqlite::Result<_>>()?)
    }

    /// The tags of a thread.
    pub(super) fn tags_of(&self, thread: ThreadId) -> Result<Vec<TagId>> {
        let mut statement =
            self.db.prepare_cached("SELECT tag FROM thread_tag WHERE thread = ?1 ORDER BY tag")?;
        let tags = statement.query_map([thread], |row| row.get(0))?;
        Ok(tags.collect::<rusqlite::Result<_>>()?)
    }

    /// Threads with a tag, the newest of them: as many as are announced when it is dropped.
    fn some_threads_of(&self, tag: TagId) -> Result<Vec<ThreadId>> {
        let mut statement = self.db.prepare_cached(
            "SELECT thread FROM thread_tag INDEXED BY thread_tag_list
             WHERE tag = ?1 ORDER BY last_at_ms DESC, thread DESC LIMIT 100",
        )?;
        let threads = statement.query_map([tag], |row| row.get(0))?;
        Ok(threads.collect::<rusqlite::Result<_>>()?)
    }

    fn tag_named(&self, account: AccountId, name: &str) -> Result<Option<TagId>> {
        Ok(self
            .db
            .prepare_cached("SELECT id FROM tag WHERE account = ?1 AND name = ?2")?
            .query_row(params![account, name], |row| row.get(0))
            .optional()?)
    }
}

impl WriteTx<'_> {
    fn check_count(&self, table: &'static str, account: AccountId, most: i64) -> Result<()> {
        let sql = format!("SELECT count(*) FROM {table} WHERE account = ?1");
        let count: i64 = self.db.prepare_cached(&sql)?.query_row([account], |row| row.get(0))?;
        if count < most {
            return Ok(());
        }
        Err(VaultError::Conflict(format!(
            "There are {most} of them, as many as there can be. Nothing was saved; remove one first."
        )))
    }

    fn found(&self, rows: usize, what: &'static str, id: i64) -> Result<()> {
        if rows > 0 { Ok(()) } else { Err(VaultError::NotFound { what, id }) }
    }
}

fn checked_name(name: &str) -> Result<String> {
    let clean = clean_label(name.trim());
    if clean.is_empty() || clean.chars().count() > NAME_CHARS_MAX {
        return Err(VaultError::Invalid(format!(
            "A name has 1 to {NAME_CHARS_MAX} characters. Nothing was saved; choose another."
        )));
    }
    Ok(clean)
}

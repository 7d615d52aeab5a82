//! Removal of an account: its secret at once, everything else in slices.
//!
//! A removed account is in no view from the first step on. After a crash the next run erases what
//! is left.

use rusqlite::params;

use super::{Change, Result, Vault};
use crate::event::Event;
use crate::view::{AccountId, Losses, ThreadId};

/// Chunks of attachments erased in one slice, 2 MiB.
const CHUNKS: i64 = 8;
/// Messages erased in one slice.
const MESSAGES: i64 = 20;
/// Rows of other kinds erased in one slice.
const ROWS: i64 = 200;
/// Readers of threads erased in one slice; a thread may have hundreds.
const READERS: i64 = 500;

/// Unsettled steps first: a thread may have many.
const UNSETTLED: &str =
    "DELETE FROM unsettled WHERE id IN (SELECT id FROM unsettled WHERE account = ?1 LIMIT ?2)";

/// Last, in this order: rows before those they refer to. The answer to a ping is newer than the
/// ping. Deleting the account deletes the rest by cascade.
const TABLES: [&str; 10] = [
    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE account = ?1 LIMIT ?2)",
    "DELETE FROM ping WHERE id IN
     (SELECT id FROM ping WHERE account = ?1 ORDER BY id DESC LIMIT ?2)",
    "DELETE FROM contact WHERE account = ?1 AND uid IN
     (SELECT uid FROM contact WHERE account = ?1 LIMIT ?2)",
    "DELETE FROM namesake WHERE (account, look, uid) IN
     (SELECT account, look, uid FROM namesake WHERE account = ?1 LIMIT ?2)",
    "DELETE FROM seen WHERE account = ?1 AND msgid IN
     (SELECT msgid FROM seen WHERE account = ?1 LIMIT ?2)",
    "DELETE FROM foretold WHERE account = ?1 AND service_id IN
     (SELECT service_id FROM foretold WHERE account = ?1 LIMIT ?2)",
    "DELETE FROM group_uid WHERE (account, gid, uid) IN
     (SELECT account, gid, uid FROM group_uid WHERE account = ?1 LIMIT ?2)",
    "DELETE FROM group_member WHERE (account, gid, alias) IN
     (SELECT account, gid, alias FROM group_member WHERE account = ?1 LIMIT ?2)",
    "DELETE FROM grp WHERE account = ?1 AND gid IN
     (SELECT gid FROM grp WHERE account = ?1 LIMIT ?2)",
    "DELETE FROM account WHERE id IN (SELECT id FROM account WHERE id = ?1 LIMIT ?2)",
];

impl Vault {
    /// What would be lost with an account.
    pub fn losses(&self, id: AccountId) -> Result<Losses> {
        self.account(id)?;
        let count = |sql: &str| -> Result<u64> {
            Ok(self.db.prepare_cached(sql)?.query_row([id], |row| row.get(0))?)
        };
        Ok(Losses {
            letters: count("SELECT count(*) FROM message WHERE account = ?1")?,
            queued: count("SELECT count(*) FROM outbox WHERE account = ?1 AND kind = 'post'")?,
            drafts: count("SELECT count(*) FROM draft WHERE account = ?1")?,
            contacts: count("SELECT count(*) FROM contact WHERE account = ?1")?,
            other_devices: count("SELECT count(*) FROM device WHERE account = ?1 AND this = 0")?,
        })
    }

    /// Removes an account from all views and erases its secret. The same member can be added again
    /// at once.
    pub fn begin_removal(&mut self, id: AccountId) -> Result<Change<()>> {
        let change = self.change(|work| {
            work.db.execute(
                "UPDATE account SET gone = 1, node = '', uid = 'removed ' || id WHERE id = ?1",
                [id],
            )?;
            work.touch_services()
        })?;
        self.runtime.forget(id);
        let mut change = change;
        change.events.insert(0, Event::AccountGone { account: id });
        Ok(change)
    }

    /// Accounts being removed.
    pub fn removing(&self) -> Result<Vec<AccountId>> {
        let mut statement = self.db.prepare_cached("SELECT id FROM account WHERE gone = 1")?;
        let ids = statement.query_map([], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    /// Erases a slice of an account being removed; true when nothing is left.
    pub fn remove_slice(&mut self, id: AccountId) -> Result<bool> {
        if self.db.prepare_cached(UNSETTLED)?.execute(params![id, ROWS])? > 0
            || self.remove_letters(id, Letters::Messages)?
            || self.remove_letters(id, Letters::Drafts)?
            || self.remove_threads(id)?
        {
            return Ok(false);
        }
        let copies: Vec<i64> = self
            .db
            .prepare_cached(
                "DELETE FROM forward_copy
                 WHERE outbox IN (SELECT id FROM outbox WHERE account = ?1) RETURNING blob",
            )?
            .query_map([id], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        copies.into_iter().for_each(|blob| self.chores.erase(blob));
        for sql in TABLES {
            if self.db.prepare_cached(sql)?.execute(params![id, ROWS])? > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Erases some messages or drafts, their files first. False if there are none.
    fn remove_letters(&mut self, id: AccountId, letters: Letters) -> Result<bool> {
        let tx = self.db.transaction()?;
        let ids: Vec<i64> = tx
            .prepare_cached(letters.some())?
            .query_map(params![id, MESSAGES], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut room = CHUNKS;
        for letter in &ids {
            let blobs: Vec<i64> = tx
                .prepare_cached(letters.blobs())?
                .query_map([letter], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            for blob in blobs {
                let erased = tx
                    .prepare_cached(
                        "DELETE FROM blob_chunk WHERE id IN
                         (SELECT id FROM blob_chunk WHERE blob = ?1 LIMIT ?2)",
                    )?
                    .execute([blob, room])?;
                room -= i64::try_from(erased).unwrap_or(room);
                if room <= 0 {
                    tx.commit()?;
                    return Ok(true);
                }
                tx.prepare_cached("DELETE FROM attachment WHERE blob = ?1")?.execute([blob])?;
                tx.prepare_cached("DELETE FROM blob WHERE id = ?1")?.execute([blob])?;
            }
            tx.prepare_cached(letters.delete())?.execute([letter])?;
        }
        tx.commit()?;
        Ok(!ids.is_empty())
    }

    /// Erases some threads without messages, their readers first. False if there are none.
    fn remove_threads(&mut self, id: AccountId) -> Result<bool> {
        let tx = self.db.transaction()?;
        let ids: Vec<ThreadId> = tx
            .prepare_cached("SELECT id FROM thread WHERE account = ?1 LIMIT ?2")?
            .query_map([id, ROWS], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut room = READERS;
        for thread in &ids {
            let erased = tx
                .prepare_cached(
                    "DELETE FROM party WHERE thread = ?1 AND uid IN
                     (SELECT uid FROM party WHERE thread = ?1 LIMIT ?2)",
                )?
                .execute([*thread, room])?;
            room -= i64::try_from(erased).unwrap_or(room);
            if room <= 0 {
                break;
            }
            tx.prepare_cached("DELETE FROM thread WHERE id = ?1")?.execute([thread])?;
        }
        tx.commit()?;
        Ok(!ids.is_empty())
    }
}

/// Rows that own files.
#[derive(Clone, Copy)]
enum Letters {
    Messages,
    Drafts,
}

impl Letters {
    fn some(self) -> &'static str {
        match self {
            Self::Messages => "SELECT id FROM message WHERE account = ?1 LIMIT ?2",
            Self::Drafts => "SELECT id FROM draft WHERE account = ?1 LIMIT ?2",
        }
    }

    fn blobs(self) -> &'static str {
        match self {
            Self::Messages => "SELECT blob FROM attachment WHERE message = ?1",
            Self::Drafts => "SELECT blob FROM attachment WHERE draft = ?1",
        }
    }

    fn delete(self) -> &'static str {
        match self {
            Self::Messages => "DELETE FROM message WHERE id = ?1",
            Self::Drafts => "DELETE FROM draft WHERE id = ?1",
        }
    }
}

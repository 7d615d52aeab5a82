//! Name of a person or group by which lists sort a thread, and the chore that renews it.
//!
//! It is kept in the thread's row. When somebody is called otherwise, the newest of their threads have the
//! new name at once. For the others all threads are looked through in slices, which survive a crash: the one
//! row of `rename` says up to which thread that is left to do.

use rusqlite::{Connection, params};
use tmtp::id::Uid;

use super::change::WriteTx;
use super::{Result, Vault};
use crate::view::{AccountId, ThreadId};

/// Threads renewed and announced at once when somebody is called otherwise.
const THREADS_ANNOUNCED: usize = 100;
/// Threads looked through in one slice.
const ROWS: i64 = 200;

/// The name by which lists sort a row of `thread`: of its first group, otherwise of its first reader besides
/// the member.
macro_rules! person_key {
    () => {
        "coalesce((SELECT substr(search_tokens(coalesce(contact.alias, party.alias)), 1, 64)
             FROM party INDEXED BY party_reader
             LEFT JOIN contact ON contact.account = thread.account
                 AND contact.uid = party.uid AND party.is_group = 0
             WHERE party.thread = thread.id AND party.struck_ms IS NULL
                 AND party.uid <> (SELECT uid FROM account WHERE id = thread.account)
             ORDER BY party.is_group DESC, party.ord, party.uid LIMIT 1), '')"
    };
}
pub(super) use person_key;

impl Vault {
    /// Renews a slice of the threads that are left; true while there is more.
    pub(super) fn rename_slice(&mut self) -> Result<bool> {
        self.unsynced(|vault| {
            let tx = vault.db.transaction()?;
            let from: ThreadId = tx.query_row("SELECT thread FROM rename", [], |row| row.get(0))?;
            if from == 0 {
                return Ok(false);
            }
            let first: Option<ThreadId> = tx
                .prepare_cached(
                    "SELECT min(id) FROM
                         (SELECT id FROM thread WHERE id <= ?1 ORDER BY id DESC LIMIT ?2)",
                )?
                .query_row([from, ROWS], |row| row.get(0))?;
            if let Some(first) = first {
                renew(&tx, first, from)?;
            }
            let left = first.map_or(0, |first| (first - 1).max(0));
            tx.prepare_cached("UPDATE rename SET thread = ?1")?.execute([left])?;
            tx.commit()?;
            Ok(true)
        })
    }
}

impl WriteTx<'_> {
    /// Renews the threads of somebody who is called otherwise from now on, the newest at once.
    pub(super) fn rename_in_threads(&mut self, account: AccountId, uid: &Uid) -> Result<()> {
        let mut statement = self.db.prepare_cached(
            "SELECT t.id FROM party p JOIN thread t ON t.id = p.thread
             WHERE p.uid = ?2 AND p.is_group = 0 AND t.account = ?1
             ORDER BY t.last_at_ms DESC LIMIT ?3",
        )?;
        let threads = statement
            .query_map(params![account, uid, THREADS_ANNOUNCED], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<ThreadId>>>()?;
        if threads.len() == THREADS_ANNOUNCED {
            self.db
                .prepare_cached("UPDATE rename SET thread = (SELECT max(id) FROM thread)")?
                .execute([])?;
            self.leave_renamed();
        }
        for thread in threads {
            self.touch_readers(thread);
        }
        Ok(())
    }

    /// Renews the threads whose readers have changed; at the end of each write.
    pub(super) fn renew_people(&mut self) -> Result<()> {
        self.take_readers().into_iter().try_for_each(|thread| renew(self.db, thread, thread))
    }
}

/// Renews the threads with these numbers and those between them.
fn renew(db: &Connection, first: ThreadId, last: ThreadId) -> Result<()> {
    db.prepare_cached(concat!(
        "UPDATE thread SET person_key = renewed.key
         FROM (SELECT id, ",
        person_key!(),
        " AS key FROM thread WHERE id BETWEEN ?1 AND ?2) AS renewed
         WHERE thread.id = renewed.id AND thread.person_key <> renewed.key",
    ))?
    .execute([first, last])?;
    Ok(())
}

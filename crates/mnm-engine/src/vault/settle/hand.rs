//! Manual admission of a separate letter to the thread that it names.

use rusqlite::params;
use tmtp::id::Uid;

use super::step::Step;
use crate::error::VaultError;
use crate::vault::change::WriteTx;
use crate::vault::party::NewParty;
use crate::vault::{Change, Result, Vault};
use crate::view::{AccountId, ThreadId};

/// Letters of a thread whose authors are admitted when the member takes it in, and most authors.
const TAKEN_LETTERS: i64 = 1_000;
const TAKEN_AUTHORS: i64 = 100;

impl Vault {
    /// The member decides that a letter in a thread of its own belongs where it says. Returns the
    /// thread it is in now; the other letters of a long thread follow as a chore.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] if it names no thread.
    pub fn take_in(&mut self, id: ThreadId, now_ms: i64) -> Result<Change<ThreadId>> {
        self.change(|work| {
            let account = work.read.account_of(id)?;
            work.take_in_by_hand(account, id, now_ms)
        })
    }
}

impl WriteTx<'_> {
    /// Moves a letter by the member's decision: its author is a reader of that thread from now on,
    /// or known as a member of its groups.
    fn take_in_by_hand(
        &mut self,
        account: AccountId,
        id: ThreadId,
        now_ms: i64,
    ) -> Result<ThreadId> {
        let Some(target) = self.read.claimed_thread(account, id)? else {
            return Err(VaultError::Conflict(
                "The letter does not say that it belongs to a thread that is here. Nothing was changed.".into(),
            ));
        };
        let me = self.read.own_uid(account)?;
        let authors = self
            .db
            .prepare_cached(
                "SELECT DISTINCT coalesce(forwarded_by, author_uid),
                     iif(forwarded_by IS NULL, author_alias, '')
                 FROM (SELECT forwarded_by, author_uid, author_alias FROM message
                       WHERE thread = ?1 ORDER BY at_ms, id LIMIT ?3)
                 WHERE coalesce(forwarded_by, author_uid) <> ?2 LIMIT ?4",
            )?
            .query_map(params![id, me, TAKEN_LETTERS, TAKEN_AUTHORS], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<rusqlite::Result<Vec<(Uid, String)>>>()?;
        let groups = self.read.groups_in(target)?;
        for (uid, alias) in &authors {
            for gid in &groups {
                if !self.read.is_known_member(account, gid, uid)? {
                    self.learn_member(account, gid, uid, "")?;
                    self.joins_now(account, gid, uid)?;
                }
            }
            if groups.is_empty() {
                if !self.read.is_party(target, uid)? {
                    self.check_room(target, 1, 0)?;
                }
                let (id, by) = (uid.as_str(), me.as_str());
                let party = NewParty { id, alias, is_group: false, by, at_ms: now_ms };
                self.insert_party(target, &party)?;
            }
        }
        // Learning the author may have moved it in already.
        if self.read.account_of(id).is_ok() {
            let all = Step::Letters { source: id, thread: target, asked: false };
            let step = self.leave(account, all)?;
            self.settle(step)?;
        }
        self.refresh_thread(target)?;
        self.sync_thread(account, target, now_ms)?;
        Ok(target)
    }
}

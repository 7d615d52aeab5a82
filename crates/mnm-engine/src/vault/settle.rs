//! Settling: moves early letters, which arrived before it was known which thread they belong to.
//!
//! Once the readers of a thread are known (`placement.rs`), the early letters are checked against
//! them: letters in it, threads that claim its id, and letters that stand apart and name it. There
//! may be thousands, so this is done in stored steps:
//!
//! ```text
//! known, or a new member ──> rows of `unsettled` ──> a slice in the same transaction
//!                                                └──> the others as chores (`chore.rs`), oldest step first
//! ```
//!
//! A step stores its progress in the transaction that made it. So after a crash each letter is in
//! one thread, and nothing is left undone. A thread whose letters are being moved elsewhere admits
//! no new ones; it is removed with its last letter.

mod early;
mod hand;
mod step;

use std::collections::{BTreeSet, HashMap};

use rusqlite::{OptionalExtension, params};
use tmtp::id::{Gid, Uid};

use early::EarlyLetter;
pub(super) use step::StepId;
use step::{Step, StepCursor};

use super::Result;
use super::change::WriteTx;
use super::party::NewParty;
use crate::view::{AccountId, MessageRowId, ThreadId};

/// Admission check of a thread: each author is checked once.
struct AdmissionCache {
    account: AccountId,
    thread: ThreadId,
    verdicts: HashMap<(Uid, Vec<Gid>), bool>,
}

impl WriteTx<'_> {
    /// The readers of a thread became known: early letters in it are moved out if their author is
    /// no reader, and waiting ones are moved in. A forwarded letter counts as its forwarder's.
    /// Letters that entered a known thread (`was_known`) were checked then, and the groups they
    /// were posted to were not stored.
    pub(super) fn settle_early(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        was_known: bool,
    ) -> Result<()> {
        let claims = self.leave(account, Step::Claims { thread })?;
        if !was_known {
            self.leave(account, Step::Letters { source: thread, thread, asked: true })?;
        }
        self.leave(account, Step::Replies { thread })?;
        self.settle(claims)
    }

    /// Moves in the replies that stand apart, each alone, and whose authors are readers of the
    /// thread. One that was answered, or is being answered, stays with its answer.
    pub(super) fn take_in(&mut self, account: AccountId, thread: ThreadId) -> Result<()> {
        let step = self.leave(account, Step::Replies { thread })?;
        self.settle(step)
    }

    /// As [`Self::take_in`], for the threads of a group with a new member.
    pub(super) fn take_in_member(&mut self, account: AccountId, gid: &Gid) -> Result<()> {
        let step = self.leave(account, Step::Group { gid })?;
        self.settle(step)
    }

    /// Moves all letters of a thread into another one; those being checked are checked there.
    pub(super) fn merge_thread(
        &mut self,
        account: AccountId,
        from: ThreadId,
        to: ThreadId,
    ) -> Result<()> {
        let asked = self.read.is_asked(from)?;
        let step = self.leave(account, Step::Letters { source: from, thread: to, asked })?;
        self.settle(step)
    }

    /// Does the steps from this number on, as far as one transaction allows; the others stay
    /// stored.
    pub(super) fn settle(&mut self, from: StepId) -> Result<()> {
        while let Some(stored) = self.read.stored_step(from)? {
            if !self.slice.is_left() {
                self.leave_unsettled();
                break;
            }
            let come_to = match stored.step()? {
                Step::Letters { source, thread, asked } => {
                    let admission = AdmissionCache::of(stored.account, thread);
                    self.bring_letters(admission, source, asked, stored.after, stored.until)?
                }
                Step::Claims { thread } => {
                    self.settle_claims(stored.account, thread, stored.after)?
                }
                Step::Replies { thread } => {
                    self.bring_replies(AdmissionCache::of(stored.account, thread), stored.after)?
                }
                Step::Group { gid } => self.settle_group(stored.account, gid, stored.after)?,
            };
            match come_to {
                Some(after) => self
                    .db
                    .prepare_cached("UPDATE unsettled SET after_ms = ?2, after = ?3 WHERE id = ?1")?
                    .execute(params![stored.id, after.0, after.1])?,
                None => self
                    .db
                    .prepare_cached("DELETE FROM unsettled WHERE id = ?1")?
                    .execute([stored.id])?,
            };
            // Steps without work count too, so a transaction does only some of many.
            self.slice.look();
        }
        Ok(())
    }

    /// Does a slice of [`Step::Letters`]. Returns its progress; none once it is done.
    fn bring_letters(
        &mut self,
        mut admission: AdmissionCache,
        source: ThreadId,
        asked: bool,
        after: StepCursor,
        until: MessageRowId,
    ) -> Result<Option<StepCursor>> {
        let (account, thread) = (admission.account, admission.thread);
        let first = self.read.service_id(thread)?;
        let most = self.slice.looks;
        let letters = self.read.letters_in(source, after, most)?;
        let mut is_done = letters.len() < most;
        let (mut come_to, mut moved, mut apart) = (after, Vec::new(), BTreeSet::new());
        for letter in &letters {
            if !self.slice.is_left() {
                is_done = false;
                break;
            }
            self.slice.look();
            let is_asked =
                asked && letter.is_received && letter.msgid != first && letter.id <= until;
            if is_asked && !self.is_admitted(&mut admission, letter)? {
                let own = self.place_apart(account, first.as_deref(), letter)?;
                self.move_letter(letter, own)?;
                apart.insert(own);
                moved.push(letter.id);
            } else if source != thread {
                self.move_letter(letter, thread)?;
                moved.push(letter.id);
            }
            // If the last examined row is gone, start from the beginning.
            if source == thread {
                come_to = (letter.at_ms, letter.id);
            }
        }
        if source != thread {
            is_done = self.read.is_empty_thread(source)?;
            // A draft for the readers of a claim becomes a new letter.
            if is_done && !asked {
                self.move_draft(source, thread)?;
            }
            self.refresh_thread(source)?;
        }
        for own in apart {
            self.refresh_thread(own)?;
        }
        if !moved.is_empty() {
            self.refresh_begun(thread)?;
        }
        for letter in moved {
            if source == thread || !is_done {
                self.message_gone(source, letter);
            }
            self.touch_message(letter);
        }
        Ok((!is_done).then_some(come_to))
    }

    /// Does a slice of [`Step::Claims`].
    fn settle_claims(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        after: StepCursor,
    ) -> Result<Option<StepCursor>> {
        let Some(service_id) = self.read.service_id(thread)? else { return Ok(None) };
        let most = self.slice.looks;
        let claims = self.read.claims_after(account, thread, after.1, most)?;
        for &claimed in &claims {
            self.slice.look();
            let claimant = self.read.claimant(claimed)?.unwrap_or_default();
            let groups = self.read.written_to(account, claimed, &claimant)?;
            let is_admitted = self.lets_in(account, thread, &claimant, &groups)?
                // A claimant whom the member has struck is no longer admitted.
                && (!self.carry_strikes(claimed, thread)?
                    || self.lets_in(account, thread, &claimant, &groups)?)
                && !self.read.is_being_answered(claimed)?;
            if is_admitted {
                self.leave(account, Step::Letters { source: claimed, thread, asked: true })?;
            } else {
                self.claim(claimed, &service_id)?;
                self.touch_thread(claimed);
            }
        }
        Ok(claims.last().filter(|_| claims.len() == most).map(|&last| (0, last)))
    }

    /// Strikes those in a merged thread who were struck in its source. Returns whether there was
    /// anybody.
    fn carry_strikes(&mut self, from: ThreadId, to: ThreadId) -> Result<bool> {
        let struck = self
            .db
            .prepare_cached(
                "UPDATE party SET struck_ms = theirs.struck_ms
                 FROM party AS theirs
                 WHERE party.thread = ?2 AND party.struck_ms IS NULL AND theirs.thread = ?1
                   AND theirs.uid = party.uid AND theirs.struck_ms IS NOT NULL",
            )?
            .execute([from, to])?;
        if struck > 0 {
            self.touch_readers(to);
        }
        Ok(struck > 0)
    }

    /// Does a slice of [`Step::Replies`].
    fn bring_replies(
        &mut self,
        mut admission: AdmissionCache,
        after: StepCursor,
    ) -> Result<Option<StepCursor>> {
        let (account, thread) = (admission.account, admission.thread);
        let most = self.slice.looks;
        let replies = self.read.replies_after(account, thread, after.1, most)?;
        let mut is_done = replies.len() < most;
        let (mut come_to, mut moved) = (after, false);
        for (reply, is_alone) in replies {
            if !self.slice.is_left() {
                is_done = false;
                break;
            }
            self.slice.look();
            come_to = (0, reply);
            if !is_alone || self.read.is_being_answered(reply)? {
                continue;
            }
            let Some(letter) = self.read.only_letter_in(reply)? else { continue };
            if self.is_admitted(&mut admission, &letter)? {
                self.move_letter(&letter, thread)?;
                self.refresh_thread(reply)?;
                self.touch_message(letter.id);
                moved = true;
            }
        }
        if moved {
            self.refresh_begun(thread)?;
        }
        Ok((!is_done).then_some(come_to))
    }

    /// Does a slice of [`Step::Group`].
    fn settle_group(
        &mut self,
        account: AccountId,
        gid: &Gid,
        after: StepCursor,
    ) -> Result<Option<StepCursor>> {
        let most = self.slice.looks;
        let threads = self.read.threads_of_group(account, gid, after.1, most)?;
        for &(thread, is_waited_for) in &threads {
            self.slice.look();
            if is_waited_for {
                self.leave(account, Step::Replies { thread })?;
            }
        }
        Ok(threads.last().filter(|_| threads.len() == most).map(|&(last, _)| (0, last)))
    }

    fn is_admitted(&self, admission: &mut AdmissionCache, letter: &EarlyLetter) -> Result<bool> {
        admission.lets_in(self, letter.uid.clone(), self.read.vouched_for(letter.id)?)
    }

    /// Moves a letter. The caller refreshes the threads.
    fn move_letter(&mut self, letter: &EarlyLetter, to: ThreadId) -> Result<()> {
        self.db
            .prepare_cached("UPDATE message SET thread = ?2, moved = 1 WHERE id = ?1")?
            .execute([letter.id, to])?;
        let unread = self
            .db
            .prepare_cached("SELECT unread FROM message WHERE id = ?1")?
            .query_row([letter.id], |row| row.get(0))?;
        self.come_back(to, unread)?;
        self.slice.bytes -= letter.bytes;
        Ok(())
    }

    /// Refreshes a thread, unless its first letter is still to be stored.
    fn refresh_begun(&mut self, thread: ThreadId) -> Result<()> {
        match self.read.is_empty_thread(thread)? {
            true => Ok(()),
            false => self.refresh_thread(thread).map(drop),
        }
    }

    /// The separate thread for a letter that is not admitted to the thread it names (`claimed_id`).
    /// The letters of one forward stay together.
    fn place_apart(
        &mut self,
        account: AccountId,
        claimed_id: Option<&str>,
        letter: &EarlyLetter,
    ) -> Result<ThreadId> {
        let EarlyLetter { uid, alias, at_ms, .. } = letter;
        let msgid = letter.msgid.as_deref().unwrap_or_default();
        let own_id = msgid.split('.').next().unwrap_or(msgid);
        let own = match self.own_claimed(account, own_id, uid)? {
            Some(own) => own,
            None => {
                let own = self.insert_thread(account, Some(own_id), "", *at_ms)?;
                self.set_claimant(own, uid)?;
                own
            }
        };
        if let Some(claimed_id) = claimed_id {
            self.claim(own, claimed_id)?;
        }
        let me = self.read.own_uid(account)?;
        for (reader, alias) in [(uid, alias.as_str()), (&me, "")] {
            let (id, by) = (reader.as_str(), uid.as_str());
            let party = NewParty { id, alias, is_group: false, by, at_ms: *at_ms };
            self.insert_party(own, &party)?;
        }
        Ok(own)
    }

    /// The thread of this id that a uid has claimed.
    fn own_claimed(
        &self,
        account: AccountId,
        service_id: &str,
        uid: &Uid,
    ) -> Result<Option<ThreadId>> {
        for thread in self.read.claimed_threads(account, service_id)? {
            if self.read.claimant(thread)?.as_ref() == Some(uid) {
                return Ok(Some(thread));
            }
        }
        Ok(None)
    }

    /// Moves the draft of a reply when threads are merged, unless there is one already.
    fn move_draft(&mut self, from: ThreadId, to: ThreadId) -> Result<()> {
        match self.read.draft_of(to)? {
            Some(draft) if draft.is_empty() => self.delete_draft(draft.account, draft.id)?,
            Some(_) => return Ok(()),
            None => {}
        }
        let moved = self
            .db
            .prepare_cached("UPDATE draft SET thread = ?2 WHERE thread = ?1 RETURNING id")?
            .query_row([from, to], |row| row.get(0))
            .optional()?;
        if let Some(draft) = moved {
            self.touch_draft(draft);
        }
        Ok(())
    }
}

impl AdmissionCache {
    fn of(account: AccountId, thread: ThreadId) -> Self {
        Self { account, thread, verdicts: HashMap::new() }
    }

    /// Whether the thread admits a letter of a uid, posted to these groups as the service says.
    fn lets_in(&mut self, work: &WriteTx<'_>, uid: Uid, groups: Vec<Gid>) -> Result<bool> {
        let key = (uid, groups);
        if let Some(&verdict) = self.verdicts.get(&key) {
            return Ok(verdict);
        }
        let verdict = work.lets_in(self.account, self.thread, &key.0, &key.1)?;
        self.verdicts.insert(key, verdict);
        Ok(verdict)
    }
}

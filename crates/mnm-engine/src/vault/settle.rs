//! Letters that came before it was known where they belong, and their way there.
//!
//! Once it is known who is in a thread (`placement.rs`), what came before is asked at its door: letters
//! that stand in it, threads that claim its id, and letters that stand apart and say they are replies in
//! it. That may be thousands, so it goes in steps, and those are written down:
//!
//! ```text
//! known, or another member ─> rows of `unsettled` ─> a slice in the same transaction
//!                                              └──> the others as chores (`chore.rs`), oldest step first
//! ```
//!
//! A step says up to where it was done, in the transaction that did it. So at any cut each letter stands
//! in one thread, and nothing is left undone after a crash. A thread whose letters are on their way
//! elsewhere takes no new ones; it is gone with its last letter.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{OptionalExtension, Row, params};

use super::change::{Reader, Work};
use super::party::NewParty;
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::{AccountId, MessageId, ThreadId};

/// Letters and threads that are looked at in one transaction.
const SLICE_LOOKS: usize = 100;
/// Bytes of letters after which a transaction moves no more of them.
const SLICE_BYTES: i64 = 512 << 10;
/// Letters of a thread among which their authors are looked for when the member takes it in, and authors.
const TAKEN_LETTERS: i64 = 1_000;
const TAKEN_AUTHORS: i64 = 100;

/// What is left of a transaction's work on letters that came early.
#[derive(Debug)]
pub(super) struct Slice {
    looks: usize,
    bytes: i64,
}

impl Default for Slice {
    fn default() -> Self {
        Self { looks: SLICE_LOOKS, bytes: SLICE_BYTES }
    }
}

impl Slice {
    fn is_left(&self) -> bool {
        self.looks > 0 && self.bytes > 0
    }

    fn look(&mut self) {
        self.looks = self.looks.saturating_sub(1);
    }
}

/// Number of a row of `unsettled`; a later one is larger.
pub(super) type StepId = i64;

/// Something to do.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    /// Letters that stand in `source` come into `thread` or, if they are asked and not let in, stand
    /// apart from then on. Where both are one, those that are let in stay.
    Letters { source: ThreadId, thread: ThreadId, asked: bool },
    /// Threads that claim the id of `thread` become a part of it if their claimant is let in.
    Claims { thread: ThreadId },
    /// Letters that stand apart, each alone, come into `thread` if they are let in.
    Replies { thread: ThreadId },
    /// As `Replies`, for each thread of a group.
    Group { gid: &'a str },
}

/// Where a step has come to: what it looks at is in the order of times, where it has any, and numbers.
type Place = (i64, i64);
const BEGINNING: Place = (i64::MIN, i64::MIN);

/// A row of `unsettled`.
struct StoredStep {
    id: StepId,
    account: AccountId,
    name: String,
    thread: Option<ThreadId>,
    source: Option<ThreadId>,
    asked: bool,
    gid: Option<String>,
    after: Place,
    until: MessageId,
}

impl StoredStep {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            account: row.get(1)?,
            name: row.get(2)?,
            thread: row.get(3)?,
            source: row.get(4)?,
            asked: row.get(5)?,
            gid: row.get(6)?,
            after: (row.get(7)?, row.get(8)?),
            until: row.get(9)?,
        })
    }

    fn step(&self) -> Result<Step<'_>> {
        Ok(match (self.name.as_str(), self.thread, self.source, self.gid.as_deref()) {
            ("letters", Some(thread), Some(source), None) => {
                Step::Letters { source, thread, asked: self.asked }
            }
            ("claims", Some(thread), None, None) => Step::Claims { thread },
            ("replies", Some(thread), None, None) => Step::Replies { thread },
            ("group", None, None, Some(gid)) => Step::Group { gid },
            _ => return Err(VaultError::Damaged("a step that is none".into())),
        })
    }
}

/// A letter that may have to go elsewhere.
struct EarlyLetter {
    id: MessageId,
    /// Who sent it.
    uid: String,
    /// What the service calls it; none for one that waits to be sent.
    msgid: Option<String>,
    /// What its author is called there.
    alias: String,
    at_ms: i64,
    is_received: bool,
    bytes: i64,
}

const LETTER: &str = "id, coalesce(forwarded_by, author_uid), msgid,
    iif(forwarded_by IS NULL, author_alias, ''), at_ms, state = 'received',
    octet_length(text) + octet_length(html)";

impl EarlyLetter {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            uid: row.get(1)?,
            msgid: row.get(2)?,
            alias: row.get(3)?,
            at_ms: row.get(4)?,
            is_received: row.get(5)?,
            bytes: row.get(6)?,
        })
    }
}

/// The door of a thread: each author is asked about once.
struct Door {
    account: AccountId,
    thread: ThreadId,
    verdicts: HashMap<(String, Vec<String>), bool>,
}

impl Vault {
    /// The member's own word that a letter which stands in a thread of its own belongs where it says.
    /// Gives the thread it is in now; of a thread of many letters, the others follow as a chore.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] when it says nothing of the kind.
    pub fn take_in(&mut self, id: ThreadId, now_ms: i64) -> Result<Change<ThreadId>> {
        self.change(|work| {
            let account = work.read.account_of(id)?;
            work.take_in_by_hand(account, id, now_ms)
        })
    }
}

impl Reader<'_> {
    /// The oldest step that is left, from this number on.
    pub(super) fn next_step(&self, from: StepId) -> Result<Option<StepId>> {
        Ok(self.stored_step(from)?.map(|step| step.id))
    }

    fn stored_step(&self, from: StepId) -> Result<Option<StoredStep>> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT id, account, step, thread, source, asked, gid, after_ms, after, until
                 FROM unsettled WHERE id >= ?1
                     AND EXISTS (SELECT 1 FROM account WHERE id = unsettled.account AND gone = 0)
                 ORDER BY id LIMIT 1",
            )?
            .query_row([from], StoredStep::read)
            .optional()?)
    }

    /// Whether letters of a thread are asked where they belong.
    fn is_asked(&self, source: ThreadId) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM unsettled WHERE source = ?1 AND asked = 1)",
            )?
            .query_row([source], |row| row.get(0))?)
    }

    fn is_empty_thread(&self, thread: ThreadId) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached("SELECT messages = 0 FROM thread WHERE id = ?1")?
            .query_row([thread], |row| row.get(0))?)
    }

    /// Letters of a thread in the order of their times, behind a place.
    fn letters_in(&self, thread: ThreadId, after: Place, limit: usize) -> Result<Vec<EarlyLetter>> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {LETTER} FROM message WHERE thread = ?1 AND (at_ms, id) > (?2, ?3)
             ORDER BY at_ms, id LIMIT ?4"
        ))?;
        let rows =
            statement.query_map(params![thread, after.0, after.1, limit], EarlyLetter::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn only_letter_in(&self, thread: ThreadId) -> Result<Option<EarlyLetter>> {
        Ok(self.letters_in(thread, BEGINNING, 1)?.pop())
    }

    /// Threads of this account that claim the id of one whose readers are known, behind a number.
    fn claims_after(
        &self,
        account: AccountId,
        thread: ThreadId,
        after: ThreadId,
        limit: usize,
    ) -> Result<Vec<ThreadId>> {
        let mut statement = self.db.prepare_cached(
            "SELECT id FROM thread
             WHERE account = ?1 AND service_id = (SELECT service_id FROM thread WHERE id = ?2)
               AND id > ?3 AND known = 0
               AND NOT EXISTS (SELECT 1 FROM unsettled WHERE source = thread.id)
             ORDER BY id LIMIT ?4",
        )?;
        let rows = statement.query_map(params![account, thread, after, limit], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Threads whose first letter said it is a reply in this one, behind a number, each with whether it is
    /// still its only letter.
    fn replies_after(
        &self,
        account: AccountId,
        thread: ThreadId,
        after: ThreadId,
        limit: usize,
    ) -> Result<Vec<(ThreadId, bool)>> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, messages = 1 FROM thread
             WHERE account = ?1 AND claimed_id = (SELECT service_id FROM thread WHERE id = ?2)
               AND id > ?3 AND id <> ?2
             ORDER BY id LIMIT ?4",
        )?;
        let rows = statement.query_map(params![account, thread, after, limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Threads that a group reads, behind a number, each with whether letters stand apart that say they are
    /// replies in it.
    fn threads_of_group(
        &self,
        account: AccountId,
        gid: &str,
        after: ThreadId,
        limit: usize,
    ) -> Result<Vec<(ThreadId, bool)>> {
        let mut statement = self.db.prepare_cached(
            "SELECT thread.id, known = 1 AND EXISTS (SELECT 1 FROM thread AS apart
                 WHERE apart.account = ?1 AND apart.claimed_id = thread.service_id)
             FROM party CROSS JOIN thread ON thread.id = party.thread
             WHERE party.uid = ?2 AND party.thread > ?3 AND is_group = 1 AND thread.account = ?1
             ORDER BY party.thread LIMIT ?4",
        )?;
        let rows = statement
            .query_map(params![account, gid, after, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Work<'_> {
    /// Now that it is known who is in a thread: what came while that was a claim leaves it again if it is
    /// another's, and what waited outside comes in. What was forwarded is its forwarder's. What came into
    /// a thread that was known (`was_known`) has passed its door, and nobody kept how.
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

    /// Takes in the replies that stand apart, each alone, and whose authors turn out to be in the thread.
    /// One that was answered stays where its answer is.
    pub(super) fn take_in(&mut self, account: AccountId, thread: ThreadId) -> Result<()> {
        let step = self.leave(account, Step::Replies { thread })?;
        self.settle(step)
    }

    /// As [`Self::take_in`], for the threads of a group that has another member.
    pub(super) fn take_in_member(&mut self, account: AccountId, gid: &str) -> Result<()> {
        let step = self.leave(account, Step::Group { gid })?;
        self.settle(step)
    }

    /// Has all letters of a thread come into another one; those that are being asked where they belong are
    /// asked there.
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

    /// The member's own word that a letter belongs where it says: its author is in that thread from now
    /// on, or known as a member of its groups.
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
            .collect::<rusqlite::Result<Vec<(String, String)>>>()?;
        let groups = self.read.groups_in(target)?;
        for (uid, alias) in &authors {
            for gid in &groups {
                self.learn_member(account, gid, uid, "")?;
            }
            if groups.is_empty() {
                if !self.read.is_party(target, uid)? {
                    self.check_room(target, 1, 0)?;
                }
                let party = NewParty { uid, alias, is_group: false, by: &me, at_ms: now_ms };
                self.insert_party(target, &party)?;
            }
        }
        // Whom one has learned to know may have come in already.
        if self.read.account_of(id).is_ok() {
            let all = Step::Letters { source: id, thread: target, asked: false };
            let step = self.leave(account, all)?;
            self.settle(step)?;
        }
        self.refresh_thread(target)?;
        Ok(target)
    }

    /// Writes a step down, to be done from its beginning.
    fn leave(&mut self, account: AccountId, step: Step<'_>) -> Result<StepId> {
        let newest = || -> Result<MessageId> {
            Ok(self
                .db
                .prepare_cached("SELECT coalesce(max(id), 0) FROM message")?
                .query_row([], |row| row.get(0))?)
        };
        let (name, thread, source, asked, gid, until) = match step {
            Step::Letters { source, thread, asked } => {
                // What comes into a thread that is known passes its door.
                let until = if source == thread { newest()? } else { MessageId::MAX };
                ("letters", Some(thread), Some(source), asked, None, until)
            }
            Step::Claims { thread } => ("claims", Some(thread), None, false, None, 0),
            Step::Replies { thread } => ("replies", Some(thread), None, false, None, 0),
            Step::Group { gid } => ("group", None, None, false, Some(gid), 0),
        };
        match step {
            Step::Letters { source, .. } => self
                .db
                .prepare_cached("DELETE FROM unsettled WHERE source = ?1")?
                .execute([source])?,
            Step::Claims { thread } | Step::Replies { thread } => self
                .db
                .prepare_cached(
                    "DELETE FROM unsettled WHERE thread = ?1 AND step = ?2 AND source IS NULL",
                )?
                .execute(params![thread, name])?,
            Step::Group { gid } => self
                .db
                .prepare_cached("DELETE FROM unsettled WHERE account = ?1 AND gid = ?2")?
                .execute(params![account, gid])?,
        };
        self.db
            .prepare_cached(
                "INSERT INTO unsettled
                     (account, step, thread, source, asked, gid, after_ms, after, until)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                account,
                name,
                thread,
                source,
                asked,
                gid,
                BEGINNING.0,
                BEGINNING.1,
                until
            ])?;
        Ok(self.db.last_insert_rowid())
    }

    /// Does the steps from this number on, as far as one transaction goes; the others are left.
    pub(super) fn settle(&mut self, from: StepId) -> Result<()> {
        while let Some(stored) = self.read.stored_step(from)? {
            if !self.slice.is_left() {
                self.leave_unsettled();
                break;
            }
            let come_to = match stored.step()? {
                Step::Letters { source, thread, asked } => {
                    let door = Door::of(stored.account, thread);
                    self.bring_letters(door, source, asked, stored.after, stored.until)?
                }
                Step::Claims { thread } => {
                    self.settle_claims(Door::of(stored.account, thread), stored.after)?
                }
                Step::Replies { thread } => {
                    self.bring_replies(Door::of(stored.account, thread), stored.after)?
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
            // Of many steps in which there is nothing to do, too, a transaction does a part only.
            self.slice.look();
        }
        Ok(())
    }

    /// Does a slice of [`Step::Letters`]. Gives where it has come to; none once it is done.
    fn bring_letters(
        &mut self,
        mut door: Door,
        source: ThreadId,
        asked: bool,
        after: Place,
        until: MessageId,
    ) -> Result<Option<Place>> {
        let (account, thread) = (door.account, door.thread);
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
            if is_asked && !self.is_let_in(&mut door, letter)? {
                let own = self.place_apart(account, first.as_deref(), letter)?;
                self.move_letter(letter, own)?;
                apart.insert(own);
                moved.push(letter.id);
            } else if source != thread {
                self.move_letter(letter, thread)?;
                moved.push(letter.id);
            }
            // Where what was looked at is gone, it is looked at from the beginning.
            if source == thread {
                come_to = (letter.at_ms, letter.id);
            }
        }
        if source != thread {
            is_done = self.read.is_empty_thread(source)?;
            if is_done {
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
    fn settle_claims(&mut self, mut door: Door, after: Place) -> Result<Option<Place>> {
        let (account, thread) = (door.account, door.thread);
        let Some(service_id) = self.read.service_id(thread)? else { return Ok(None) };
        let most = self.slice.looks;
        let claims = self.read.claims_after(account, thread, after.1, most)?;
        for &claimed in &claims {
            self.slice.look();
            let claimant = self.read.claimant(claimed)?.unwrap_or_default();
            let groups = self.read.written_to(account, claimed, &claimant)?;
            if door.lets_in(self, claimant, groups)? {
                self.leave(account, Step::Letters { source: claimed, thread, asked: true })?;
            } else {
                self.claim(claimed, &service_id)?;
                self.touch_thread(claimed);
            }
        }
        Ok(claims.last().filter(|_| claims.len() == most).map(|&last| (0, last)))
    }

    /// Does a slice of [`Step::Replies`].
    fn bring_replies(&mut self, mut door: Door, after: Place) -> Result<Option<Place>> {
        let (account, thread) = (door.account, door.thread);
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
            if !is_alone {
                continue;
            }
            let Some(letter) = self.read.only_letter_in(reply)? else { continue };
            if self.is_let_in(&mut door, &letter)? {
                self.move_letter(&letter, thread)?;
                self.move_draft(reply, thread)?;
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
        gid: &str,
        after: Place,
    ) -> Result<Option<Place>> {
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

    fn is_let_in(&self, door: &mut Door, letter: &EarlyLetter) -> Result<bool> {
        door.lets_in(self, letter.uid.clone(), self.read.vouched_for(letter.id)?)
    }

    /// Moves a letter. The threads are to be refreshed.
    fn move_letter(&mut self, letter: &EarlyLetter, to: ThreadId) -> Result<()> {
        self.db
            .prepare_cached("UPDATE message SET thread = ?2 WHERE id = ?1")?
            .execute([letter.id, to])?;
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

    /// The thread of its own in which a letter stands that is not let into the one it says it is a reply in
    /// (`claimed_id`). The letters of one forward stay together.
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
            None => self.insert_thread(account, Some(own_id), "", *at_ms)?,
        };
        if let Some(claimed_id) = claimed_id {
            self.claim(own, claimed_id)?;
        }
        let me = self.read.own_uid(account)?;
        for (reader, alias) in [(uid, alias.as_str()), (&me, "")] {
            let party = NewParty { uid: reader, alias, is_group: false, by: uid, at_ms: *at_ms };
            self.insert_party(own, &party)?;
        }
        Ok(own)
    }

    /// The thread of this id that somebody has claimed.
    fn own_claimed(
        &self,
        account: AccountId,
        service_id: &str,
        uid: &str,
    ) -> Result<Option<ThreadId>> {
        for thread in self.read.claimed_threads(account, service_id)? {
            if self.read.claimant(thread)?.as_deref() == Some(uid) {
                return Ok(Some(thread));
            }
        }
        Ok(None)
    }

    /// Moves the draft of a reply along when threads are merged, unless there is one already.
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

impl Door {
    fn of(account: AccountId, thread: ThreadId) -> Self {
        Self { account, thread, verdicts: HashMap::new() }
    }

    /// Whether a letter of somebody, posted to these groups as the service vouches, belongs into the thread.
    fn lets_in(&mut self, work: &Work<'_>, uid: String, groups: Vec<String>) -> Result<bool> {
        let key = (uid, groups);
        if let Some(&verdict) = self.verdicts.get(&key) {
            return Ok(verdict);
        }
        let verdict = work.lets_in(self.account, self.thread, &key.0, &key.1)?;
        self.verdicts.insert(key, verdict);
        Ok(verdict)
    }
}

//! Incoming forwarded threads, and their authors' confirmations.
//!
//! The service vouches for the forwarder; the letters' authors are the forwarder's claim. So:
//!
//! - Such a letter shows the author as claimed, never as a contact or as the member, and names the
//!   forwarder, until the author's own copy arrives (`ConfirmId`) and replaces it.
//! - Ids are claims too. A forwarded letter gets a generated id, so that it can never conflict with the
//!   letter that really has that id.
//! - A forwarded thread joins an existing one only if the forwarder is in it and belongs there
//!   (`placement.rs`); otherwise it stands apart, as any letter from outside does.
//!
//! A thread of thousands of letters is stored in slices, each a transaction. One that was
//! interrupted is delivered again, and letters stored already are skipped.

use rusqlite::params;
use tmtp::id::{MessageId, Uid};
use tmtp::letter::Attach;

use super::cc::Cc;
use super::change::{VaultReader, WriteTx};
use super::file_name::clean_file_name;
use super::message::NewMessage;
use super::name::shown;
use super::party::NewParty;
use super::placement::PlacementFacts;
use super::runtime_state::Detail;
use super::text::{clean_label, clean_subject, is_same_text};
use super::{Change, Result, Vault};
use crate::view::{AccountId, Forwarded, MessageRowId, Party, PartyKind, ThreadId};

/// Letters stored in one transaction, and bytes of their texts after which it ends.
const PIECE_LETTERS: usize = 20;
const PIECE_BYTES: usize = 64 << 10;
/// Most absent files stored for one letter.
pub(crate) const ABSENT_MAX: usize = 1_000;
/// Most of them that are shown by name.
const ABSENT_NAMED: usize = 50;

/// A forwarded thread as the service delivered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingForward {
    /// Id the service gave.
    pub msgid: MessageId,
    /// The forwarder, vouched for by the service.
    pub from_uid: Uid,
    /// When the service accepted it.
    pub posted_ms: i64,
    /// The thread.
    pub thread_id: String,
    /// The subscribers, without those it was forwarded to.
    pub cc: Vec<Cc>,
    /// The letters in order.
    pub letters: Vec<ForwardedLetter>,
}

/// A letter as the forwarder presents it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardedLetter {
    /// Its claimed id.
    pub id: String,
    /// Its claimed author.
    pub author_uid: Uid,
    /// The author's claimed alias.
    pub alias: String,
    /// Its claimed time; none if that is invalid.
    pub posted_ms: Option<i64>,
    /// Subject.
    pub subject: String,
    /// Markdown.
    pub text: String,
    /// Its files, which are not included.
    pub files: Vec<Attach>,
}

impl ForwardedLetter {
    /// Its claimed author, as stored.
    fn author(&self) -> Uid {
        clean_label(self.author_uid.as_str()).into()
    }

    /// Bytes of its text and the names of its files.
    fn stored_bytes(&self) -> usize {
        let files = self.files.iter().take(ABSENT_MAX);
        self.text.len() + files.map(|file| file.name.len() + file.ffn.len()).sum::<usize>()
    }
}

impl Vault {
    /// Stores the letters of a forwarded thread from this number on, as many as one transaction
    /// takes. Returns the number of the next; none once all are stored and the delivery may be
    /// acknowledged.
    pub fn receive_forward(
        &mut self,
        account: AccountId,
        forward: &IncomingForward,
        from: usize,
    ) -> Result<Change<Option<usize>>> {
        self.change(|work| {
            if work.read.is_seen(account, forward.msgid)? {
                return Ok(None);
            }
            let thread = work.thread_of_forward(account, forward, from == 0)?;
            work.set_arrived(thread, forward.posted_ms)?;
            let (mut next, mut bytes) = (from, 0);
            for letter in forward.letters.iter().skip(from).take(PIECE_LETTERS) {
                work.insert_forwarded(account, thread, forward, next, letter)?;
                next += 1;
                bytes += letter.stored_bytes();
                if bytes > PIECE_BYTES {
                    break;
                }
            }
            if next < forward.letters.len() {
                // The thread's totals are updated once: reading all letters again for each slice
                // would take minutes. Letters are counted as they are stored.
                work.touch_thread(thread);
                return Ok(Some(next));
            }
            work.refresh_thread(thread)?;
            work.insert_seen(account, forward.msgid)?;
            if work.read.known_thread(account, &forward.thread_id)? == Some(thread) {
                work.take_in(account, thread)?;
            }
            Ok(None)
        })
    }
}

impl WriteTx<'_> {
    /// The thread that a forward goes to, found or made, with its subscribers; decided with its
    /// first letters.
    fn thread_of_forward(
        &mut self,
        account: AccountId,
        forward: &IncomingForward,
        is_first: bool,
    ) -> Result<ThreadId> {
        let found = match self.begun(account, forward)? {
            Some(thread) => Some(thread),
            None => self.entered_by_name(account, forward)?,
        };
        if let Some(thread) = found {
            if is_first {
                let (cc, by) = (&forward.cc, &forward.from_uid);
                self.subscribe_cc(account, thread, cc, by, forward.posted_ms)?;
            }
            return Ok(thread);
        }
        let is_free = match forward.placement_facts(account) {
            Some(facts) => self.is_free(&facts)?,
            None => false,
        };
        let own_id = forward.msgid.to_string();
        let service_id = if is_free { &forward.thread_id } else { &own_id };
        let thread = self.insert_thread(account, Some(service_id), "", forward.posted_ms)?;
        self.set_claimant(thread, &forward.from_uid)?;
        let called = forward.cc.iter().find(|cc| cc.who_uid == forward.from_uid);
        let alias = called.map(|cc| clean_label(&cc.who)).unwrap_or_default();
        let (id, at_ms) = (forward.from_uid.as_str(), forward.posted_ms);
        let forwarder = NewParty { id, alias: &alias, is_group: false, by: id, at_ms };
        self.insert_party(thread, &forwarder)?;
        self.subscribe_cc(account, thread, &forward.cc, &forward.from_uid, forward.posted_ms)?;
        Ok(thread)
    }

    /// The thread in which part of a forward is stored already.
    fn begun(&self, account: AccountId, forward: &IncomingForward) -> Result<Option<ThreadId>> {
        match self.read.message_with(account, &format!("{}.0", forward.msgid))? {
            Some(first) => self.read.thread_of(first).map(Some),
            // It stands apart.
            None => {
                Ok(self.read.claimed_threads(account, &forward.msgid.to_string())?.first().copied())
            }
        }
    }

    /// The thread that a forward enters: only one in which the forwarder is by name.
    fn entered_by_name(
        &mut self,
        account: AccountId,
        forward: &IncomingForward,
    ) -> Result<Option<ThreadId>> {
        let Some(facts) = forward.placement_facts(account) else { return Ok(None) };
        let thread = match self.entered(&facts)? {
            Some(thread) => Some(thread),
            None => self.begin_synced(&facts, forward.posted_ms)?,
        };
        match thread {
            Some(thread) if self.is_named(account, thread, &forward.from_uid)? => Ok(Some(thread)),
            Some(_) | None => Ok(None),
        }
    }

    /// Sorts the thread into the list by the time of the forward: its letters may be old, or claim
    /// to be.
    fn set_arrived(&mut self, thread: ThreadId, at_ms: i64) -> Result<()> {
        self.db
            .prepare_cached(
                "UPDATE thread SET arrived_ms = max(arrived_ms, ?2), last_at_ms = max(last_at_ms, ?2)
                 WHERE id = ?1",
            )?
            .execute([thread, at_ms])?;
        Ok(())
    }

    /// Stores one letter, unless the thread has it.
    fn insert_forwarded(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        forward: &IncomingForward,
        number: usize,
        letter: &ForwardedLetter,
    ) -> Result<()> {
        let msgid = format!("{}.{number}", forward.msgid);
        if self.read.message_with(account, &msgid)?.is_some()
            || self.read.has_original(thread, forward, letter)?
        {
            return Ok(());
        }
        let claimed_ms = letter.posted_ms.unwrap_or(forward.posted_ms);
        let id = self.insert_message(&NewMessage {
            account,
            thread,
            msgid: Some(&msgid),
            author_uid: &letter.author(),
            author_alias: &clean_label(&letter.alias),
            at_ms: claimed_ms.clamp(0, forward.posted_ms),
            subject: &clean_subject(&letter.subject, self.limits.subject_bytes),
            text: &letter.text,
            state: "received",
            unread: true,
        })?;
        self.db
            .prepare_cached("UPDATE message SET forwarded_by = ?2, original_id = ?3 WHERE id = ?1")?
            .execute(params![id, forward.from_uid, clean_label(&letter.id)])?;
        for (ord, file) in letter.files.iter().take(ABSENT_MAX).enumerate() {
            self.db
                .prepare_cached(
                    "INSERT INTO absent_file (message, ord, name, size, ffn)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    id,
                    ord as i64,
                    clean_label(&file.name),
                    i64::try_from(file.size).unwrap_or(i64::MAX),
                    clean_label(&file.ffn),
                ])?;
        }
        Ok(())
    }
}

/// SQL condition: a message is in a thread, or is being moved there (`settle.rs`).
pub(super) fn stands_in(thread: &str) -> String {
    format!(
        "message.thread IN (SELECT {thread} UNION ALL SELECT source FROM unsettled
             WHERE unsettled.thread = {thread} AND source IS NOT NULL)"
    )
}

impl IncomingForward {
    /// The facts that decide where it goes; none if it names no thread.
    fn placement_facts(&self, account: AccountId) -> Option<PlacementFacts<'_>> {
        let facts = PlacementFacts {
            account,
            thread_id: &self.thread_id,
            uid: &self.from_uid,
            readers: &self.cc,
            groups: &[],
        };
        facts.checked(self.msgid)
    }
}

impl VaultReader<'_> {
    /// Whether the thread has the letter: its author's own copy, the same text, or an earlier
    /// forward by the same member. Different text from somebody else does not count.
    fn has_original(
        &self,
        thread: ThreadId,
        forward: &IncomingForward,
        letter: &ForwardedLetter,
    ) -> Result<bool> {
        let account = self.account_of(thread)?;
        let (id, author) = (clean_label(&letter.id), letter.author());
        let is_here: bool = self
            .db
            .prepare_cached(&format!(
                // Separately, each by its index: with OR all letters of the account are read.
                "SELECT EXISTS (SELECT 1 FROM message
                     WHERE account = ?1 AND msgid = ?3 AND {in_it})
                 OR EXISTS (SELECT 1 FROM message INDEXED BY message_original
                     WHERE account = ?1 AND original_id = ?3 AND {in_it} AND forwarded_by = ?4)",
                in_it = stands_in("?2")
            ))?
            .query_row(params![account, thread, id, forward.from_uid], |row| row.get(0))?;
        if is_here {
            return Ok(true);
        }
        for (copy, _) in self.copies(account, thread, &id, &author)? {
            let (_, text) = self.words(copy)?;
            if text == letter.text || is_same_text(&letter.text, &text) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The author of a letter: vouched for by the service or, while it is only forwarded, claimed.
    pub(super) fn author(
        &self,
        account: AccountId,
        uid: &Uid,
        claimed: &str,
        is_forwarded: bool,
    ) -> Result<Party> {
        if is_forwarded {
            let kind = PartyKind::Claimed;
            return Ok(Party { uid: uid.clone().into(), alias: shown(claimed), kind });
        }
        self.member(account, uid, claimed)
    }

    /// The forwarding data of a letter that is not confirmed.
    pub(super) fn forwarded(
        &self,
        account: AccountId,
        message: MessageRowId,
        by: &Uid,
    ) -> Result<Forwarded> {
        if self.runtime.detail() == Detail::Alone {
            let by = self.member(account, by, "")?;
            return Ok(Forwarded { by, files: Vec::new(), more_files: 0 });
        }
        let files = self.absent_names(message, ABSENT_NAMED)?;
        let more_files = match files.len() < ABSENT_NAMED {
            true => 0,
            false => self
                .db
                .prepare_cached("SELECT count(*) - ?2 FROM absent_file WHERE message = ?1")?
                .query_row(params![message, ABSENT_NAMED], |row| row.get(0))?,
        };
        Ok(Forwarded { by: self.member(account, by, "")?, files, more_files })
    }
    /// Names of the first absent files of a letter.
    pub(super) fn absent_names(&self, message: MessageRowId, most: usize) -> Result<Vec<String>> {
        let mut statement = self.db.prepare_cached(
            "SELECT name FROM absent_file WHERE message = ?1 ORDER BY ord LIMIT ?2",
        )?;
        let names = statement.query_map(params![message, most], |row| row.get::<_, String>(0))?;
        let shown = names.map(|name| {
            let attach = Attach { name: name?, ..Attach::default() };
            Ok(clean_file_name(attach.file_name()))
        });
        Ok(shown.collect::<rusqlite::Result<_>>()?)
    }
}

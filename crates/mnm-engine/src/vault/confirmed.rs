//! An author's own copy of a letter that others have forwarded (`ConfirmId`): it replaces a
//! forwarded copy with the same text, and is stored beside one with another text.

use rusqlite::params;
use tmtp::id::Uid;

use super::Result;
use super::change::{VaultReader, WriteTx};
use super::forward::stands_in;
use super::inbox::{Confirms, Incoming, Received};
use super::text::{clean_label, clean_subject, is_same_text};
use crate::markdown::{self, Rendered};
use crate::view::{AccountId, MessageRowId, ThreadId};

impl WriteTx<'_> {
    /// Replaces the forwarded letter by its author's own copy, if both say the same. None when
    /// there is nothing that it confirms; then it is a normal letter.
    pub(super) fn confirm(
        &mut self,
        account: AccountId,
        post: &Incoming,
        confirms: &Confirms,
    ) -> Result<Option<Received<MessageRowId>>> {
        let Some(thread) = self.confirmed_thread(account, post, confirms)? else {
            return Ok(None);
        };
        if self.read.has_from(thread, &confirms.id, post)? {
            // Another device of the author was faster, or the letter itself had arrived.
            return Ok(Some(Received::Duplicate));
        }
        let copies = self.read.copies(account, thread, &confirms.id, &post.from_uid)?;
        let mut same = Vec::new();
        for (id, is_forwarded) in copies {
            if is_forwarded && self.read.has_words(id, post, self.limits.subject_bytes)? {
                same.push(id);
            }
        }
        // A copy that was read with other words is unchanged; the author's is stored beside it.
        let Some((&id, others)) = same.split_first() else { return Ok(None) };
        for other in others {
            self.delete_message(*other)?;
        }
        let Rendered { html, cut } = markdown::render(&post.text);
        // With other files than announced it is unread again.
        let is_new = !self.read.has_files(id, post)?;
        self.db.prepare_cached("DELETE FROM absent_file WHERE message = ?1")?.execute([id])?;
        self.db
            .prepare_cached(
                // It stays where it was shown: the author's time is a claim too.
                "UPDATE message SET msgid = ?2, author_alias = ?3, subject = ?4, text = ?5, html = ?6,
                     cut = ?7, rendering = ?8, forwarded_by = NULL, unread = unread OR ?9
                 WHERE id = ?1",
            )?
            .execute(params![
                id,
                post.msgid,
                clean_label(&post.alias),
                clean_subject(&post.subject, self.limits.subject_bytes),
                post.text,
                html,
                cut,
                markdown::RENDERING,
                is_new,
            ])?;
        self.touch_message(id);
        Ok(Some(Received::New(id)))
    }

    /// Stores which letter an author's copy is of that replaces none: it is stored once, also if
    /// another device of theirs sends it.
    pub(super) fn keep_beside(&mut self, message: MessageRowId, post: &Incoming) -> Result<()> {
        let Some(confirms) = &post.confirms else { return Ok(()) };
        self.db
            .prepare_cached("UPDATE message SET original_id = ?2 WHERE id = ?1")?
            .execute(params![message, confirms.id])?;
        Ok(())
    }

    /// The thread whose letter an author confirms: the one that the author's letters enter; else,
    /// as a forwarder may not have named each member of a group, the only one that has this very
    /// text of theirs and from which they are not struck.
    fn confirmed_thread(
        &self,
        account: AccountId,
        post: &Incoming,
        confirms: &Confirms,
    ) -> Result<Option<ThreadId>> {
        let Some(facts) = post.placement_facts(account) else { return Ok(None) };
        if let Some(thread) = self.entered(&facts)? {
            return Ok(Some(thread));
        }
        let mut threads = self.read.claimed_threads(account, &post.thread_id)?;
        threads.extend(self.read.known_thread(account, &post.thread_id)?);
        let mut found = None;
        for thread in threads {
            if self.read.is_struck(thread, &post.from_uid)? {
                continue;
            }
            let mut has_words = false;
            for (id, _) in self.read.copies(account, thread, &confirms.id, &post.from_uid)? {
                has_words =
                    has_words || self.read.has_words(id, post, self.limits.subject_bytes)?;
            }
            if has_words {
                if found.is_some() {
                    return Ok(None);
                }
                found = Some(thread);
            }
        }
        Ok(found)
    }
}

impl VaultReader<'_> {
    /// The letters of a thread that are, or are said to be, this one of this author; for each
    /// whether only a forwarder says so.
    pub(super) fn copies(
        &self,
        account: AccountId,
        thread: ThreadId,
        id: &str,
        uid: &Uid,
    ) -> Result<Vec<(MessageRowId, bool)>> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT id, forwarded_by IS NOT NULL FROM message INDEXED BY message_original
             WHERE account = ?1 AND original_id = ?2 AND {} AND author_uid = ?4
             ORDER BY id",
            stands_in("?3")
        ))?;
        let copies = statement
            .query_map(params![account, id, thread, uid], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(copies.collect::<rusqlite::Result<_>>()?)
    }

    /// Subject and text of a letter.
    pub(super) fn words(&self, letter: MessageRowId) -> Result<(String, String)> {
        Ok(self
            .db
            .prepare_cached("SELECT subject, text FROM message WHERE id = ?1")?
            .query_row([letter], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Whether a letter has the author's subject and text.
    fn has_words(
        &self,
        letter: MessageRowId,
        post: &Incoming,
        subject_bytes: usize,
    ) -> Result<bool> {
        let (subject, text) = self.words(letter)?;
        Ok(subject == clean_subject(&post.subject, subject_bytes)
            && is_same_text(&text, &post.text))
    }

    /// Whether a forwarded letter announced the files of its author's copy.
    fn has_files(&self, letter: MessageRowId, post: &Incoming) -> Result<bool> {
        let mut statement =
            self.db.prepare_cached("SELECT name, size FROM absent_file WHERE message = ?1")?;
        let mut announced = statement
            .query_map([letter], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(String, u64)>>>()?;
        let come = post.attachments.iter();
        let mut come: Vec<_> = come.map(|file| (clean_label(&file.name), file.blob.size)).collect();
        announced.sort_unstable();
        come.sort_unstable();
        Ok(announced == come)
    }

    /// Whether the thread has this letter from its author.
    fn has_from(&self, thread: ThreadId, id: &str, post: &Incoming) -> Result<bool> {
        let account = self.account_of(thread)?;
        Ok(self
            .db
            .prepare_cached(&format!(
                "SELECT EXISTS (SELECT 1 FROM message
                     WHERE account = ?1 AND msgid = ?3 AND {in_it}
                       AND author_uid = ?4 AND forwarded_by IS NULL AND text = ?5)
                 OR EXISTS (SELECT 1 FROM message INDEXED BY message_original
                     WHERE account = ?1 AND original_id = ?3 AND {in_it}
                       AND author_uid = ?4 AND forwarded_by IS NULL AND text = ?5)",
                in_it = stands_in("?2")
            ))?
            .query_row(params![account, thread, id, post.from_uid, post.text], |row| row.get(0))?)
    }
}

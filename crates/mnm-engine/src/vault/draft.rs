//! Drafts: letters being written, and their attachments.

use rusqlite::{OptionalExtension, params};

use super::blob::{StagedBlob, too_large};
use super::change::{VaultReader, WriteTx};
use super::file_name::FileNames;
use super::text::{both, clean_subject};
use super::{Change, Result, Vault, VaultLimits};
use crate::error::VaultError;
use crate::view::{AccountId, Attachment, AttachmentId, Draft, DraftId, ThreadId};

/// Drafts on a page, and bytes of their texts after which it ends.
const PAGE_DRAFTS: usize = 100;
const PAGE_BYTES: usize = 512 << 10;
/// Longest text of a draft that is checked for being blank.
const BLANK_BYTES: usize = 1024;

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DraftContent {
    /// Aliases of contacts and names of groups; ignored for a reply.
    pub to: Vec<String>,
    /// Subject.
    pub subject: String,
    /// Markdown.
    pub text: String,
}

/// The version that a writer of a draft has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upon {
    /// Unknown: replaces any.
    Anything,
    /// The version read last, 0 for none.
    Version(u64),
    /// That version; but the writer is leaving and cannot resolve a conflict.
    Leaving(u64),
}

impl Vault {
    /// Creates a draft or replaces the content of one, keeping its attachments. Without `draft`, a
    /// thread's draft is replaced if there is one.
    ///
    /// A draft that was changed since the writer read it is not overwritten. The text of a writer
    /// who is leaving is kept as well: a reply gets both texts one below the other, a letter becomes
    /// a second draft. An empty draft counts as none, and so does one whose content the new text
    /// contains.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`] beyond the limits, unless it is shorter than before;
    /// [`VaultError::Invalid`] when draft, thread and account do not belong together;
    /// [`VaultError::Outdated`] when it was changed and [`VaultError::NotFound`] when it is gone,
    /// neither for a writer who is leaving.
    pub fn save_draft(
        &mut self,
        upon: Upon,
        draft: Option<DraftId>,
        account: AccountId,
        thread: Option<ThreadId>,
        content: &DraftContent,
        now_ms: i64,
    ) -> Result<Change<Draft>> {
        self.change(|work| {
            work.read.own_uid(account)?;
            if let Some(thread) = thread {
                same_account(work.read.account_of(thread)?, account)?;
            }
            let named = match draft.map(|id| work.read.draft(id)).transpose() {
                Err(VaultError::NotFound { .. }) if matches!(upon, Upon::Leaving(_)) => None,
                named => named?,
            };
            let existing = match (named, thread) {
                (Some(old), _) => Some(old),
                (None, Some(thread)) => work.read.draft_of(thread)?,
                (None, None) => None,
            };
            work.check_content(content, existing.as_ref())?;
            let Some(old) = existing else {
                let id = work.insert_draft(account, thread, now_ms)?;
                work.write_content(id, content, now_ms)?;
                return work.read.draft(id);
            };
            same_account(old.account, account)?;
            let id = match upon {
                Upon::Version(known) if known != old.version && !old.is_empty() => {
                    return Err(VaultError::Outdated);
                }
                Upon::Leaving(known) if known != old.version && !old.is_empty() => {
                    return work.keep_both(&old, content, now_ms);
                }
                Upon::Anything | Upon::Version(_) | Upon::Leaving(_) => old.id,
            };
            work.write_content(id, content, now_ms)?;
            work.read.draft(id)
        })
    }

    /// One draft.
    pub fn draft(&self, id: DraftId) -> Result<Draft> {
        self.reader().draft(id)
    }

    /// A page of the non-empty drafts of one account or of all, newest first: those created before
    /// one, at most 100, ending after 512 KiB of text. Only the page after the last draft is empty.
    pub fn drafts(
        &self,
        account: Option<AccountId>,
        before: Option<DraftId>,
    ) -> Result<Vec<Draft>> {
        let read = self.reader();
        let (mut drafts, mut bytes) = (Vec::new(), 0);
        let mut before = before.unwrap_or(DraftId::MAX);
        while drafts.is_empty() {
            let ids = self.draft_ids(account, before)?;
            let Some(&last) = ids.last() else { break };
            before = last;
            for id in ids {
                let draft = read.draft(id)?;
                bytes += draft.text.len();
                if !draft.is_empty() {
                    drafts.push(draft);
                }
                if bytes > PAGE_BYTES && !drafts.is_empty() {
                    break;
                }
            }
        }
        Ok(drafts)
    }

    /// Discards a draft with its attachments; with `version`, only that version, or an empty draft.
    ///
    /// # Errors
    /// [`VaultError::Outdated`] when it has another version.
    pub fn drop_draft(&mut self, id: DraftId, version: Option<u64>) -> Result<Change<()>> {
        self.change(|work| {
            let draft = work.read.draft(id)?;
            if version.is_some_and(|shown| shown != draft.version) && !draft.is_empty() {
                return Err(VaultError::Outdated);
            }
            work.delete_attachments("draft", id)?;
            work.delete_draft(draft.account, id)
        })
    }

    /// Gives a staged blob to a draft under a name that is made safe and unique.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`] when the draft then exceeds the limits, [`VaultError::NotFound`]
    /// when it is gone; the blob stays staged, so discard it.
    pub fn attach(
        &mut self,
        draft: DraftId,
        name: &str,
        blob: StagedBlob,
        now_ms: i64,
    ) -> Result<Change<Attachment>> {
        self.change(|work| {
            let attached = work.read.draft(draft)?.attachments;
            check_room(work.limits, &attached, blob.size)?;
            let name = FileNames::of(attached.iter().map(|a| &*a.name)).add(name);
            let id = work.insert_attachment("draft", draft, &name, blob)?;
            work.stamp_draft(draft, now_ms)?;
            work.read.attachment(id)
        })
    }

    /// Checks that a draft can take one more file, of `size` bytes or more.
    ///
    /// # Errors
    /// As [`Self::attach`].
    pub fn check_attachable(&self, draft: DraftId, size: u64) -> Result<()> {
        check_room(&self.limits, &self.reader().draft(draft)?.attachments, size)
    }

    /// Removes empty drafts that nobody is working on.
    pub(super) fn erase_empty_drafts(&mut self) -> Result<()> {
        let read = self.reader();
        // Long texts are not read for that.
        let short = self
            .db
            .prepare("SELECT id FROM draft WHERE octet_length(text) <= ?1")?
            .query_map([BLANK_BYTES], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<DraftId>>>()?;
        for id in short {
            if read.draft(id)?.is_empty() {
                self.db.execute("DELETE FROM draft WHERE id = ?1", [id])?;
            }
        }
        Ok(())
    }

    fn draft_ids(&self, account: Option<AccountId>, before: DraftId) -> Result<Vec<DraftId>> {
        let ids = self
            .db
            .prepare_cached(
                "SELECT id FROM draft WHERE id < ?2 AND (?1 IS NULL OR account = ?1)
                 ORDER BY id DESC LIMIT ?3",
            )?
            .query_map(params![account, before, PAGE_DRAFTS], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(ids)
    }

    /// Takes an attachment from a draft and erases it.
    pub fn detach(
        &mut self,
        draft: DraftId,
        attachment: AttachmentId,
        now_ms: i64,
    ) -> Result<Change<Draft>> {
        self.change(|work| {
            let blob = work
                .db
                .prepare_cached(
                    "DELETE FROM attachment WHERE id = ?1 AND draft = ?2 RETURNING blob",
                )?
                .query_row([attachment, draft], |row| row.get(0))
                .optional()?
                .ok_or(VaultError::NotFound { what: "attachment", id: attachment })?;
            work.orphan(blob);
            work.stamp_draft(draft, now_ms)?;
            work.read.draft(draft)
        })
    }
}

impl VaultReader<'_> {
    pub(super) fn draft(&self, id: DraftId) -> Result<Draft> {
        let draft = self
            .db
            .prepare_cached(
                "SELECT account, thread, subject, text, updated_ms, version
                 FROM draft WHERE id = ?1",
            )?
            .query_row([id], |row| {
                Ok(Draft {
                    id,
                    account: row.get(0)?,
                    thread: row.get(1)?,
                    to: Vec::new(),
                    subject: row.get(2)?,
                    text: row.get(3)?,
                    attachments: Vec::new(),
                    updated_ms: row.get(4)?,
                    version: row.get(5)?,
                })
            })
            .optional()?
            .ok_or(VaultError::NotFound { what: "draft", id })?;
        Ok(Draft {
            to: self.draft_to(id)?,
            attachments: self.attachments_of("draft", id)?,
            ..draft
        })
    }

    fn draft_to(&self, id: DraftId) -> Result<Vec<String>> {
        let mut statement =
            self.db.prepare_cached("SELECT name FROM draft_to WHERE draft = ?1 ORDER BY ord")?;
        let names = statement.query_map([id], |row| row.get(0))?;
        Ok(names.collect::<rusqlite::Result<_>>()?)
    }

    /// The draft of a reply in `thread`, even if empty.
    pub(super) fn draft_of(&self, thread: ThreadId) -> Result<Option<Draft>> {
        let id = self
            .db
            .prepare_cached("SELECT id FROM draft WHERE thread = ?1")?
            .query_row([thread], |row| row.get(0))
            .optional()?;
        id.map(|id| self.draft(id)).transpose()
    }
}

impl WriteTx<'_> {
    fn check_content(&self, content: &DraftContent, old: Option<&Draft>) -> Result<()> {
        let limits = self.limits;
        // One that is too long already may be shortened bit by bit.
        let text_max = limits.draft_bytes.max(old.map_or(0, |old| old.text.len()));
        if content.text.len() > text_max {
            return Err(VaultError::TooLarge(format!(
                "The text has {} KiB, and a draft keeps {} at most. It is not saved. Shorten it, or attach it as a file.",
                kib(content.text.len()),
                limits.draft_bytes >> 10
            )));
        }
        if content.subject.len() > limits.subject_bytes {
            return Err(VaultError::TooLarge(format!(
                "The subject has {} bytes, more than the {} allowed. Shorten it.",
                content.subject.len(),
                limits.subject_bytes
            )));
        }
        if content.to.len() > limits.recipients || content.to.iter().any(|to| to.len() > 1000) {
            return Err(VaultError::TooLarge(format!(
                "A letter names at most {} recipients. Make a group for more.",
                limits.recipients
            )));
        }
        Ok(())
    }

    /// # Errors
    /// [`VaultError::TooLarge`] for a text that no letter carries.
    pub(super) fn check_sendable(&self, draft: &Draft) -> Result<()> {
        let max = self.limits.text_bytes;
        if draft.text.len() <= max {
            return Ok(());
        }
        Err(VaultError::TooLarge(format!(
            "The text has {} KiB, and a letter carries {} at most. Nothing was sent, and the draft is kept. Shorten it, or attach it as a file.",
            kib(draft.text.len()),
            max >> 10
        )))
    }

    /// Keeps both a text typed without knowing the present draft, and that draft.
    fn keep_both(&mut self, old: &Draft, typed: &DraftContent, now_ms: i64) -> Result<Draft> {
        let mut content = typed.clone();
        let mut id = old.id;
        if old.thread.is_some() {
            if old.text.contains(&typed.text) {
                return self.read.draft(id);
            }
            content.text = both(&old.text, &typed.text);
        } else {
            let holds = typed.text.contains(&old.text)
                && typed.subject.contains(&old.subject)
                && old.to.iter().all(|name| typed.to.contains(name));
            if !holds {
                id = self.insert_draft(old.account, None, now_ms)?;
            }
        }
        self.write_content(id, &content, now_ms)?;
        self.read.draft(id)
    }

    pub(super) fn insert_draft(
        &mut self,
        account: AccountId,
        thread: Option<ThreadId>,
        now_ms: i64,
    ) -> Result<DraftId> {
        self.db
            .prepare_cached(
                "INSERT INTO draft (account, thread, subject, text, updated_ms)
                 VALUES (?1, ?2, '', '', ?3)",
            )?
            .execute(params![account, thread, now_ms])?;
        Ok(self.db.last_insert_rowid())
    }

    pub(super) fn write_content(
        &mut self,
        id: DraftId,
        content: &DraftContent,
        now_ms: i64,
    ) -> Result<()> {
        let subject = clean_subject(&content.subject, self.limits.subject_bytes);
        self.db
            .prepare_cached(
                "UPDATE draft SET subject = ?2, text = ?3, version = version + 1 WHERE id = ?1",
            )?
            .execute(params![id, subject, content.text])?;
        self.db.prepare_cached("DELETE FROM draft_to WHERE draft = ?1")?.execute([id])?;
        let mut insert = self
            .db
            .prepare_cached("INSERT INTO draft_to (draft, ord, name) VALUES (?1, ?2, ?3)")?;
        let names = content.to.iter().map(|name| name.trim());
        for (ord, name) in names.filter(|name| !name.is_empty()).enumerate() {
            insert.execute(params![id, ord, name])?;
        }
        self.stamp_draft(id, now_ms)
    }

    fn stamp_draft(&mut self, id: DraftId, now_ms: i64) -> Result<()> {
        self.db
            .prepare_cached("UPDATE draft SET updated_ms = ?2 WHERE id = ?1")?
            .execute([id, now_ms])?;
        self.touch_draft(id);
        Ok(())
    }

    /// Removes a draft whose attachments are gone already.
    pub(super) fn delete_draft(&mut self, account: AccountId, id: DraftId) -> Result<()> {
        self.db.prepare_cached("DELETE FROM draft WHERE id = ?1")?.execute([id])?;
        self.draft_gone(account, id);
        Ok(())
    }

    /// Turns the draft of a thread that is about to be removed into a new letter to the same
    /// people.
    pub(super) fn detach_draft(&mut self, thread: ThreadId) -> Result<()> {
        let Some(draft) = self.read.draft_of(thread)? else {
            return Ok(());
        };
        if draft.is_empty() {
            return self.delete_draft(draft.account, draft.id);
        }
        let content = DraftContent {
            to: self.read.names_in(thread)?,
            subject: draft.subject,
            text: draft.text,
        };
        self.db
            .prepare_cached("UPDATE draft SET thread = NULL WHERE id = ?1")?
            .execute([draft.id])?;
        self.write_content(draft.id, &content, draft.updated_ms)
    }

    /// Gives a staged blob to one `owner`, the column `message` or `draft`.
    pub(super) fn insert_attachment(
        &mut self,
        owner: &'static str,
        id: i64,
        name: &str,
        blob: StagedBlob,
    ) -> Result<AttachmentId> {
        let sql = format!(
            "INSERT INTO attachment ({owner}, ord, name, blob)
             SELECT ?1, coalesce(max(ord), 0) + 1, ?2, ?3 FROM attachment WHERE {owner} = ?1"
        );
        self.db.prepare_cached(&sql)?.execute(params![id, name, blob.id])?;
        Ok(self.db.last_insert_rowid())
    }
}

fn check_room(limits: &VaultLimits, attached: &[Attachment], size: u64) -> Result<()> {
    if attached.len() >= limits.attachments {
        return Err(VaultError::TooLarge(format!(
            "A letter carries at most {} attachments. Pack several files into one.",
            limits.attachments
        )));
    }
    let total = attached.iter().fold(size, |sum, a| sum.saturating_add(a.size));
    if total > limits.attachments_bytes {
        return Err(too_large(limits.attachments_bytes));
    }
    Ok(())
}

/// Bytes in KiB, rounded up.
fn kib(bytes: usize) -> usize {
    bytes.div_ceil(1 << 10)
}

fn same_account(one: AccountId, other: AccountId) -> Result<()> {
    if one == other {
        return Ok(());
    }
    Err(VaultError::Invalid(
        "The draft belongs to another account. Copy its text into a new letter there.".into(),
    ))
}

//! Copying a thread to forward it: read, packed and staged in slices, since it may be 16 MiB.
//!
//! ```text
//! begin_copy ─> copy_slice, until there is no more ─> a staged blob ─> queue_forward owns it
//! ```
//!
//! Until it is owned it is an orphan, which is erased after the next start: an interrupted forward
//! has no effect. If letters are added or removed meanwhile, it is made again.

use rusqlite::params;
use tmtp::forward::{ForwardedLetter, LETTERS_MAX, Packer};
use tmtp::id::posted_text;
use tmtp::letter::{Attach, LetterHead, Subscriber};

use super::cc::Cc;
use super::change::VaultReader;
use super::{Result, Vault};
use crate::error::VaultError;
use crate::view::{Attachment, MessageRowId, ThreadId};

/// Longest copy of a thread that is forwarded, bytes.
const COPY_BYTES_MAX: usize = 16 << 20;
/// Messages read in one slice, and bytes and files of them after which it ends.
const SLICE_MESSAGES: usize = 40;
const SLICE_BYTES: usize = 512 << 10;
const SLICE_FILES: usize = 1_000;

/// Time and number of the last message copied.
type LetterCursor = (i64, MessageRowId);

/// A copy being made.
#[derive(Debug)]
pub struct Copying {
    pub(super) thread: ThreadId,
    /// The thread's id at the service.
    pub(super) thread_id: String,
    /// Number of messages in the thread at the beginning.
    pub(super) messages: i64,
    /// The last message copied.
    after: LetterCursor,
    packer: Packer,
    /// When its first letter was posted.
    begun: String,
    letters: usize,
    bytes: usize,
}

impl Vault {
    /// Begins to copy a thread for people who are not in it.
    ///
    /// # Errors
    /// As [`Vault::queue_forward`], as far as it is known by now.
    pub fn begin_copy(&self, thread: ThreadId, to: &[String], now_ms: i64) -> Result<Copying> {
        let read = self.reader();
        let thread_id = read.forwarded_id(thread)?;
        read.new_subscribers(read.account_of(thread)?, thread, to, now_ms)?;
        Ok(Copying {
            thread,
            thread_id,
            messages: read.messages_in(thread)?,
            after: (i64::MIN, i64::MIN),
            packer: Packer::default(),
            begun: String::new(),
            letters: 0,
            bytes: 0,
        })
    }

    /// The next bytes of a copy, and whether there are more.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`].
    pub fn copy_slice(&self, copying: &mut Copying) -> Result<(Vec<u8>, bool)> {
        let read = self.reader();
        let (letters, after) = read.letters_after(copying)?;
        let mut bytes = Vec::new();
        for letter in &letters {
            if copying.begun.is_empty() {
                copying.begun.clone_from(&letter.posted);
            }
            copying.packer.letter(letter, &mut bytes);
        }
        copying.letters += letters.len();
        match after {
            Some(after) => copying.after = after,
            None => {
                let cc = read.subscribers(copying.thread, &copying.begun)?;
                std::mem::take(&mut copying.packer).finish(&cc, &mut bytes);
            }
        }
        copying.bytes += bytes.len();
        if copying.bytes > COPY_BYTES_MAX || copying.letters > LETTERS_MAX {
            return Err(VaultError::TooLarge(
                "This thread is longer than can be forwarded. Send a new letter with what matters of it."
                    .into(),
            ));
        }
        Ok((bytes, after.is_some()))
    }
}

impl VaultReader<'_> {
    /// The thread's id at the service, by which it can be forwarded.
    pub(super) fn forwarded_id(&self, thread: ThreadId) -> Result<String> {
        self.service_id(thread)?.ok_or_else(|| {
            VaultError::Conflict(
                "The first letter of this thread has not left yet, so there is nothing to forward. Wait until it is sent."
                    .into(),
            )
        })
    }

    pub(super) fn messages_in(&self, thread: ThreadId) -> Result<i64> {
        Ok(self
            .db
            .prepare_cached("SELECT messages FROM thread WHERE id = ?1")?
            .query_row([thread], |row| row.get(0))?)
    }

    /// The next letters of a thread that have an id of the service, as they are forwarded, and the
    /// last message read; none at the end.
    fn letters_after(
        &self,
        copying: &Copying,
    ) -> Result<(Vec<ForwardedLetter>, Option<LetterCursor>)> {
        let mut statement = self.db.prepare_cached(
            // Two with the same claimed id and different text stay two.
            "SELECT id, CASE WHEN original_id IS NULL THEN msgid
                     WHEN forwarded_by IS NULL AND EXISTS (
                         SELECT 1 FROM message AS other INDEXED BY message_original
                         WHERE other.account = message.account
                           AND other.original_id = message.original_id
                           AND other.thread = message.thread AND other.forwarded_by IS NOT NULL)
                     THEN msgid ELSE original_id END, author_uid, author_alias, at_ms, subject, text,
                 coalesce(forwarded_by, '')
             FROM message
             WHERE thread = ?1 AND (at_ms, id) > (?2, ?3) AND trashed_ms IS NULL ORDER BY at_ms, id LIMIT ?4",
        )?;
        let (at_ms, id) = copying.after;
        let mut rows = statement.query(params![copying.thread, at_ms, id, SLICE_MESSAGES])?;
        let (mut letters, mut looked, mut bytes, mut files) = (Vec::new(), 0, 0, 0);
        let mut after = None;
        while let Some(row) = rows.next()? {
            looked += 1;
            let (message, at_ms) = (row.get(0)?, row.get(4)?);
            after = Some((at_ms, message));
            let id: Option<String> = row.get(1)?;
            if let Some(id) = id.filter(|id| id.len() == 16) {
                let (text, attach): (String, _) = (row.get(6)?, self.attach_of(message)?);
                bytes += text.len();
                files += attach.len();
                letters.push(ForwardedLetter {
                    id,
                    from: row.get(2)?,
                    posted: posted_text(at_ms),
                    forward_by: row.get(7)?,
                    head: LetterHead {
                        thread_id: copying.thread_id.clone(),
                        alias: row.get(3)?,
                        subject: row.get(5)?,
                        attach,
                        ..LetterHead::default()
                    },
                    text: text.into_bytes(),
                });
            }
            if bytes > SLICE_BYTES || files > SLICE_FILES {
                return Ok((letters, after));
            }
        }
        Ok((letters, after.filter(|_| looked == SLICE_MESSAGES)))
    }

    fn subscribers(&self, thread: ThreadId, date: &str) -> Result<Vec<Subscriber>> {
        let readers = self.cc_of(thread)?.into_iter();
        Ok(readers
            .map(|Cc { who, who_uid }| Subscriber {
                who,
                who_uid: who_uid.into_string(),
                date: date.to_owned(),
                subscribe: true,
                ..Subscriber::default()
            })
            .collect())
    }

    /// The files of a letter, or those announced by one that came without them.
    fn attach_of(&self, message: MessageRowId) -> Result<Vec<Attach>> {
        let here = self.attachments_of("message", message)?;
        if !here.is_empty() {
            return Ok(here.iter().map(announced).collect());
        }
        let mut statement = self.db.prepare_cached(
            "SELECT name, size, ffn FROM absent_file WHERE message = ?1 ORDER BY ord",
        )?;
        let rows = statement.query_map([message], |row| {
            Ok(Attach { name: row.get(0)?, size: row.get(1)?, ffn: row.get(2)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// A file as a letter announces it.
pub(crate) fn announced(file: &Attachment) -> Attach {
    let (kind, ffn) = match &file.form {
        None => ("u", ""),
        Some(form) if form.filled => ("r", form.name.as_str()),
        Some(form) => ("f", form.name.as_str()),
    };
    Attach { name: format!("{kind}:{}", file.name), size: file.size, ffn: ffn.to_owned() }
}

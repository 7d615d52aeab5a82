//! Messages and attachments: views, and insertion into a thread.

use rusqlite::{MAIN_DB, OptionalExtension, Row, params};
use tmtp::id::Uid;

use super::change::{VaultReader, WriteTx};
use super::runtime_state::Detail;
use super::text::cut;
use super::{Result, Vault};
use crate::error::VaultError;
use crate::markdown::{self, Rendered};
use crate::picture::Size;
use crate::view::{
    AccountId, Attachment, AttachmentId, Form, Message, MessageRowId, MessageState, ThreadId,
};

/// Columns for [`VaultReader::message_from`].
pub(super) const COLUMNS: &str = "id, account, thread, msgid, author_uid, author_alias, at_ms, subject, text, \
                       html, state, error, unread, forwarded_by, cut, rendering, starred, trashed_ms";

/// Longest text that is read whole where only its beginning is needed, bytes: reading a part of a
/// longer one takes longer than this.
const WHOLE_BYTES: usize = 16 << 10;

/// Lost files that are named with a letter.
const LOST_NAMED: usize = 50;

/// A message to insert.
pub(super) struct NewMessage<'a> {
    pub(super) account: AccountId,
    pub(super) thread: ThreadId,
    /// Id that the service gave, or one of our own making for a forwarded letter and a note of this app;
    /// none for one that goes into the outbox.
    pub(super) msgid: Option<&'a str>,
    pub(super) author_uid: &'a Uid,
    pub(super) author_alias: &'a str,
    pub(super) at_ms: i64,
    pub(super) subject: &'a str,
    pub(super) text: &'a str,
    /// `received`, `queued` or `sent`.
    pub(super) state: &'static str,
    pub(super) unread: bool,
}

impl Vault {
    /// One message.
    pub fn message(&self, id: MessageRowId) -> Result<Message> {
        self.reader().message(id)
    }

    /// Name and size of an attachment. Its bytes: [`Vault::read_blob`].
    pub fn attachment(&self, id: AttachmentId) -> Result<Attachment> {
        self.reader().attachment(id)
    }
}

impl VaultReader<'_> {
    pub(super) fn message(&self, id: MessageRowId) -> Result<Message> {
        let sql = format!("SELECT {COLUMNS} FROM message WHERE id = ?1");
        let message = self
            .db
            .prepare_cached(&sql)?
            .query_row([id], |row| Ok(self.message_from(row)))
            .optional()?;
        message.ok_or(VaultError::NotFound { what: "message", id })?
    }

    pub(super) fn message_from(&self, row: &Row<'_>) -> Result<Message> {
        let id = row.get(0)?;
        let account = row.get(1)?;
        let uid: Uid = row.get(4)?;
        let claimed: String = row.get(5)?;
        let forwarded_by: Option<Uid> = row.get(13)?;
        let text: String = row.get(8)?;
        // HTML of another rendering version is rendered again.
        let Rendered { html, cut } = match row.get::<_, i64>(15)? {
            markdown::RENDERING => Rendered { html: row.get(9)?, cut: row.get(14)? },
            _ => markdown::render(&text),
        };
        // Received text has no zero bytes: they mean a page of zeros.
        if row.get_ref(10)?.as_str()? == "received" && (text.contains('\0') || html.contains('\0'))
        {
            return Err(VaultError::Damaged("a text of zeros".into()));
        }
        let forwarded = forwarded_by.map(|by| self.forwarded(account, id, &by)).transpose()?;
        let lost_files = match (self.runtime.detail(), &forwarded) {
            (Detail::Lean | Detail::Whole, None) => self.absent_names(id, LOST_NAMED)?,
            (Detail::Alone | Detail::Bare, _) | (_, Some(_)) => Vec::new(),
        };
        let (left_out, more_left_out) = match self.runtime.detail() {
            Detail::Alone | Detail::Bare | Detail::Lean => (Vec::new(), 0),
            Detail::Whole => self.left_out(account, id)?,
        };
        Ok(Message {
            id,
            account,
            thread: row.get(2)?,
            msgid: row.get(3)?,
            from: self.author(account, &uid, &claimed, forwarded.is_some())?,
            forwarded,
            at_ms: row.get(6)?,
            subject: row.get(7)?,
            text,
            html,
            cut,
            attachments: match self.runtime.detail() {
                Detail::Alone | Detail::Bare => Vec::new(),
                Detail::Lean | Detail::Whole => self.attachments_of("message", id)?,
            },
            lost_files,
            left_out,
            more_left_out,
            state: self.message_state(id, row.get_ref(10)?.as_str()?, row.get(11)?)?,
            unread: row.get(12)?,
            starred: row.get(16)?,
            trashed_ms: row.get(17)?,
        })
    }

    /// The stored state, or the progress of the attempt under way.
    pub(super) fn message_state(
        &self,
        id: MessageRowId,
        stored: &str,
        error: Option<String>,
    ) -> Result<MessageState> {
        Ok(match stored {
            "received" => MessageState::Received,
            "sent" => MessageState::Sent,
            "failed" => MessageState::Failed { error: error.unwrap_or_default() },
            "queued" => match self.runtime.sending(id) {
                Some(sending) => sending,
                None => self.held(id)?.unwrap_or(MessageState::Queued),
            },
            other => return Err(VaultError::Damaged(format!("a message in the state {other}"))),
        })
    }

    pub(super) fn attachment(&self, id: AttachmentId) -> Result<Attachment> {
        self.db
            .prepare_cached(
                "SELECT a.id, a.name, b.size, b.width, b.height, a.form, a.form_name, a.wire_name
                 FROM attachment a JOIN blob b ON b.id = a.blob WHERE a.id = ?1",
            )?
            .query_row([id], attachment_from)
            .optional()?
            .ok_or(VaultError::NotFound { what: "attachment", id })
    }

    /// Attachments of one `owner`: the column `message` or `draft`.
    pub(super) fn attachments_of(&self, owner: &'static str, id: i64) -> Result<Vec<Attachment>> {
        let sql = format!(
            "SELECT a.id, a.name, b.size, b.width, b.height, a.form, a.form_name, a.wire_name
             FROM attachment a JOIN blob b ON b.id = a.blob WHERE a.{owner} = ?1 ORDER BY a.ord, a.id"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map([id], attachment_from)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The beginning of a message's text, at most this many bytes. The rest of a long one is not
    /// read.
    pub(super) fn beginning(&self, id: MessageRowId, bytes: usize) -> Result<String> {
        let short: Option<String> = self
            .db
            .prepare_cached(
                "SELECT iif(octet_length(text) <= ?2, text, NULL) FROM message WHERE id = ?1",
            )?
            .query_row(params![id, WHOLE_BYTES], |row| row.get(0))?;
        if let Some(text) = short {
            return Ok(cut(&text, bytes).to_owned());
        }
        let text = self.db.blob_open(MAIN_DB, "message", "text", id, true)?;
        let mut beginning = vec![0; bytes.min(text.len())];
        text.read_at_exact(&mut beginning, 0)?;
        let whole = str::from_utf8(&beginning).map_or_else(|error| error.valid_up_to(), str::len);
        beginning.truncate(whole);
        Ok(String::from_utf8(beginning).unwrap_or_default())
    }

    pub(super) fn thread_of(&self, message: MessageRowId) -> Result<ThreadId> {
        self.db
            .prepare_cached("SELECT thread FROM message WHERE id = ?1")?
            .query_row([message], |row| row.get(0))
            .optional()?
            .ok_or(VaultError::NotFound { what: "message", id: message })
    }

    /// The message with this id of the service.
    pub(super) fn message_with(&self, account: AccountId, msgid: &str) -> Result<Option<i64>> {
        Ok(self
            .db
            .prepare_cached("SELECT id FROM message WHERE account = ?1 AND msgid = ?2")?
            .query_row(params![account, msgid], |row| row.get(0))
            .optional()?)
    }
}

impl WriteTx<'_> {
    pub(super) fn insert_message(&mut self, new: &NewMessage<'_>) -> Result<MessageRowId> {
        let Rendered { html, cut } = markdown::render(new.text);
        self.db
            .prepare_cached(
                "INSERT INTO message (account, thread, msgid, author_uid, author_alias, at_ms,
                     subject, text, html, state, unread, cut, rendering)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                new.account,
                new.thread,
                new.msgid,
                new.author_uid,
                new.author_alias,
                new.at_ms,
                new.subject,
                new.text,
                html,
                new.state,
                new.unread,
                cut,
                markdown::RENDERING,
            ])?;
        let id = self.db.last_insert_rowid();
        self.come_back(new.thread, new.unread)?;
        self.touch_message(id);
        self.touch_account(new.account);
        Ok(id)
    }

    /// Removes a message with its attachments.
    pub(super) fn delete_message(&mut self, id: MessageRowId) -> Result<()> {
        let thread = self.read.thread_of(id)?;
        self.delete_attachments("message", id)?;
        self.db.prepare_cached("DELETE FROM message WHERE id = ?1")?.execute([id])?;
        self.message_gone(thread, id);
        Ok(())
    }

    /// Removes all attachments of one `owner`, the column `message` or `draft`.
    pub(super) fn delete_attachments(&mut self, owner: &'static str, id: i64) -> Result<()> {
        let sql = format!("DELETE FROM attachment WHERE {owner} = ?1 RETURNING blob");
        let blobs = self
            .db
            .prepare_cached(&sql)?
            .query_map([id], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        for blob in blobs {
            self.orphan(blob);
        }
        Ok(())
    }
}

fn attachment_from(row: &Row<'_>) -> rusqlite::Result<Attachment> {
    let name: String = row.get(1)?;
    let (picture, inline) = match (row.get(3)?, row.get(4)?) {
        (Some(0), _) => (None, false),
        (Some(width), Some(height)) => {
            let size = Size { width, height };
            (Some(size), size.is_shown())
        }
        // Stored by an older version; determined when it is opened.
        (None, _) | (_, None) => (None, is_called_a_picture(&name)),
    };
    let form: Option<String> = row.get(5)?;
    let form_name: Option<String> = row.get(6)?;
    let form =
        form.map(|form| Form { filled: form == "filled", name: form_name.unwrap_or_default() });
    let wire_name = row.get(7)?;
    Ok(Attachment { id: row.get(0)?, name, wire_name, size: row.get(2)?, form, picture, inline })
}

fn is_called_a_picture(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    matches!(ending.as_str(), "png" | "jpg" | "jpeg" | "gif" | "webp")
}

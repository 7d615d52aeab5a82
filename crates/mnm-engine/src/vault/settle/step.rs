//! Stored steps of settling: the rows of `unsettled`.

use rusqlite::{OptionalExtension, Row, params};
use tmtp::id::Gid;

use crate::error::VaultError;
use crate::vault::Result;
use crate::vault::change::{VaultReader, WriteTx};
use crate::view::{AccountId, MessageRowId, ThreadId};

/// Number of a row of `unsettled`, ascending.
pub(in crate::vault) type StepId = i64;

/// A step.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    /// Letters in `source` are moved to `thread`; with `asked`, those that are not admitted are
    /// moved apart. If both are one, admitted letters stay.
    Letters { source: ThreadId, thread: ThreadId, asked: bool },
    /// Threads that claim the id of `thread` are merged into it if their claimant is admitted.
    Claims { thread: ThreadId },
    /// Letters that stand apart, each alone, are moved to `thread` if admitted.
    Replies { thread: ThreadId },
    /// As `Replies`, for each thread of a group.
    Group { gid: &'a Gid },
}

/// Progress of a step: its rows are ordered by time, if they have one, and number.
pub(super) type StepCursor = (i64, i64);
pub(super) const BEGINNING: StepCursor = (i64::MIN, i64::MIN);

/// A row of `unsettled`.
pub(super) struct StoredStep {
    pub(super) id: StepId,
    pub(super) account: AccountId,
    name: String,
    thread: Option<ThreadId>,
    source: Option<ThreadId>,
    asked: bool,
    gid: Option<Gid>,
    pub(super) after: StepCursor,
    pub(super) until: MessageRowId,
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

    pub(super) fn step(&self) -> Result<Step<'_>> {
        Ok(match (self.name.as_str(), self.thread, self.source, self.gid.as_ref()) {
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

impl VaultReader<'_> {
    /// The oldest stored step, from this number on.
    pub(in crate::vault) fn next_step(&self, from: StepId) -> Result<Option<StepId>> {
        Ok(self.stored_step(from)?.map(|step| step.id))
    }

    pub(super) fn stored_step(&self, from: StepId) -> Result<Option<StoredStep>> {
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

    /// Whether letters of a thread are being checked.
    pub(super) fn is_asked(&self, source: ThreadId) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM unsettled WHERE source = ?1 AND asked = 1)",
            )?
            .query_row([source], |row| row.get(0))?)
    }
}

impl WriteTx<'_> {
    /// Stores a step, to be done from its beginning.
    pub(super) fn leave(&mut self, account: AccountId, step: Step<'_>) -> Result<StepId> {
        let newest = || -> Result<MessageRowId> {
            Ok(self
                .db
                .prepare_cached("SELECT coalesce(max(id), 0) FROM message")?
                .query_row([], |row| row.get(0))?)
        };
        let (name, thread, source, asked, gid, until) = match step {
            Step::Letters { source, thread, asked } => {
                // Letters that enter a known thread are checked then.
                let until = if source == thread { newest()? } else { MessageRowId::MAX };
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
}

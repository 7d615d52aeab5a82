//! First contacts: pings and group invitations, received and sent.

use rusqlite::{OptionalExtension, Row, params};
use tmtp::id::{Gid, MessageId, Uid};

use super::change::{VaultReader, WriteTx};
use super::name::{is_clean, shown};
use super::outbox_row::{Acked, OutboxKind};
use super::text::{check_new_name, check_old_name, check_ping};
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::{AccountId, NameMark, Ping, PingId, PingState, Standing};

/// Rows of [`Vault::pings`] by default, and at most.
const ROWS_DEFAULT: u32 = 200;
const ROWS_MAX: u32 = 1000;
/// Pings ignored in one transaction.
const IGNORED_MAX: u32 = 200;
/// The text of an acceptance when the member gives none.
const ANSWER: &str = "Hello! I have accepted your ping.";

const COLUMNS: &str = "p.id, p.account, p.incoming, p.from_alias, p.from_uid, \
                       p.to_alias, p.text, p.gid, p.at_ms, p.state, p.error, p.exact";

/// A ping with its names as on the wire.
pub(super) struct StoredPing {
    pub(super) view: Ping,
    pub(super) from: String,
    pub(super) to: String,
    /// Whether `from` is exactly as received: an older version of the app cleaned it.
    exact: bool,
}

/// Which pings and invitations to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PingQuery {
    /// Of one account, or of all.
    pub account: Option<AccountId>,
    /// Only those listed behind this one.
    pub before: Option<PingId>,
    /// Only those whose sender, addressee or group has this in its name, whatever the case.
    pub find: Option<String>,
    /// At most so many; 1..=1000, default 200.
    pub limit: Option<u32>,
}

/// A ping to insert.
pub(super) struct NewPing<'a> {
    pub(super) account: AccountId,
    pub(super) msgid: Option<MessageId>,
    pub(super) incoming: bool,
    pub(super) from_uid: &'a Uid,
    pub(super) from_alias: &'a str,
    pub(super) to_alias: &'a str,
    pub(super) text: &'a str,
    pub(super) gid: Option<&'a Gid>,
    pub(super) at_ms: i64,
    pub(super) state: &'static str,
    /// The incoming ping that this outgoing one accepts.
    pub(super) answers: Option<PingId>,
}

impl Vault {
    /// Pings and invitations, newest first.
    ///
    /// # Errors
    /// [`VaultError::NotFound`] if the ping in `before` does not exist.
    pub fn pings(&self, query: &PingQuery) -> Result<Vec<Ping>> {
        let before = match query.before {
            Some(id) => (self.ping(id)?.at_ms, id),
            None => (i64::MAX, i64::MAX),
        };
        let limit = query.limit.unwrap_or(ROWS_DEFAULT).clamp(1, ROWS_MAX) as usize;
        let find = query.find.as_deref().unwrap_or_default().to_lowercase();
        // Each by its index: with "all or this one" all are read and sorted.
        let of = if query.account.is_some() { "p.account = ?1" } else { "?1 IS NULL" };
        let sql = format!(
            "SELECT {COLUMNS} FROM ping p
             WHERE {of} AND (p.at_ms, p.id) < (?2, ?3)
             ORDER BY p.at_ms DESC, p.id DESC"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query(params![query.account, before.0, before.1])?;
        let mut pings = Vec::new();
        while pings.len() < limit
            && let Some(row) = rows.next()?
        {
            // Columns 3, 5 and 7 are the names.
            let has = |column| -> Result<bool> {
                let name = row.get_ref(column)?.as_str_or_null()?;
                Ok(name.is_some_and(|name| name.to_lowercase().contains(&find)))
            };
            if find.is_empty() || has(3)? || has(5)? || has(7)? {
                pings.push(self.reader().ping_from(row)?.view);
            }
        }
        Ok(pings)
    }

    /// One ping or invitation.
    pub fn ping(&self, id: PingId) -> Result<Ping> {
        self.reader().ping(id)
    }

    /// Queues a ping. To somebody whose own ping waits, it is the acceptance.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] or [`VaultError::TooLarge`] for an invalid alias or text.
    pub fn queue_ping(
        &mut self,
        account: AccountId,
        to: &str,
        text: &str,
        now_ms: i64,
    ) -> Result<Change<Ping>> {
        self.change(|work| {
            work.check_addressee(account, to)?;
            check_ping(text)?;
            let waiting = work.read.waiting_from(account, to)?;
            if let Some(ping) = &waiting {
                work.accept_ping(ping, now_ms)?;
            }
            let answers = waiting.map(|ping| ping.view.id);
            let id = work.insert_queued_ping(account, to, text, None, answers, now_ms)?;
            work.enqueue(account, OutboxKind::Ping(id))?;
            work.read.ping(id)
        })
    }

    /// Queues an invitation to a group, which the service creates if it does not exist.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] or [`VaultError::TooLarge`] for invalid names or an invalid text.
    pub fn queue_invite(
        &mut self,
        account: AccountId,
        gid: &Gid,
        to: &str,
        text: &str,
        now_ms: i64,
    ) -> Result<Change<Ping>> {
        self.change(|work| {
            let gid = &work.read.group_called(account, gid.as_str())?;
            match work.read.standing(account, gid)?.is_some() {
                true => check_old_name("The name of the group", gid.as_str())?,
                false => check_new_name("The name of the group", gid.as_str())?,
            }
            work.check_addressee(account, to)?;
            check_ping(text)?;
            let id = work.insert_queued_ping(account, to, text, Some(gid), None, now_ms)?;
            work.enqueue(account, OutboxKind::Invite(id))?;
            work.read.ping(id)
        })
    }

    /// Accepts: a ping is answered with a ping (with a default text when `text` is none) and its
    /// sender becomes a contact at once; an invitation is answered by joining the group. Returns
    /// the accepted ping.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] unless it is incoming and waits or was ignored.
    pub fn queue_accept(
        &mut self,
        id: PingId,
        text: Option<&str>,
        now_ms: i64,
    ) -> Result<Change<Ping>> {
        self.change(|work| {
            let ping = work.read.stored_ping(id)?;
            check_open(&ping.view)?;
            let account = ping.view.account;
            if ping.view.group.is_some() {
                work.set_ping_state(id, "accepted", None)?;
                work.enqueue(account, OutboxKind::Join(id))?;
            } else {
                let text = text.unwrap_or(ANSWER);
                check_ping(text)?;
                work.check_answerable(&ping)?;
                work.accept_ping(&ping, now_ms)?;
                let answer =
                    work.insert_queued_ping(account, &ping.from, text, None, Some(id), now_ms)?;
                work.enqueue(account, OutboxKind::Ping(answer))?;
            }
            work.read.ping(id)
        })
    }

    /// Ignores an incoming ping or invitation; its sender is not notified. It can still be
    /// accepted.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] unless it is incoming and waits.
    pub fn ignore_ping(&mut self, id: PingId) -> Result<Change<Ping>> {
        self.change(|work| {
            check_open(&work.read.ping(id)?)?;
            work.set_ping_state(id, "ignored", None)?;
            work.read.ping(id)
        })
    }

    /// Ignores some waiting pings, the oldest first; their senders are not notified. Returns their
    /// number; zero when none are left.
    pub fn ignore_some(
        &mut self,
        account: Option<AccountId>,
        before_ms: Option<i64>,
    ) -> Result<Change<u64>> {
        self.change(|work| {
            let ids = work
                .db
                .prepare_cached(
                    "SELECT id FROM ping
                     WHERE incoming = 1 AND state = 'waiting' AND (?1 IS NULL OR account = ?1)
                         AND at_ms < ?2
                     ORDER BY id LIMIT ?3",
                )?
                .query_map(params![account, before_ms.unwrap_or(i64::MAX), IGNORED_MAX], |row| {
                    row.get(0)
                })?
                .collect::<rusqlite::Result<Vec<PingId>>>()?;
            for id in &ids {
                work.set_ping_state(*id, "ignored", None)?;
            }
            Ok(ids.len() as u64)
        })
    }
}

/// Whether the member can still answer.
fn check_open(ping: &Ping) -> Result<()> {
    let open = match ping.state {
        PingState::Waiting | PingState::Ignored => ping.incoming,
        // A join that the service refused can be tried again.
        PingState::Failed { .. } => ping.incoming && ping.group.is_some(),
        PingState::Queued | PingState::Accepted => false,
    };
    if open {
        return Ok(());
    }
    Err(VaultError::Conflict(
        "There is nothing to answer: it was answered already, or it is one of yours.".into(),
    ))
}

impl VaultReader<'_> {
    pub(super) fn ping(&self, id: PingId) -> Result<Ping> {
        Ok(self.stored_ping(id)?.view)
    }

    pub(super) fn stored_ping(&self, id: PingId) -> Result<StoredPing> {
        let sql = format!("SELECT {COLUMNS} FROM ping p WHERE p.id = ?1");
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query([id])?;
        let row = rows.next()?.ok_or(VaultError::NotFound { what: "ping", id })?;
        self.ping_from(row)
    }

    /// The newest incoming ping from exactly `alias` that waits or was ignored.
    fn waiting_from(&self, account: AccountId, alias: &str) -> Result<Option<StoredPing>> {
        let id = self
            .db
            .prepare_cached(
                "SELECT id FROM ping WHERE account = ?1 AND incoming = 1 AND gid IS NULL
                     AND from_alias = ?2 AND exact = 1 AND state IN ('waiting', 'ignored')
                 ORDER BY id DESC LIMIT 1",
            )?
            .query_row(params![account, alias], |row| row.get(0))
            .optional()?;
        id.map(|id| self.stored_ping(id)).transpose()
    }

    /// Whether the member has pinged `alias` and the ping was not refused.
    pub(super) fn has_pinged(&self, account: AccountId, alias: &str) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM ping WHERE account = ?1 AND incoming = 0
                 AND gid IS NULL AND to_alias = ?2 AND state NOT IN ('failed', 'ignored'))",
            )?
            .query_row(params![account, alias], |row| row.get(0))?)
    }

    fn ping_from(&self, row: &Row<'_>) -> Result<StoredPing> {
        let state = match row.get_ref(9)?.as_str()? {
            "waiting" => PingState::Waiting,
            "queued" => PingState::Queued,
            "accepted" => PingState::Accepted,
            "ignored" => PingState::Ignored,
            "failed" => {
                PingState::Failed { error: row.get::<_, Option<String>>(10)?.unwrap_or_default() }
            }
            other => return Err(VaultError::Damaged(format!("a ping in the state {other}"))),
        };
        let (account, incoming) = (row.get(1)?, row.get(2)?);
        let (from, from_uid): (String, Uid) = (row.get(3)?, row.get(4)?);
        let to: String = row.get(5)?;
        let other = if incoming { &from } else { &to };
        let mark = if !is_clean(other) {
            Some(NameMark::Odd)
        } else if incoming && self.looks_like_another(account, &from_uid, &from)? {
            Some(NameMark::Alike)
        } else {
            None
        };
        let view = Ping {
            id: row.get(0)?,
            account,
            service: self.service_label(account)?,
            incoming,
            from: shown(&from),
            from_uid,
            to: shown(&to),
            mark,
            text: row.get(6)?,
            group: row.get(7)?,
            at_ms: row.get(8)?,
            state,
        };
        Ok(StoredPing { view, from, to, exact: row.get(11)? })
    }
}

impl WriteTx<'_> {
    fn check_addressee(&self, account: AccountId, to: &str) -> Result<()> {
        check_old_name("The alias", to)?;
        if self.read.own_aliases(account)?.iter().any(|own| own == to) {
            return Err(VaultError::Invalid(
                "That alias is your own. Name the alias of another member.".into(),
            ));
        }
        Ok(())
    }

    /// The answer goes to an alias, so the stored one must be exact.
    fn check_answerable(&self, ping: &StoredPing) -> Result<()> {
        let account = ping.view.account;
        let may_be_another = !ping.exact
            && (self.read.has_pinged(account, &ping.from)?
                || self.read.looks_like_another(account, &ping.view.from_uid, &ping.from)?);
        if may_be_another {
            return Err(VaultError::Conflict(format!(
                "This ping came to an older version of the app, which may not have kept the name exactly, and another member is called {}. Nothing was sent; ask for a new ping.",
                ping.view.from
            )));
        }
        Ok(())
    }

    /// Makes the sender of an incoming ping a contact and marks the ping.
    fn accept_ping(&mut self, ping: &StoredPing, now_ms: i64) -> Result<()> {
        self.set_ping_state(ping.view.id, "accepted", None)?;
        self.befriend(ping.view.account, &ping.view.from_uid, &ping.from, now_ms)
    }

    fn insert_queued_ping(
        &mut self,
        account: AccountId,
        to: &str,
        text: &str,
        gid: Option<&Gid>,
        answers: Option<PingId>,
        now_ms: i64,
    ) -> Result<PingId> {
        self.insert_ping(&NewPing {
            account,
            msgid: None,
            incoming: false,
            from_uid: &self.read.own_uid(account)?,
            from_alias: &self.read.own_alias(account)?,
            to_alias: to,
            text,
            gid,
            at_ms: now_ms,
            state: "queued",
            answers,
        })
    }

    pub(super) fn insert_ping(&mut self, new: &NewPing<'_>) -> Result<PingId> {
        self.db
            .prepare_cached(
                "INSERT INTO ping (account, msgid, incoming, from_uid, from_alias, to_alias, text,
                     gid, at_ms, state, answers)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                new.account,
                new.msgid,
                new.incoming,
                new.from_uid,
                new.from_alias,
                new.to_alias,
                new.text,
                new.gid,
                new.at_ms,
                new.state,
                new.answers,
            ])?;
        let id = self.db.last_insert_rowid();
        if new.incoming {
            self.note_name(new.account, new.from_uid, new.from_alias)?;
        } else if new.gid.is_none() {
            self.note_pinged(new.account, new.to_alias)?;
        }
        self.touch_ping(id);
        self.touch_account(new.account);
        Ok(id)
    }

    pub(super) fn set_ping_state(
        &mut self,
        id: PingId,
        state: &str,
        error: Option<&str>,
    ) -> Result<()> {
        let account = self
            .db
            .prepare_cached(
                "UPDATE ping SET state = ?2, error = ?3 WHERE id = ?1 RETURNING account",
            )?
            .query_row(params![id, state, error], |row| row.get(0))?;
        self.touch_ping(id);
        self.touch_account(account);
        Ok(())
    }

    /// The service has accepted an outgoing ping or invitation: it waits, or is settled already.
    /// The receiver is stored as the service names them, the alias under which the answer arrives.
    pub(super) fn ping_sent(&mut self, id: PingId, ack: &Acked) -> Result<()> {
        self.db
            .prepare_cached(
                "UPDATE ping SET msgid = ?2, at_ms = ?3, to_alias = coalesce(?4, to_alias)
                 WHERE id = ?1",
            )?
            .execute(params![id, ack.msgid, ack.posted_ms, ack.to])?;
        let ping = self.read.stored_ping(id)?;
        let account = ping.view.account;
        if ack.to.is_some()
            && ping.view.group.is_none()
            && let Some(waiting) = self.read.waiting_from(account, &ping.to)?
        {
            self.accept_ping(&waiting, ack.posted_ms)?;
        }
        let known = ping.view.group.is_none() && self.read.is_contact_called(account, &ping.to)?;
        // They may have joined before this ack was read.
        let has_joined = match &ping.view.group {
            Some(gid) => self.read.is_listed_as_joined(account, gid, &ping.to)?,
            None => false,
        };
        let state = if known || has_joined { "accepted" } else { "waiting" };
        self.set_ping_state(id, state, None)?;
        if let Some(gid) = &ping.view.group {
            // The member could invite, so they are a member, and the first one if the group is new.
            self.founded(account, gid, &ping.from)?;
            if !has_joined {
                self.set_member(account, gid, &ping.to, Standing::Invited)?;
            }
        }
        Ok(())
    }

    /// The service has refused an outgoing ping; one that it was to answer waits again.
    pub(super) fn ping_failed(&mut self, id: PingId, error: &str) -> Result<()> {
        self.set_ping_state(id, "failed", Some(error))?;
        let answered: Option<PingId> = self
            .db
            .prepare_cached("SELECT answers FROM ping WHERE id = ?1")?
            .query_row([id], |row| row.get(0))?;
        match answered {
            Some(answered) => self.set_ping_state(answered, "waiting", None),
            None => Ok(()),
        }
    }
}

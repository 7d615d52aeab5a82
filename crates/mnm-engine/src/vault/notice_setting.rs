//! Notice settings of this device, and the content of notices about new messages.

use rusqlite::{OptionalExtension, Row, params};

use super::change::VaultReader;
use super::{Result, Vault};
use crate::error::VaultError;
use crate::markdown;
use crate::notice::{Arrival, What, mentions};
use crate::view::{
    AccountId, ChosenLevel, DAY_MINUTES, MessageRowId, NoticeChange, NoticeLevel, NoticeSettings,
    PartyKind, PingId, PingState, QuietHours, ThreadId,
};

/// Names of values.
const CONTENT: &str = "content";
const SOUND: &str = "sound";
const QUIET_FROM: &str = "quiet_from";
const QUIET_UNTIL: &str = "quiet_until";
/// Levels that are listed; the newest.
const LEVELS_MAX: u32 = 1000;

impl Vault {
    /// What the member has chosen.
    pub fn notice_settings(&self) -> Result<NoticeSettings> {
        let minute = |name| -> Result<Option<u16>> {
            Ok(self.notice_value(name)?.and_then(|value| u16::try_from(value).ok()))
        };
        let (from, until) = (minute(QUIET_FROM)?, minute(QUIET_UNTIL)?);
        let quiet = from
            .zip(until)
            .map(|(from_minute, until_minute)| QuietHours { from_minute, until_minute });
        let content = self.notice_value(CONTENT)?.is_some_and(|value| value != 0);
        let sound = self.notice_value(SOUND)?.is_none_or(|value| value != 0);
        let mut statement = self.db.prepare_cached(
            "SELECT account, thread, level FROM notice_level ORDER BY rowid DESC LIMIT ?1",
        )?;
        let levels = statement.query_map([LEVELS_MAX], |row| {
            Ok(ChosenLevel { account: row.get(0)?, thread: row.get(1)?, level: level(row, 2)? })
        })?;
        Ok(NoticeSettings {
            quiet,
            content,
            sound,
            levels: levels.collect::<rusqlite::Result<_>>()?,
        })
    }

    /// Changes what the member has chosen.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] for hours that are none, [`VaultError::NotFound`] for an account or a
    /// thread that is not here.
    pub fn set_notices(&mut self, change: &NoticeChange) -> Result<NoticeSettings> {
        match change {
            NoticeChange::Quiet { hours } => {
                if let Some(QuietHours { from_minute, until_minute }) = *hours
                    && (from_minute == until_minute || from_minute.max(until_minute) >= DAY_MINUTES)
                {
                    let why = "Quiet hours begin and end at different times of a day, such as 22:00 \
                               and 07:00. Nothing was changed.";
                    return Err(VaultError::Invalid(why.into()));
                }
                let from = hours.map(|hours| i64::from(hours.from_minute));
                let until = hours.map(|hours| i64::from(hours.until_minute));
                self.keep_notices(&[(QUIET_FROM, from), (QUIET_UNTIL, until)])?;
            }
            NoticeChange::Content { shown } => {
                self.keep_notices(&[(CONTENT, Some(i64::from(*shown)))])?;
            }
            NoticeChange::Sound { on } => {
                self.keep_notices(&[(SOUND, Some(i64::from(*on)))])?;
            }
            NoticeChange::Account { account, level } => {
                self.account(*account)?;
                self.keep_level(*account, None, Some(*level))?;
            }
            NoticeChange::Thread { thread, level } => {
                let reader = VaultReader { db: &self.db, runtime: &self.runtime };
                let account = reader.account_of(*thread)?;
                self.keep_level(account, Some(*thread), *level)?;
            }
        }
        self.notice_settings()
    }

    fn notice_value(&self, name: &str) -> Result<Option<i64>> {
        Ok(self
            .db
            .prepare_cached("SELECT value FROM notice_setting WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?)
    }

    /// Keeps these values; none removes one.
    fn keep_notices(&mut self, values: &[(&str, Option<i64>)]) -> Result<()> {
        let tx = self.db.transaction()?;
        for (name, value) in values {
            tx.prepare_cached("DELETE FROM notice_setting WHERE name = ?1")?.execute([name])?;
            if let Some(value) = value {
                tx.prepare_cached("INSERT INTO notice_setting (name, value) VALUES (?1, ?2)")?
                    .execute(params![name, value])?;
            }
        }
        Ok(tx.commit()?)
    }

    fn keep_level(
        &mut self,
        account: AccountId,
        thread: Option<ThreadId>,
        level: Option<NoticeLevel>,
    ) -> Result<()> {
        let tx = self.db.transaction()?;
        tx.prepare_cached("DELETE FROM notice_level WHERE account = ?1 AND thread IS ?2")?
            .execute(params![account, thread])?;
        if let Some(level) = level {
            tx.prepare_cached(
                "INSERT INTO notice_level (account, thread, level) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![account, thread, word(level)])?;
        }
        Ok(tx.commit()?)
    }

    /// What notices say about these messages and pings. Those that are gone meanwhile, or are the member's
    /// own, are left out.
    pub(crate) fn arrivals(
        &self,
        messages: &[MessageRowId],
        pings: &[PingId],
    ) -> Result<Vec<Arrival>> {
        let mut arrivals = Vec::new();
        for id in messages {
            match self.arrived_letter(*id) {
                Err(VaultError::NotFound { .. }) => {}
                arrival => arrivals.extend(arrival?),
            }
        }
        for id in pings {
            match self.arrived_ping(*id) {
                Err(VaultError::NotFound { .. }) => {}
                arrival => arrivals.extend(arrival?),
            }
        }
        Ok(arrivals)
    }

    fn arrived_letter(&self, id: MessageRowId) -> Result<Option<Arrival>> {
        let message = self.message(id)?;
        if message.from.kind == PartyKind::Me {
            return Ok(None);
        }
        let account = self.account(message.account)?;
        let (subject, put_away): (String, bool) = self
            .db
            .prepare_cached(
                "SELECT subject, muted = 1 OR archived = 1 OR trashed_ms IS NOT NULL
                 FROM thread WHERE id = ?1",
            )?
            .query_row([message.thread], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let subject = if message.subject.is_empty() { subject } else { message.subject };
        Ok(Some(Arrival {
            account: account.id,
            from: message.from.alias,
            level: self.level(account.id, Some(message.thread))?,
            what: What::Letter {
                thread: message.thread,
                mentions: mentions(&message.text, &account.aliases),
                snippet: markdown::snippet(&message.text),
                subject,
                settled: put_away || !message.unread,
            },
            service: account.service,
        }))
    }

    fn arrived_ping(&self, id: PingId) -> Result<Option<Arrival>> {
        let ping = self.ping(id)?;
        if !ping.incoming || ping.state != PingState::Waiting {
            return Ok(None);
        }
        let what = What::Ping { ping: id, text: ping.text, invites: ping.group.is_some() };
        let level = self.level(ping.account, None)?;
        let (account, service, from) = (ping.account, ping.service, ping.from);
        Ok(Some(Arrival { account, service, from, level, what }))
    }

    fn level(&self, account: AccountId, thread: Option<ThreadId>) -> Result<NoticeLevel> {
        // Rows of threads come first.
        let chosen = self
            .db
            .prepare_cached(
                "SELECT level FROM notice_level
                 WHERE account = ?1 AND (thread IS NULL OR thread = ?2) ORDER BY thread IS NULL",
            )?
            .query_row(params![account, thread], |row| level(row, 0))
            .optional()?;
        Ok(chosen.unwrap_or(NoticeLevel::All))
    }
}

fn word(level: NoticeLevel) -> &'static str {
    match level {
        NoticeLevel::All => "all",
        NoticeLevel::Mentions => "mentions",
        NoticeLevel::None => "none",
    }
}

fn level(row: &Row<'_>, column: usize) -> rusqlite::Result<NoticeLevel> {
    Ok(match row.get_ref(column)?.as_str()? {
        "mentions" => NoticeLevel::Mentions,
        "none" => NoticeLevel::None,
        _ => NoticeLevel::All,
    })
}

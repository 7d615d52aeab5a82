//! Letters between draft and outbox: queueing, taking back, retrying.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, params};

use super::addressee::Addressee;
use super::change::{VaultReader, WriteTx};
use super::draft::DraftContent;
use super::message::NewMessage;
use super::name::shown;
use super::party::{GROUPS_MAX, NewParty};
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::{
    AccountId, Draft, DraftId, Message, MessageRowId, Party, PartyKind, Standing, ThreadId,
};

impl Vault {
    /// Queues a draft: it becomes a message in its thread, or opens one, and goes to the outbox. It
    /// is held for `hold_ms`: until the caller calls [`Self::release`]; 0 does not hold it. Held
    /// letters of the same thread are released first. With `version`, only that version is queued.
    ///
    /// # Errors
    /// [`VaultError::UnknownRecipients`] naming those who are neither contact nor group,
    /// [`VaultError::NoRecipients`], [`VaultError::EmptyLetter`], [`VaultError::TooLarge`],
    /// [`VaultError::Outdated`] when the draft has another version; the draft is unchanged.
    pub fn queue_draft(
        &mut self,
        id: DraftId,
        version: Option<u64>,
        now_ms: i64,
        hold_ms: u64,
    ) -> Result<Change<Message>> {
        self.change(|work| {
            let draft = work.read.draft(id)?;
            if version.is_some_and(|shown| shown != draft.version) {
                return Err(VaultError::Outdated);
            }
            if draft.text.trim().is_empty() && draft.attachments.is_empty() {
                return Err(VaultError::EmptyLetter);
            }
            work.check_sendable(&draft)?;
            let alias = work.read.own_alias(draft.account)?;
            let thread = match draft.thread {
                Some(thread) => {
                    work.check_readers(thread)?;
                    work.sync_before_reply(draft.account, thread, now_ms)?;
                    thread
                }
                None => work.open_thread(&draft, now_ms)?,
            };
            work.release_thread(thread)?;
            let message = work.insert_queued(&draft, thread, &alias, now_ms)?;
            work.hand_over(&draft, message)?;
            let row = work.enqueue_post(draft.account, thread, message)?;
            if hold_ms > 0 {
                work.hold(row, now_ms.saturating_add_unsigned(hold_ms))?;
            }
            work.refresh_thread(thread)?;
            work.read.message(message)
        })
    }

    /// Takes a queued or refused message out of the outbox and makes it a draft again. If its
    /// thread has a draft already, the message's text is put before that draft's.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] when it is being sent or has been sent.
    pub fn unsend(&mut self, id: MessageRowId, now_ms: i64) -> Result<Change<Draft>> {
        let in_flight = self.runtime.sending(id).is_some();
        self.change(|work| {
            let message = work.read.message(id)?;
            work.check_unsent(id)?;
            if in_flight {
                return Err(VaultError::Conflict(
                    "The letter is being sent right now and may have arrived, so it can't be taken back. Wait until it is sent or has failed."
                        .into(),
                ));
            }
            work.unsend(&message, now_ms)
        })
    }

    /// Queues a failed message again, at the end, for the present readers of its thread.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] when it has not failed.
    pub fn retry(&mut self, id: MessageRowId) -> Result<Change<Message>> {
        self.change(|work| {
            let message = work.read.message(id)?;
            work.check_readers(message.thread)?;
            let changed = work.db.execute(
                "UPDATE message SET state = 'queued', error = NULL
                 WHERE id = ?1 AND state = 'failed'",
                [id],
            )?;
            if changed == 0 {
                return Err(VaultError::Conflict(
                    "Only a letter that failed can be sent again. Nothing was changed.".into(),
                ));
            }
            work.enqueue_post(message.account, message.thread, id)?;
            work.touch_message(id);
            work.touch_thread(message.thread);
            work.touch_account(message.account);
            work.read.message(id)
        })
    }
}

impl VaultReader<'_> {
    /// The names under which a new letter would reach everybody in a thread.
    pub(super) fn names_in(&self, thread: ThreadId) -> Result<Vec<String>> {
        let parties = self.parties(thread)?.into_iter();
        let is_named = |party: &Party| match party.kind {
            PartyKind::Contact | PartyKind::Group => true,
            // A stranger's alias is a claim, and may be somebody else's.
            PartyKind::Stranger | PartyKind::Claimed => false,
            PartyKind::Me | PartyKind::Service => false,
        };
        Ok(parties.filter(is_named).map(|party| party.alias).collect())
    }

    /// The party called `name`: its uid or gid, and whether it is a group.
    pub(super) fn resolve(&self, account: AccountId, name: &str) -> Result<Option<Addressee>> {
        if self.own_aliases(account)?.iter().any(|own| own == name) {
            return Ok(Some(Addressee::member(self.own_uid(account)?)));
        }
        if let Some(uid) = self.contact_called(account, name)? {
            return Ok(Some(Addressee::member(uid)));
        }
        let gid = self.group_called(account, name)?;
        Ok(self.is_in(account, &gid)?.then(|| Addressee::group(gid)))
    }

    /// As [`Self::resolve`], for a recipient.
    ///
    /// # Errors
    /// The member is not in the group of that name, or nobody else is.
    pub(super) fn addressee(&self, account: AccountId, name: &str) -> Result<Option<Addressee>> {
        let gone_to = self.resolve(account, name)?;
        let gid = match &gone_to {
            Some(Addressee { is_group: false, .. }) => return Ok(gone_to),
            Some(Addressee { id, is_group: true }) => id.to_gid(),
            None => self.group_called(account, name)?,
        };
        match self.standing(account, &gid)? {
            Some(Standing::Joined) if self.is_empty(account, &gid)? => {
                Err(VaultError::EmptyGroup(shown(name)))
            }
            Some(Standing::Joined) | None => Ok(gone_to),
            Some(Standing::Invited) => Err(VaultError::NotJoined(shown(gid.as_str()))),
            Some(Standing::Left) => Err(VaultError::LeftGroup(shown(name))),
            Some(Standing::Removed) => Err(VaultError::RemovedFromGroup(shown(name))),
        }
    }
}

impl WriteTx<'_> {
    /// A letter that would reach nobody is refused.
    fn check_readers(&self, thread: ThreadId) -> Result<()> {
        match self.read.why_not_reply(thread)? {
            Some(why) => Err(VaultError::Conflict(why)),
            None => Ok(()),
        }
    }

    /// Makes the thread of a new letter: the member first, then the recipients as named.
    fn open_thread(&mut self, draft: &Draft, now_ms: i64) -> Result<ThreadId> {
        if draft.to.is_empty() {
            return Err(VaultError::NoRecipients);
        }
        let mut resolved = Vec::with_capacity(draft.to.len());
        let mut unknown = Vec::new();
        for name in &draft.to {
            match self.read.addressee(draft.account, name)? {
                Some(to) => resolved.push((to, name)),
                None => unknown.push(name.clone()),
            }
        }
        if !unknown.is_empty() {
            return Err(VaultError::UnknownRecipients(unknown));
        }
        let groups = resolved.iter().filter(|(to, _)| to.is_group).map(|(to, _)| &to.id);
        let groups = groups.collect::<BTreeSet<_>>().len();
        if groups > GROUPS_MAX {
            return Err(VaultError::TooLarge(format!(
                "A letter goes to at most {GROUPS_MAX} groups, and {groups} were named. Nothing was sent. Name fewer, and write to the others apart."
            )));
        }
        let thread = self.insert_thread(draft.account, None, &draft.subject, now_ms)?;
        self.set_known(thread)?;
        let (me, alias) = (self.read.own_uid(draft.account)?, self.read.own_alias(draft.account)?);
        let (by, at_ms) = (me.as_str(), now_ms);
        self.insert_party(thread, &NewParty { id: by, alias: &alias, is_group: false, by, at_ms })?;
        for (Addressee { id, is_group }, alias) in &resolved {
            let party = NewParty { id: id.as_str(), alias, is_group: *is_group, by, at_ms };
            self.insert_party(thread, &party)?;
        }
        Ok(thread)
    }

    fn insert_queued(
        &mut self,
        draft: &Draft,
        thread: ThreadId,
        alias: &str,
        now_ms: i64,
    ) -> Result<MessageRowId> {
        let current = self.read.subject_of(thread)?;
        // A reply carries a subject only when it changes it.
        let keeps = draft.thread.is_some() && draft.subject == current;
        let subject = if keeps { "" } else { &draft.subject };
        self.insert_message(&NewMessage {
            account: draft.account,
            thread,
            msgid: None,
            author_uid: &self.read.own_uid(draft.account)?,
            author_alias: alias,
            at_ms: now_ms,
            subject,
            text: &draft.text,
            state: "queued",
            unread: false,
        })
    }

    /// Moves the attachments to the message, in order, and removes the draft.
    fn hand_over(&mut self, draft: &Draft, message: MessageRowId) -> Result<()> {
        self.db
            .prepare_cached("UPDATE attachment SET message = ?2, draft = NULL WHERE draft = ?1")?
            .execute([draft.id, message])?;
        self.delete_draft(draft.account, draft.id)
    }

    fn check_unsent(&self, id: MessageRowId) -> Result<()> {
        let state: Option<String> = self
            .db
            .prepare_cached("SELECT state FROM message WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        if matches!(state.as_deref(), Some("queued" | "failed")) {
            return Ok(());
        }
        Err(VaultError::Conflict(
            "The letter has left already, so it can't be taken back. Write another one to correct it."
                .into(),
        ))
    }

    fn unsend(&mut self, message: &Message, now_ms: i64) -> Result<Draft> {
        let (account, thread) = (message.account, message.thread);
        let to = self.read.names_in(thread)?;
        let reply = self.read.draft_of(thread)?;
        let id = match &reply {
            Some(draft) => draft.id,
            None => self.insert_draft(account, Some(thread), now_ms)?,
        };
        self.put_back(message.id, id)?;
        self.delete_message(message.id)?;
        let content = DraftContent {
            to,
            subject: message.subject.clone(),
            text: join_texts(&message.text, reply.as_ref().map(|draft| &*draft.text)),
        };
        self.write_content(id, &content, now_ms)?;
        // A thread that loses its only message is removed; the draft is then a new letter.
        self.refresh_thread(thread)?;
        self.read.draft(id)
    }

    /// Moves a message's attachments to a draft, after its own.
    fn put_back(&mut self, message: MessageRowId, draft: DraftId) -> Result<()> {
        self.db
            .prepare_cached(
                "UPDATE attachment SET draft = ?2, message = NULL,
                     ord = ord + (SELECT coalesce(max(ord), 0) FROM attachment WHERE draft = ?2)
                 WHERE message = ?1",
            )?
            .execute(params![message, draft])?;
        Ok(())
    }
}

fn join_texts(first: &str, second: Option<&str>) -> String {
    match second {
        Some(second) if !second.trim().is_empty() => format!("{first}\n\n{second}"),
        _ => first.to_owned(),
    }
}

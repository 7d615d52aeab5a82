//! Runtime state: links, presence, progress. It is kept in memory only.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use tmtp::id::Uid;

use super::{Result, Vault};
use crate::event::Event;
use crate::view::{AccountId, Held, Link, MessageRowId, MessageState};

/// Members online who are not contacts, for all accounts.
const MET_MAX: usize = 64;
/// Longest uid stored for those, in bytes.
const MET_UID_MAX_BYTES: usize = 1024;

/// The runtime state.
#[derive(Debug, Default)]
pub(super) struct RuntimeState {
    links: HashMap<AccountId, Link>,
    online: HashSet<(AccountId, Uid)>,
    /// Members online who are not contacts. One may be about to become a contact: their presence
    /// can arrive before the answer to a ping.
    met: HashSet<(AccountId, Uid)>,
    sending: HashMap<MessageRowId, (u64, u64)>,
    held: HashMap<AccountId, Held>,
    /// Whether the home was found to be a copy when it was opened.
    copied: bool,
    /// Whether something was skipped because its page is unreadable.
    damaged: Cell<bool>,
    /// Version of the presence settings: incremented with every change.
    presence_version: Cell<u64>,
    /// How much detail of letters is read.
    detail: Cell<Detail>,
}

/// Level of detail read with letters; lowered when pages are damaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Detail {
    /// Nothing, not even the author other than by the letter's own claim.
    Alone,
    /// No names of the address book, no files, no unread counts.
    Bare,
    /// Names, files and counts, without readers of a thread and undelivered recipients.
    Lean,
    /// Everything.
    #[default]
    Whole,
}

impl RuntimeState {
    pub(super) fn link(&self, account: AccountId) -> Link {
        self.links.get(&account).cloned().unwrap_or(Link::Connecting)
    }

    pub(super) fn is_copied(&self) -> bool {
        self.copied
    }

    pub(super) fn set_copied(&mut self, copied: bool) {
        self.copied = copied;
    }

    pub(super) fn note_damage(&self) {
        if !self.damaged.replace(true) {
            tracing::error!("a part of the store is damaged and passed over");
        }
    }

    /// The level of detail, as other tables may be damaged.
    pub(super) fn detail(&self) -> Detail {
        self.detail.get()
    }

    pub(super) fn set_detail(&self, detail: Detail) {
        self.detail.set(detail);
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.get()
    }

    pub(super) fn held(&self, account: AccountId) -> Option<Held> {
        self.held.get(&account).copied()
    }

    pub(super) fn is_online(&self, account: AccountId, uid: &Uid) -> bool {
        // A set of pairs cannot be queried with a borrowed uid; presence is small and rarely
        // queried.
        let key = (account, uid.clone());
        self.online.contains(&key) || self.met.contains(&key)
    }

    pub(super) fn sending(&self, message: MessageRowId) -> Option<MessageState> {
        let &(sent, total) = self.sending.get(&message)?;
        Some(MessageState::Sending { sent, total })
    }

    pub(super) fn begin_sending(&mut self, message: MessageRowId, total: u64) {
        self.sending.insert(message, (0, total));
    }

    pub(super) fn presence_version(&self) -> u64 {
        self.presence_version.get()
    }

    pub(super) fn presence_changed(&self) {
        self.presence_version.set(self.presence_version.get().wrapping_add(1));
    }

    /// Drops everything about a removed account.
    pub(super) fn forget(&mut self, account: AccountId) {
        self.links.remove(&account);
        self.online.retain(|(of, _)| *of != account);
        self.met.retain(|(of, _)| *of != account);
        self.held.remove(&account);
    }

    pub(super) fn end_sending(&mut self, message: MessageRowId) {
        self.sending.remove(&message);
    }
}

impl Vault {
    /// Sets the connection state of an account. The initial state is [`Link::Connecting`].
    pub fn set_link(&mut self, account: AccountId, link: Link) -> Result<Event> {
        self.runtime.links.insert(account, link);
        let account = self.account(account)?;
        Ok(Event::Account { account })
    }

    /// Sets how many messages wait at the service for room on this disk, and their bytes.
    pub fn set_held(&mut self, account: AccountId, messages: u64, bytes: u64) -> Result<Event> {
        if messages == 0 {
            self.runtime.held.remove(&account);
        } else {
            let missing = self.missing_bytes(bytes);
            self.runtime.held.insert(account, Held { messages, bytes, missing });
        }
        let account = self.account(account)?;
        Ok(Event::Account { account })
    }

    /// Sets a member online or offline. Only a contact gives an event, and at most 64 others are
    /// stored.
    pub fn set_online(
        &mut self,
        account: AccountId,
        uid: &Uid,
        online: bool,
    ) -> Result<Option<Event>> {
        let key = (account, uid.clone());
        if self.reader().contact(account, uid)?.is_none() {
            if !online {
                self.runtime.met.remove(&key);
            } else if self.runtime.met.len() < MET_MAX
                && (1..=MET_UID_MAX_BYTES).contains(&uid.as_str().len())
            {
                self.runtime.met.insert(key);
            }
            return Ok(None);
        }
        let met = self.runtime.met.remove(&key);
        let before = self.runtime.online.contains(&key) || met;
        if online {
            self.runtime.online.insert(key);
        } else {
            self.runtime.online.remove(&key);
        }
        if before == online {
            return Ok(None);
        }
        let contact = self.reader().contact(account, uid)?;
        Ok(contact.map(|contact| Event::Contact { contact }))
    }

    /// The changes for [`Self::set_some_online`] that make exactly these members online, after a
    /// login or, with an empty list, when the link is lost.
    pub fn changes_of_online(&self, account: AccountId, uids: &[Uid]) -> Vec<(Uid, bool)> {
        let now: HashSet<&Uid> = uids.iter().collect();
        let known = self.runtime.online.iter().chain(&self.runtime.met);
        let gone = known.filter(|(of, uid)| *of == account && !now.contains(uid));
        let come = now.iter().filter(|uid| !self.runtime.is_online(account, uid));
        gone.map(|(_, uid)| (uid.clone(), false))
            .chain(come.map(|uid| ((*uid).clone(), true)))
            .collect()
    }

    /// As [`Self::set_online`], for several members.
    pub fn set_some_online(
        &mut self,
        account: AccountId,
        changes: &[(Uid, bool)],
    ) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        for (uid, online) in changes {
            events.extend(self.set_online(account, uid, *online)?);
        }
        Ok(events)
    }

    /// Sets the sent bytes of a message. No effect once it has left the outbox or its attempt was
    /// interrupted.
    pub fn set_progress(&mut self, message: MessageRowId, sent: u64) -> Result<Option<Event>> {
        let Some(progress) = self.runtime.sending.get_mut(&message) else {
            return Ok(None);
        };
        let total = progress.1;
        progress.0 = sent.min(total);
        let state = MessageState::Sending { sent: progress.0, total };
        let thread = self.reader().thread_of(message)?;
        Ok(Some(Event::Progress { thread, message, state }))
    }
}

#[cfg(test)]
#[path = "runtime_state/runtime_state_tests.rs"]
mod tests;

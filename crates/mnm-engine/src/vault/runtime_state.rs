//! Runtime state: links, presence, progress. It is kept in memory only.

mod update;

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use tmtp::id::Uid;

use crate::view::{AccountId, Held, Link, MessageRowId, MessageState};

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

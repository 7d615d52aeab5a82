//! Write transaction: records what it touches, and derives the events.

use std::collections::BTreeSet;
use tmtp::id::{Gid, Uid};

use rusqlite::Connection;

use super::limits::VaultLimits;
use super::runtime_state::RuntimeState;
use super::settle_budget::SettleBudget;
use crate::error::VaultResult as Result;
use crate::event::Event;
use crate::view::{AccountId, DraftId, MessageRowId, PingId, ThreadId};

/// The result of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the events are to be published"]
pub struct Change<T> {
    /// The result.
    pub value: T,
    /// Events to publish, in order. Empty when nothing changed.
    pub events: Vec<Event>,
}

/// Reads records, inside or outside a transaction.
#[derive(Clone, Copy)]
pub(super) struct VaultReader<'a> {
    pub(super) db: &'a Connection,
    pub(super) runtime: &'a RuntimeState,
}

/// A write: the transaction, and what it touches.
pub(super) struct WriteTx<'a> {
    pub(super) db: &'a Connection,
    pub(super) read: VaultReader<'a>,
    pub(super) limits: &'a VaultLimits,
    accounts: BTreeSet<AccountId>,
    threads: BTreeSet<ThreadId>,
    messages: BTreeSet<MessageRowId>,
    pings: BTreeSet<PingId>,
    contacts: BTreeSet<(AccountId, Uid)>,
    groups: BTreeSet<(AccountId, Gid)>,
    drafts: BTreeSet<DraftId>,
    gone: Vec<Event>,
    orphans: Vec<i64>,
    /// Budget left for settling early letters.
    pub(super) slice: SettleBudget,
    /// Whether early letters are left to settle.
    unsettled: bool,
    /// Whether threads are left to erase.
    erasing: bool,
    /// Threads whose readers have changed since their rows were updated.
    readers: BTreeSet<ThreadId>,
    /// Whether threads are left in which somebody is called otherwise.
    renamed: bool,
}

/// Chores left by a committed write.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Blobs to erase.
    pub(super) orphans: Vec<i64>,
    /// Whether early letters are left to settle.
    pub(super) unsettled: bool,
    /// Whether threads are left to erase.
    pub(super) erasing: bool,
    /// Whether threads are left in which somebody is called otherwise.
    pub(super) renamed: bool,
}

impl<'a> WriteTx<'a> {
    pub(super) fn new(
        db: &'a Connection,
        runtime: &'a RuntimeState,
        limits: &'a VaultLimits,
    ) -> Self {
        Self {
            db,
            read: VaultReader { db, runtime },
            limits,
            accounts: BTreeSet::new(),
            threads: BTreeSet::new(),
            messages: BTreeSet::new(),
            pings: BTreeSet::new(),
            contacts: BTreeSet::new(),
            groups: BTreeSet::new(),
            drafts: BTreeSet::new(),
            gone: Vec::new(),
            orphans: Vec::new(),
            slice: SettleBudget::default(),
            unsettled: false,
            erasing: false,
            readers: BTreeSet::new(),
            renamed: false,
        }
    }

    pub(super) fn touch_account(&mut self, account: AccountId) {
        self.accounts.insert(account);
    }

    pub(super) fn touch_thread(&mut self, thread: ThreadId) {
        self.threads.insert(thread);
    }

    pub(super) fn touch_message(&mut self, message: MessageRowId) {
        self.messages.insert(message);
    }

    pub(super) fn touch_ping(&mut self, ping: PingId) {
        self.pings.insert(ping);
    }

    pub(super) fn touch_contact(&mut self, account: AccountId, uid: &Uid) {
        self.contacts.insert((account, uid.clone()));
    }

    pub(super) fn contact_gone(&mut self, account: AccountId, uid: &Uid) {
        self.contacts.remove(&(account, uid.clone()));
        self.gone.push(Event::ContactGone { account, uid: uid.clone() });
    }

    pub(super) fn touch_group(&mut self, account: AccountId, gid: &Gid) {
        self.groups.insert((account, gid.clone()));
    }

    pub(super) fn touch_draft(&mut self, draft: DraftId) {
        self.drafts.insert(draft);
    }

    pub(super) fn message_gone(&mut self, thread: ThreadId, message: MessageRowId) {
        self.messages.remove(&message);
        self.gone.push(Event::MessageGone { thread, message });
    }

    pub(super) fn thread_gone(&mut self, account: AccountId, thread: ThreadId) {
        self.threads.remove(&thread);
        self.gone.push(Event::ThreadGone { account, thread });
    }

    pub(super) fn draft_gone(&mut self, account: AccountId, draft: DraftId) {
        self.drafts.remove(&draft);
        self.gone.push(Event::DraftGone { account, draft });
    }

    /// Records a blob to erase after the commit. Its attachment must be gone.
    pub(super) fn orphan(&mut self, blob: i64) {
        self.orphans.push(blob);
    }

    /// Records that early letters are left to settle.
    pub(super) fn leave_unsettled(&mut self) {
        self.unsettled = true;
    }

    /// Records that threads are left to erase.
    pub(super) fn leave_erasing(&mut self) {
        self.erasing = true;
    }

    /// Records that the readers of a thread have changed.
    pub(super) fn touch_readers(&mut self, thread: ThreadId) {
        self.touch_thread(thread);
        self.readers.insert(thread);
    }

    /// The row of a thread is by its readers as they are.
    pub(super) fn readers_are_told(&mut self, thread: ThreadId) {
        self.readers.remove(&thread);
    }

    /// Threads whose rows are by their readers of before.
    pub(super) fn take_readers(&mut self) -> BTreeSet<ThreadId> {
        std::mem::take(&mut self.readers)
    }

    /// Records that threads are left in which somebody is called otherwise.
    pub(super) fn leave_renamed(&mut self) {
        self.renamed = true;
    }

    pub(super) fn into_left(self) -> Left {
        let Self { orphans, unsettled, erasing, renamed, .. } = self;
        Left { orphans, unsettled, erasing, renamed }
    }

    /// The new state of everything touched: deletions first, counters last.
    pub(super) fn events(&mut self) -> Result<Vec<Event>> {
        let read = self.read;
        let mut events = std::mem::take(&mut self.gone);
        for &id in &self.threads {
            if read.is_erased(id)? {
                continue;
            }
            let thread = read.thread_row(id)?;
            events.push(Event::Thread { thread });
        }
        for &id in &self.messages {
            let message = read.message(id)?;
            events.push(Event::Message { message });
        }
        for &id in &self.drafts {
            let draft = read.draft(id)?;
            events.push(if draft.is_empty() {
                Event::DraftGone { account: draft.account, draft: id }
            } else {
                Event::Draft { draft }
            });
        }
        for &id in &self.pings {
            let ping = read.ping(id)?;
            events.push(Event::Ping { ping });
        }
        for (account, uid) in &self.contacts {
            let contact = read.contact(*account, uid)?;
            events.extend(contact.map(|contact| Event::Contact { contact }));
        }
        for (account, gid) in &self.groups {
            let group = read.group(*account, gid)?;
            events.extend(group.map(|group| Event::Group { group }));
        }
        for &id in &self.accounts {
            let account = read.account(id)?;
            events.push(Event::Account { account });
        }
        Ok(events)
    }
}

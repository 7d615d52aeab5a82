//! Events of the engine, for pages over `GET /api/events` (server-sent events, one JSON object
//! each), the command line and tests.
//!
//! An event carries the new state of what changed, so a page replaces what it shows. A page that
//! gets [`Event::Lagged`] or reconnects reloads everything.

use serde::{Deserialize, Serialize};
use tmtp::id::Uid;

use crate::view::{
    Account, AccountId, Contact, Draft, DraftId, Group, Message, MessageRowId, MessageState, Ping,
    ThreadId, ThreadRow,
};

/// Something changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// An account: its link, counters, names.
    Account {
        /// Its new state.
        account: Account,
    },
    /// An account was removed, with all that belonged to it.
    AccountGone {
        /// Which.
        account: AccountId,
    },
    /// A thread's line: new message, read state, subject.
    Thread {
        /// Its new state.
        thread: ThreadRow,
    },
    /// A message arrived, was queued, was sent, failed.
    Message {
        /// Its new state.
        message: Message,
    },
    /// A message left its thread (it became a draft again).
    MessageGone {
        /// The thread it was in.
        thread: ThreadId,
        /// Which.
        message: MessageRowId,
    },
    /// A thread vanished with its only message.
    ThreadGone {
        /// The account.
        account: AccountId,
        /// Which.
        thread: ThreadId,
    },
    /// Progress of a message being sent; comes often and is not stored.
    Progress {
        /// The thread.
        thread: ThreadId,
        /// The message.
        message: MessageRowId,
        /// Its state, [`MessageState::Sending`].
        state: MessageState,
    },
    /// A ping or invitation arrived or changed.
    Ping {
        /// Its new state.
        ping: Ping,
    },
    /// An address book entry: added, or its presence changed.
    Contact {
        /// Its new state.
        contact: Contact,
    },
    /// A contact was removed from the address book.
    ContactGone {
        /// The account.
        account: AccountId,
        /// Their permanent id.
        #[cfg_attr(test, schemars(with = "String"))]
        uid: Uid,
    },
    /// A group changed.
    Group {
        /// Its new state.
        group: Group,
    },
    /// A draft was saved.
    Draft {
        /// Its new state.
        draft: Draft,
    },
    /// A draft was sent, discarded or emptied.
    DraftGone {
        /// The account.
        account: AccountId,
        /// Which.
        draft: DraftId,
    },
    /// Events were dropped because the receiver was too slow; reload everything.
    Lagged,
}

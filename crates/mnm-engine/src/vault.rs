//! Vault: the encrypted store of one person's accounts, letters, attachments, drafts and outbox.
//!
//! One [`Vault`] is one connection to one SQLCipher database, owned by one thread. Reads return
//! records of [`crate::view`]. Every write is one transaction that is on stable storage when the
//! call returns; it returns a [`Change`]: its value and the events to publish. Times and all other
//! input are arguments; only random numbers are taken from the system.
//!
//! State that exists only while the app runs (links, presence, bytes sent so far) is kept in
//! memory, set by [`Vault::set_link`] and its siblings, and merged into the views.
//!
//! A crash at any moment leaves the state before or after a call. Bytes of attachments are staged
//! in chunks before the call that owns them. [`Vault::tidy`] removes blobs that no call came to
//! own, and those that lost their owner.

mod account;
mod addressee;
mod blob;
mod browser;
mod candidate;
mod cc;
mod change;
mod chore;
mod confirmed;
mod confirming;
mod contact;
mod copied;
mod copying;
mod damage;
pub mod database;
mod draft;
mod file_name;
mod find;
mod forward;
mod forwarding;
mod group;
mod hold;
mod inbox;
mod letter;
mod limits;
mod mark;
mod members;
mod message;
mod message_mark;
mod migration;
mod name;
mod namesake;
mod notice;
mod notice_setting;
mod outbox;
mod outbox_row;
mod outgoing;
mod page;
mod party;
mod person_key;
mod ping;
mod place;
mod placement;
mod presence;
mod reindex;
mod removal;
mod room;
pub mod rows;
mod runtime_state;
mod service_name;
mod settle;
mod settle_budget;
pub(crate) mod storage;
mod sync;
mod synced_thread;
mod tag;
mod text;
mod thread;
mod thread_list;
mod thread_place;
mod thread_run;
mod trash;
mod watermark;

use rusqlite::{Connection, TransactionBehavior};

use crate::error::{VaultError, VaultResult as Result};

pub use account::{Credentials, NewAccount, check_new_alias};
pub use addressee::Addressee;
pub use blob::{BlobWriter, StagedBlob};
pub use browser::BrowserKey;
pub use cc::Cc;
pub use change::Change;
pub use copying::Copying;
pub(crate) use copying::announced;
pub use draft::{DraftContent, Upon};
pub use find::{Search, SearchArgs};
pub(crate) use forward::ABSENT_MAX;
pub use forward::{ForwardedLetter, IncomingForward};
pub use forwarding::OutgoingForward;
pub use inbox::{Confirms, Incoming, IncomingAttachment, Received};
pub use limits::VaultLimits;
pub(crate) use mark::MARKED_ROWS;
pub(crate) use message_mark::MARKED_MESSAGES;
pub use message_mark::MarkedMessages;
pub(crate) use name::is_plain_name;
pub use notice::{IncomingNote, IncomingPing, MemberAct, MemberNotice, UserNotice};
pub use outbox::OutboxItem;
pub use outbox_row::{Acked, OutboxId};
pub use outgoing::{OutboxAction, OutgoingPost};
pub use page::Marked;
pub(crate) use party::is_gid;
pub use ping::PingQuery;
pub use sync::SyncNotice;
pub(crate) use text::{LONG_FORWARDED, LONG_TEXT};
pub use thread_place::ThreadPlace;
pub use trash::Erased;

use change::{VaultReader, WriteTx};
use chore::Chores;
use runtime_state::RuntimeState;
use storage::Storage;

/// An open vault. Dropping it closes the database and releases the home.
#[derive(Debug)]
pub struct Vault {
    // Declared before the storage, so that it is closed before the home's lock is released.
    db: Connection,
    runtime: RuntimeState,
    limits: VaultLimits,
    chores: Chores,
    storage: Box<dyn Storage>,
}

impl Vault {
    /// The vault of a database that its platform has opened, with key, settings and schema as in
    /// [`database`]. Leftovers of the last run are queued as chores.
    pub fn new(db: Connection, storage: Box<dyn Storage>) -> Self {
        let mut vault = Self {
            db,
            runtime: RuntimeState::default(),
            limits: VaultLimits::default(),
            chores: Chores::default(),
            storage,
        };
        let swept = vault.find_orphans();
        let swept =
            swept.and_then(|()| vault.erase_empty_drafts()).and_then(|()| vault.release_all());
        if let Err(error) = &swept {
            // On a full disk or with a damaged page, for example; everything else can be read all
            // the same.
            tracing::warn!(%error, "what the last run left is not tidied up");
        }
        vault.recover(&swept);
        vault
    }

    /// Replaces the limits.
    pub fn set_limits(&mut self, limits: VaultLimits) {
        self.limits = limits;
    }

    /// Reads every page and every row: authenticity, structure, references, the full-text index.
    /// Takes seconds per gigabyte.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] naming the first finding.
    pub fn check(&self) -> Result<()> {
        self.check_pragma("cipher_integrity_check", None)?;
        self.check_pragma("integrity_check", Some("ok"))?;
        self.check_pragma("foreign_key_check", None)?;
        self.check_index()
    }

    fn check_pragma(&self, pragma: &str, fine: Option<&str>) -> Result<()> {
        let mut statement = self.db.prepare(&format!("PRAGMA {pragma}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let finding: String = row.get(0)?;
            if Some(finding.as_str()) != fine {
                return Err(VaultError::Damaged(format!("{pragma}: {finding}")));
            }
        }
        Ok(())
    }

    fn reader(&self) -> VaultReader<'_> {
        VaultReader { db: &self.db, runtime: &self.runtime }
    }

    /// Runs `act` in one transaction. The events are built inside it, from the state that is
    /// committed; orphaned blobs are erased later, because that may take long.
    fn change<T>(&mut self, act: impl FnOnce(&mut WriteTx<'_>) -> Result<T>) -> Result<Change<T>> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut work = WriteTx::new(&tx, &self.runtime, &self.limits);
        let value = act(&mut work)?;
        work.renew_people()?;
        let events = work.events()?;
        let left = work.into_left();
        tx.commit()?;
        self.chores.take(left);
        Ok(Change { value, events })
    }
}

#[cfg(test)]
#[path = "vault/cost_tests.rs"]
mod cost_tests;

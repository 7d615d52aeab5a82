//! Updates of the runtime state, and the events that tell of them.

use std::collections::HashSet;
use tmtp::id::Uid;

use crate::event::Event;
use crate::vault::{Result, Vault};
use crate::view::{AccountId, Held, Link, MessageRowId, MessageState};

/// Members online who are not contacts, for all accounts.
const MET_MAX: usize = 64;
/// Longest uid stored for those, in bytes.
const MET_UID_MAX_BYTES: usize = 1024;

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
#[path = "update_tests.rs"]
mod tests;

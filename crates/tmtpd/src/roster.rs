//! Roster of online devices, and presence sharing.
//!
//! A wake carries no data: the woken link reads its own queue. So a lost wake costs time, but no
//! message. A presence notice is carried, because it is not stored; a link too slow to take it
//! misses it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::directory::MemberNumber;
use tmtp_store::DeviceNumber;

mod mailbox;

pub(crate) use mailbox::{Mail, Mailbox, Notice};

/// Online devices and members.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    online: Mutex<Online>,
}

#[derive(Debug, Default)]
struct Online {
    links: HashMap<DeviceNumber, Arc<Mailbox>>,
    members: HashMap<MemberNumber, Presence>,
    /// Reverse of [`Presence::shares_with`], so that a login need not scan all members.
    shared_by: HashMap<MemberNumber, HashSet<MemberNumber>>,
}

/// A member with at least one device online. Ordered, so that a simulation repeats itself.
#[derive(Debug, Default)]
struct Presence {
    devices: BTreeSet<DeviceNumber>,
    /// Members whom they share their presence with.
    shares_with: BTreeSet<MemberNumber>,
}

/// Entry of an online device in the roster, which is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct RosterEntry {
    roster: Arc<Roster>,
    member: MemberNumber,
    device: DeviceNumber,
    /// The mailbox of this device's link.
    pub mailbox: Arc<Mailbox>,
    /// Members who were online at login and share their presence with this one.
    pub online_now: Vec<MemberNumber>,
}

impl Roster {
    fn online(&self) -> MutexGuard<'_, Online> {
        self.online.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings a device online; none if it has a link already.
    pub(crate) fn enter(
        self: &Arc<Self>,
        member: MemberNumber,
        device: DeviceNumber,
    ) -> Option<RosterEntry> {
        let mut online = self.online();
        if online.links.contains_key(&device) {
            return None;
        }
        let mailbox = Arc::<Mailbox>::default();
        online.links.insert(device, Arc::clone(&mailbox));
        online.members.entry(member).or_default().devices.insert(device);
        let mut online_now: Vec<_> =
            online.shared_by.get(&member).into_iter().flatten().copied().collect();
        online_now.sort_unstable();
        let roster = Arc::clone(self);
        Some(RosterEntry { roster, member, device, mailbox, online_now })
    }

    /// Ready when the device's present link, if there is one, has left.
    pub(crate) async fn vacated(&self, device: DeviceNumber) {
        let (mailbox, left);
        {
            // While this is locked no link can leave unnoticed.
            let online = self.online();
            let Some(found) = online.links.get(&device) else { return };
            mailbox = Arc::clone(found);
            left = mailbox.left.notified();
        }
        left.await;
    }

    /// Wakes links whose queues may have grown.
    pub(crate) fn wake(&self, devices: &[DeviceNumber]) {
        let online = self.online();
        for mailbox in devices.iter().filter_map(|device| online.links.get(device)) {
            mailbox.wake();
        }
    }

    /// Starts or stops sharing the presence of `from` with `to`. Only changes are notified.
    pub(crate) fn share(&self, from: MemberNumber, to: &[MemberNumber], is_shared: bool) {
        let mut online = self.online();
        for other in to {
            let Some(presence) = online.members.get_mut(&from) else { return };
            let changed = if is_shared {
                presence.shares_with.insert(*other)
            } else {
                presence.shares_with.remove(other)
            };
            if !changed {
                continue;
            }
            online.set_shared(from, *other, is_shared);
            online.notify(*other, Notice { from, online: is_shared });
        }
    }

    /// Links that are logged in.
    pub(crate) fn len(&self) -> usize {
        self.online().links.len()
    }

    /// Whether `device` is logged in.
    pub(crate) fn is_online(&self, device: DeviceNumber) -> bool {
        self.online().links.contains_key(&device)
    }

    fn leave(&self, member: MemberNumber, device: DeviceNumber) {
        let mut online = self.online();
        online.links.remove(&device);
        let Some(presence) = online.members.get_mut(&member) else { return };
        presence.devices.remove(&device);
        if !presence.devices.is_empty() {
            return;
        }
        let watchers =
            online.members.remove(&member).map(|gone| gone.shares_with).unwrap_or_default();
        for other in watchers {
            online.set_shared(member, other, false);
            online.notify(other, Notice { from: member, online: false });
        }
    }
}

impl Online {
    fn set_shared(&mut self, from: MemberNumber, to: MemberNumber, is_shared: bool) {
        if is_shared {
            self.shared_by.entry(to).or_default().insert(from);
        } else if let Some(set) = self.shared_by.get_mut(&to) {
            set.remove(&from);
            if set.is_empty() {
                self.shared_by.remove(&to);
            }
        }
    }

    fn notify(&self, to: MemberNumber, notice: Notice) {
        let devices = self.members.get(&to).into_iter().flat_map(|presence| &presence.devices);
        for mailbox in devices.filter_map(|device| self.links.get(device)) {
            mailbox.notify(notice);
        }
    }
}

impl Drop for RosterEntry {
    fn drop(&mut self) {
        self.roster.leave(self.member, self.device);
        self.mailbox.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::pin::pin;
    use std::sync::atomic::Ordering;
    use std::task::{Context, Waker};

    use super::mailbox::tests::Count;
    use super::*;

    #[test]
    fn vacated_wakes_only_waiters_of_that_device() {
        let roster = Arc::new(Roster::default());
        let [here, other] = [1, 2].map(|device| roster.enter(MemberNumber(1), device).unwrap());
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let mut vacated = pin!(roster.vacated(1));
        assert!(vacated.as_mut().poll(&mut context).is_pending());
        drop(other);
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
        drop(here);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert!(vacated.as_mut().poll(&mut context).is_ready());
        assert!(pin!(roster.vacated(1)).poll(&mut context).is_ready(), "nobody is there");
    }
}

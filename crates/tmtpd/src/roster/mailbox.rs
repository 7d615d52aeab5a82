//! Mailbox of one link: a wake flag and presence notices from other tasks.
//!
//! An empty one is small: ten thousand idle links have one each.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;

use crate::directory::MemberNumber;

/// A presence notice: a member came online or went offline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notice {
    /// The member.
    pub from: MemberNumber,
    /// Online or offline.
    pub online: bool,
}

/// Presence notices that may wait for one link.
const NOTICES_MAX: usize = 256;

/// The mailbox of one link.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    /// Notified when the link has left.
    pub(super) left: Notify,
}

#[derive(Debug, Default)]
struct State {
    mail: Mail,
    link: Option<Waker>,
}

/// The content of a mailbox.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Mail {
    /// The device's queue may have grown.
    pub wake: bool,
    /// Presence notices, in order.
    pub notices: Vec<Notice>,
}

impl Mailbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the link: its device's queue may have grown.
    pub(super) fn wake(&self) {
        self.leave(|mail| mail.wake = true);
    }

    /// Adds a notice. A full mailbox drops it: presence is best effort.
    pub(super) fn notify(&self, notice: Notice) {
        self.leave(|mail| {
            if mail.notices.len() < NOTICES_MAX {
                mail.notices.push(notice);
            }
        });
    }

    fn leave(&self, add: impl FnOnce(&mut Mail)) {
        let mut state = self.state();
        add(&mut state.mail);
        let link = state.link.take();
        drop(state);
        // After unlocking: the link may run at once, on another thread.
        if let Some(link) = link {
            link.wake();
        }
    }

    /// Ready when there is something to take; notices stay unless `with_notices`. Only the last
    /// task that polled is woken.
    pub(crate) fn poll(&self, with_notices: bool, context: &Context<'_>) -> Poll<Mail> {
        let mut state = self.state();
        let notices = with_notices && !state.mail.notices.is_empty();
        if state.mail.wake || notices {
            let notices =
                if notices { std::mem::take(&mut state.mail.notices) } else { Vec::new() };
            return Poll::Ready(Mail { wake: std::mem::take(&mut state.mail.wake), notices });
        }
        match &mut state.link {
            Some(link) => link.clone_from(context.waker()),
            link => *link = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;
    use crate::directory::MemberNumber;

    /// Counts how often its waker was woken.
    #[derive(Default)]
    pub(in crate::roster) struct Count(pub(in crate::roster) AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn early_wake_is_kept_and_wakes_coalesce() {
        let mailbox = Mailbox::default();
        mailbox.wake();
        mailbox.wake();
        let context = Context::from_waker(Waker::noop());
        assert_eq!(mailbox.poll(true, &context), Poll::Ready(Mail { wake: true, notices: vec![] }));
        assert_eq!(mailbox.poll(true, &context), Poll::Pending);
    }

    #[test]
    fn waiter_is_woken_once_per_poll() {
        let mailbox = Mailbox::default();
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        assert!(mailbox.poll(true, &Context::from_waker(&waker)).is_pending());
        mailbox.wake();
        mailbox.wake();
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn notices_are_ordered_and_bounded() {
        let mailbox = Mailbox::default();
        let notice = |n| Notice { from: MemberNumber(n), online: true };
        (0..1_000).for_each(|n| mailbox.notify(notice(n)));
        let Poll::Ready(mail) = mailbox.poll(true, &Context::from_waker(Waker::noop())) else {
            panic!("nothing was left");
        };
        assert_eq!(mail.notices, (0..256).map(notice).collect::<Vec<_>>());
    }

    #[test]
    fn notices_wait_while_the_link_has_no_room() {
        let mailbox = Mailbox::default();
        let notice = Notice { from: MemberNumber(1), online: false };
        mailbox.notify(notice);
        let context = Context::from_waker(Waker::noop());
        assert_eq!(mailbox.poll(false, &context), Poll::Pending);
        mailbox.wake();
        let wake = Mail { wake: true, notices: vec![] };
        assert_eq!(mailbox.poll(false, &context), Poll::Ready(wake));
        let left = Mail { wake: false, notices: vec![notice] };
        assert_eq!(mailbox.poll(true, &context), Poll::Ready(left));
    }
}

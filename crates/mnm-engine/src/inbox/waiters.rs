//! Commands waiting for the notice that a device was added.

use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::view::AccountId;
use tmtp::id::NodeSecret;

/// Commands that wait.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Mutex<Vec<Waiter>>);

#[derive(Debug)]
struct Waiter {
    account: AccountId,
    label: String,
    give: oneshot::Sender<NodeSecret>,
}

impl Waiters {
    /// Waits for a device with this label. Call it before sending the request: the notice may come
    /// before the answer.
    pub(crate) fn device(&self, account: AccountId, label: &str) -> oneshot::Receiver<NodeSecret> {
        let (give, take) = oneshot::channel();
        let mut waiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiters.retain(|waiter| !waiter.give.is_closed());
        waiters.push(Waiter { account, label: label.to_owned(), give });
        take
    }

    /// A device was added. Two requested at once with the same label may be swapped, which makes no
    /// difference.
    pub(crate) fn device_added(&self, account: AccountId, label: &str, secret: NodeSecret) {
        let mut waiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiters.retain(|waiter| !waiter.give.is_closed());
        let found = waiters.iter().position(|w| w.account == account && w.label == label);
        if let Some(at) = found {
            // A waiter that has just timed out does not get it; the device stays unused.
            let _ = waiters.remove(at).give.send(secret);
        }
    }
}

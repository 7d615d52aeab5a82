//! Fair queue: a bounded number of slots, shared fairly between networks.
//!
//! When all slots are taken, a connection waits. The next free slot goes to the network that holds
//! fewest of them, among equals to the one that was served longest ago. So a network with many
//! connections delays only itself.
//!
//! A peer that does nothing may hold a slot for long. While others wait, a slot that has been held
//! for the timeout of its [`Stage`] is taken back from the network that holds most, the earliest
//! stage first. A network that holds at least two slots fewer than that one has a claim, and the
//! shorter timeout. A slot is never taken back while the service itself is working for it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::network::Network;

/// How often slots are checked for being due, while a connection waits.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// How far the holder of a slot has come; the earliest stage comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// No whole ClientHello.
    Silent,
    /// A ClientHello; the peer has to continue.
    Awaited,
    /// The service is working for it.
    Served,
}

impl Stage {
    /// How long a slot at this stage may be held while others wait: for a network with a claim, and
    /// for others.
    fn timeout(self, claim: bool) -> Option<Duration> {
        match (self, claim) {
            (Self::Silent, true) => Some(Duration::from_millis(100)),
            (Self::Silent, false) => Some(Duration::from_secs(1)),
            (Self::Awaited, true) => Some(Duration::from_millis(250)),
            (Self::Awaited, false) => Some(Duration::from_secs(2)),
            (Self::Served, _) => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct FairQueue {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    bound: usize,
    held: usize,
    /// Last number given to a slot or a waiter.
    last: u64,
    networks: HashMap<Network, OfNetwork>,
    /// Networks that hold slots, by how many.
    holders: BTreeSet<(usize, Network)>,
    /// Networks that wait, by how many slots they hold, then by when they were served last.
    queue: BTreeSet<(usize, u64, Network)>,
    /// Networks that wait, by how many of their connections do.
    waiters: BTreeSet<(usize, Network)>,
    /// Whether the task that takes slots back is running.
    watched: bool,
}

#[derive(Debug, Default)]
struct OfNetwork {
    held: BTreeMap<u64, Held>,
    waiting: VecDeque<(u64, oneshot::Sender<Slot>)>,
    /// The number of the slot that it was given last.
    served: u64,
}

#[derive(Debug)]
struct Held {
    stage: Stage,
    since: Instant,
    /// Tells the holder that the slot is taken back.
    taken_back: oneshot::Sender<()>,
}

/// A slot, until it is dropped or taken back.
#[derive(Debug)]
pub(crate) struct Slot {
    queue: Arc<FairQueue>,
    network: Network,
    number: u64,
    taken_back: oneshot::Receiver<()>,
}

/// The service is working for the holder of a slot, until this is dropped.
#[derive(Debug)]
pub(crate) struct Served {
    queue: Arc<FairQueue>,
    network: Network,
    number: u64,
}

/// A place in the queue, left when dropped.
struct Waiting<'a> {
    queue: &'a Arc<FairQueue>,
    network: Network,
    number: u64,
}

impl FairQueue {
    /// At most `bound` slots at once.
    pub(crate) fn new(bound: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { bound, ..State::default() }) })
    }

    /// Replaces the bound. Slots in use stay.
    pub(crate) fn set_bound(self: &Arc<Self>, bound: usize) {
        self.change(|state, _| state.bound = bound);
    }

    /// Waits for a slot without taking one back.
    pub(crate) async fn wait(self: &Arc<Self>, network: Network) -> Option<Slot> {
        let (_waiting, slot) = self.enqueue(network);
        slot.await.ok()
    }

    /// Waits for a slot, and has one taken back when it is due. None: the wait itself was ended to
    /// make room for others.
    pub(crate) async fn demand(self: &Arc<Self>, network: Network) -> Option<Slot> {
        let (_waiting, mut slot) = self.enqueue(network);
        if let Ok(slot) = slot.try_recv() {
            return Some(slot);
        }
        if !std::mem::replace(&mut self.lock().watched, true) {
            tokio::spawn(Arc::clone(self).watch());
        }
        slot.await.ok()
    }

    /// Makes room for a connection from `network` by ending another that waits or holds a slot, of
    /// the network with most of them, if that has more than `network`. Whether there was one.
    pub(crate) fn make_room(self: &Arc<Self>, network: Network) -> bool {
        self.change(|state, _| {
            let waiting = state.networks.get(&network).map_or(0, |of| of.waiting.len());
            match state.waiters.last() {
                Some(&(count, largest)) if count > waiting + 1 => state.dismiss_newest(largest),
                Some(_) | None => state.take_back_for(network, Instant::now()),
            }
        })
    }

    fn enqueue(self: &Arc<Self>, network: Network) -> (Waiting<'_>, oneshot::Receiver<Slot>) {
        let (sender, receiver) = oneshot::channel();
        let number = self.change(|state, _| {
            state.last += 1;
            let number = state.last;
            state.update(network, |of| of.waiting.push_back((number, sender)));
            number
        });
        (Waiting { queue: self, network, number }, receiver)
    }

    /// Takes slots back as they become due, until nobody waits.
    async fn watch(self: Arc<Self>) {
        loop {
            let waited = self.change(|state, grants| {
                let now = Instant::now();
                while let Some(&(_, _, network)) = state.queue.first()
                    && state.take_back_for(network, now)
                {
                    state.grant(&self, grants);
                }
                state.watched = !state.queue.is_empty();
                state.watched
            });
            if !waited {
                return;
            }
            sleep(CHECK_INTERVAL).await;
        }
    }

    /// Changes the state, then hands out free slots. Slots that nobody wants are dropped after the
    /// lock is released, as dropping takes the lock.
    fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut State, &mut Vec<Slot>) -> T) -> T {
        let mut unwanted = Vec::new();
        let mut state = self.lock();
        let result = change(&mut state, &mut unwanted);
        state.grant(self, &mut unwanted);
        drop(state);
        drop(unwanted);
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_stage(&self, network: Network, number: u64, stage: Stage) {
        let mut state = self.lock();
        let of = state.networks.get_mut(&network);
        if let Some(held) = of.and_then(|of| of.held.get_mut(&number)) {
            (held.stage, held.since) = (stage, Instant::now());
        }
    }
}

impl State {
    /// Changes the record of a network, and its position in all orders.
    fn update<T>(&mut self, network: Network, change: impl FnOnce(&mut OfNetwork) -> T) -> T {
        let of = self.networks.entry(network).or_default();
        self.holders.remove(&(of.held.len(), network));
        self.queue.remove(&(of.held.len(), of.served, network));
        self.waiters.remove(&(of.waiting.len(), network));
        self.held -= of.held.len();
        let result = change(of);
        self.held += of.held.len();
        if !of.held.is_empty() {
            self.holders.insert((of.held.len(), network));
        }
        if !of.waiting.is_empty() {
            self.queue.insert((of.held.len(), of.served, network));
            self.waiters.insert((of.waiting.len(), network));
        }
        if of.held.is_empty() && of.waiting.is_empty() {
            self.networks.remove(&network);
        }
        result
    }

    /// Hands free slots to those who wait.
    fn grant(&mut self, queue: &Arc<FairQueue>, unwanted: &mut Vec<Slot>) {
        while self.held < self.bound
            && let Some(&(_, _, network)) = self.queue.first()
        {
            let (sender, taken_back) = oneshot::channel();
            self.last += 1;
            let number = self.last;
            let held = Held { stage: Stage::Silent, since: Instant::now(), taken_back: sender };
            let waiter = self.update(network, |of| {
                of.served = number;
                of.held.insert(number, held);
                of.waiting.pop_front()
            });
            let slot = Slot { queue: Arc::clone(queue), network, number, taken_back };
            match waiter {
                Some((_, waiter)) => unwanted.extend(waiter.send(slot).err()),
                None => unwanted.push(slot),
            }
        }
    }

    /// Takes one slot back, if one is due now for a waiting connection of `network`. Whether it
    /// did.
    fn take_back_for(&mut self, network: Network, now: Instant) -> bool {
        let Some(&(most, largest)) = self.holders.last() else { return false };
        let own = self.networks.get(&network).map_or(0, |of| of.held.len());
        let claim = most > own + 1;
        let due = |held: &Held| {
            held.stage.timeout(claim).is_some_and(|timeout| now >= held.since + timeout)
        };
        let held = self.networks.get(&largest).into_iter().flat_map(|of| &of.held);
        let worst = held
            .filter(|(_, held)| due(held))
            .max_by_key(|(_, held)| (Reverse(held.stage), Reverse(held.since)));
        let Some(number) = worst.map(|(number, _)| *number) else { return false };
        let held = self.update(largest, |of| of.held.remove(&number));
        held.is_some_and(|held| {
            // A holder that is gone needs no signal.
            let _ = held.taken_back.send(());
            true
        })
    }

    /// Ends the wait of the newest connection from `network`.
    fn dismiss_newest(&mut self, network: Network) -> bool {
        self.update(network, |of| of.waiting.pop_back()).is_some()
    }
}

impl Slot {
    /// The service is working for the holder until the guard is dropped.
    pub(crate) fn served(&self) -> Served {
        self.queue.set_stage(self.network, self.number, Stage::Served);
        Served { queue: Arc::clone(&self.queue), network: self.network, number: self.number }
    }

    /// Ready when the slot has been taken back: the holder has to close.
    pub(crate) fn poll_taken_back(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.taken_back).poll(context).map(drop)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let (network, number) = (self.network, self.number);
        self.queue.change(|state, _| state.update(network, |of| of.held.remove(&number)));
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.queue.set_stage(self.network, self.number, Stage::Awaited);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Self { network, number, .. } = *self;
        self.queue.change(|state, _| {
            // Usually it has been served and is no longer in the queue.
            let of = state.networks.get(&network);
            let place =
                of.map(|of| of.waiting.binary_search_by_key(&number, |(number, _)| *number));
            if let Some(Ok(place)) = place {
                state.update(network, |of| of.waiting.remove(place));
            }
        });
    }
}

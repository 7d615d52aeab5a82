//! Fair queue: so many turns at once and no more, given to networks in turn.
//!
//! Who comes when all turns are taken waits. The next turn goes to the network that holds fewest of
//! them, of those to the one that was served longest ago. So a network with many connections
//! waits for itself, not others for it.
//!
//! A turn may be held for long by a peer that does nothing. While others wait, such a turn is worth
//! what has been shown for it ([`Stage`]): when it has been held for its patience, it is taken back from
//! the network that holds most, the worst first. A network that holds less than that one by two or
//! more has a claim to it, and waits for a shorter time. A turn is never taken back while the
//! service itself is at work for it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::Network;

/// How often it is looked whether a turn can be taken back, while somebody waits.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What the holder of a turn has shown so far; the worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// No whole ClientHello.
    Silent,
    /// A ClientHello; the peer has to say more.
    Awaited,
    /// The service is at work for it.
    Served,
}

impl Stage {
    /// How long a turn at this stage may be held while others wait: those who have a claim to it, or
    /// anybody.
    fn patience(self, claim: bool) -> Option<Duration> {
        match (self, claim) {
            (Self::Silent, true) => Some(Duration::from_millis(100)),
            (Self::Silent, false) => Some(Duration::from_secs(1)),
            (Self::Awaited, true) => Some(Duration::from_millis(250)),
            (Self::Awaited, false) => Some(Duration::from_secs(2)),
            (Self::Served, _) => None,
        }
    }
}

/// Gives turns.
#[derive(Debug)]
pub(crate) struct FairQueue {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    bound: usize,
    held: usize,
    /// Of turns and of waits; rises with each.
    last: u64,
    networks: HashMap<Network, OfNetwork>,
    /// Networks that hold turns, by how many.
    holders: BTreeSet<(usize, Network)>,
    /// Networks that wait, by how many turns they hold, then by when they were served last.
    queue: BTreeSet<(usize, u64, Network)>,
    /// Networks that wait, by how many connections do.
    crowds: BTreeSet<(usize, Network)>,
    /// Whether a task looks after those who wait.
    watched: bool,
}

#[derive(Debug, Default)]
struct OfNetwork {
    held: BTreeMap<u64, Held>,
    waiting: VecDeque<(u64, oneshot::Sender<Turn>)>,
    /// The number of the turn that it was given last.
    served: u64,
}

#[derive(Debug)]
struct Held {
    stage: Stage,
    since: Instant,
    /// Tells the holder that the turn is taken back.
    taken_back: oneshot::Sender<()>,
}

/// A turn, until it is dropped or taken back.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Arc<FairQueue>,
    network: Network,
    number: u64,
    taken_back: oneshot::Receiver<()>,
}

/// The service is at work for the holder of a turn, until this is dropped.
#[derive(Debug)]
pub(crate) struct Served {
    turns: Arc<FairQueue>,
    network: Network,
    number: u64,
}

/// A place in the queue, left when dropped.
struct Waiting<'a> {
    turns: &'a Arc<FairQueue>,
    network: Network,
    number: u64,
}

impl FairQueue {
    /// At most `bound` turns at once.
    pub(crate) fn new(bound: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { bound, ..State::default() }) })
    }

    /// From now on, at most `bound` at once. Who holds one keeps it.
    pub(crate) fn set_bound(self: &Arc<Self>, bound: usize) {
        self.change(|state, _| state.bound = bound);
    }

    /// Waits for a turn that is not taken back from anybody.
    pub(crate) async fn wait(self: &Arc<Self>, network: Network) -> Option<Turn> {
        let (_waiting, turn) = self.enqueue(network);
        turn.await.ok()
    }

    /// Waits for a turn, which may have to be taken back from somebody. None: the wait itself had to
    /// make room for others.
    pub(crate) async fn demand(self: &Arc<Self>, network: Network) -> Option<Turn> {
        let (_waiting, mut turn) = self.enqueue(network);
        if let Ok(turn) = turn.try_recv() {
            return Some(turn);
        }
        if !std::mem::replace(&mut self.lock().watched, true) {
            tokio::spawn(Arc::clone(self).watch());
        }
        turn.await.ok()
    }

    /// Makes room for a connection from `network` by ending another that waits or holds a turn:
    /// of the network that has most of them, if that has more than `network`. Whether there was one.
    pub(crate) fn make_room(self: &Arc<Self>, network: Network) -> bool {
        self.change(|state, _| {
            let waiting = state.networks.get(&network).map_or(0, |of| of.waiting.len());
            match state.crowds.last() {
                Some(&(crowd, largest)) if crowd > waiting + 1 => state.dismiss_newest(largest),
                Some(_) | None => state.take_back_for(network, Instant::now()),
            }
        })
    }

    fn enqueue(self: &Arc<Self>, network: Network) -> (Waiting<'_>, oneshot::Receiver<Turn>) {
        let (sender, receiver) = oneshot::channel();
        let number = self.change(|state, _| {
            state.last += 1;
            let number = state.last;
            state.update(network, |of| of.waiting.push_back((number, sender)));
            number
        });
        (Waiting { turns: self, network, number }, receiver)
    }

    /// Takes turns back as they become due, until nobody waits.
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
            sleep(LOOK_EVERY).await;
        }
    }

    /// Changes the state, then gives the turns that are free. What is not wanted any more is dropped
    /// when the lock is free again, as that takes the lock.
    fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut State, &mut Vec<Turn>) -> T) -> T {
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
    /// Changes what is known of a network, and its places in all orders.
    fn update<T>(&mut self, network: Network, change: impl FnOnce(&mut OfNetwork) -> T) -> T {
        let of = self.networks.entry(network).or_default();
        self.holders.remove(&(of.held.len(), network));
        self.queue.remove(&(of.held.len(), of.served, network));
        self.crowds.remove(&(of.waiting.len(), network));
        self.held -= of.held.len();
        let result = change(of);
        self.held += of.held.len();
        if !of.held.is_empty() {
            self.holders.insert((of.held.len(), network));
        }
        if !of.waiting.is_empty() {
            self.queue.insert((of.held.len(), of.served, network));
            self.crowds.insert((of.waiting.len(), network));
        }
        if of.held.is_empty() && of.waiting.is_empty() {
            self.networks.remove(&network);
        }
        result
    }

    /// Gives what is free to those who wait.
    fn grant(&mut self, turns: &Arc<FairQueue>, unwanted: &mut Vec<Turn>) {
        while self.held < self.bound
            && let Some(&(_, _, network)) = self.queue.first()
        {
            let (tell, taken_back) = oneshot::channel();
            self.last += 1;
            let number = self.last;
            let held = Held { stage: Stage::Silent, since: Instant::now(), taken_back: tell };
            let waiter = self.update(network, |of| {
                of.served = number;
                of.held.insert(number, held);
                of.waiting.pop_front()
            });
            let turn = Turn { turns: Arc::clone(turns), network, number, taken_back };
            match waiter {
                Some((_, waiter)) => unwanted.extend(waiter.send(turn).err()),
                None => unwanted.push(turn),
            }
        }
    }

    /// Takes one turn back, if one is due now for somebody of `network` who waits. Whether it did.
    fn take_back_for(&mut self, network: Network, now: Instant) -> bool {
        let Some(&(most, largest)) = self.holders.last() else { return false };
        let own = self.networks.get(&network).map_or(0, |of| of.held.len());
        let claim = most > own + 1;
        let due = |held: &Held| {
            held.stage.patience(claim).is_some_and(|patience| now >= held.since + patience)
        };
        let held = self.networks.get(&largest).into_iter().flat_map(|of| &of.held);
        let worst = held
            .filter(|(_, held)| due(held))
            .max_by_key(|(_, held)| (Reverse(held.stage), Reverse(held.since)));
        let Some(number) = worst.map(|(number, _)| *number) else { return false };
        let held = self.update(largest, |of| of.held.remove(&number));
        held.is_some_and(|held| {
            // Who does not listen has ended already.
            let _ = held.taken_back.send(());
            true
        })
    }

    /// Ends the wait of the last who came from `network`.
    fn dismiss_newest(&mut self, network: Network) -> bool {
        self.update(network, |of| of.waiting.pop_back()).is_some()
    }
}

impl Turn {
    /// The service is at work for the holder until what this returns is dropped.
    pub(crate) fn served(&self) -> Served {
        self.turns.set_stage(self.network, self.number, Stage::Served);
        Served { turns: Arc::clone(&self.turns), network: self.network, number: self.number }
    }

    /// Ready when the turn has been taken back: the holder has to end.
    pub(crate) fn poll_taken_back(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.taken_back).poll(context).map(drop)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (network, number) = (self.network, self.number);
        self.turns.change(|state, _| state.update(network, |of| of.held.remove(&number)));
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.turns.set_stage(self.network, self.number, Stage::Awaited);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Self { network, number, .. } = *self;
        self.turns.change(|state, _| {
            // As a rule it has been served and is gone.
            let of = state.networks.get(&network);
            let place =
                of.map(|of| of.waiting.binary_search_by_key(&number, |(number, _)| *number));
            if let Some(Ok(place)) = place {
                state.update(network, |of| of.waiting.remove(place));
            }
        });
    }
}

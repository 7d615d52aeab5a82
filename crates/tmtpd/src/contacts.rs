//! Limits on first contacts: pings and invitations per member, and per receiver who does not
//! answer.
//!
//! Requirement A3a: a stranger may send a few words, and nothing more until they are answered. So
//! each unanswered ping is counted for its pair of members, in memory and in a row committed with
//! the ping; a restart resets nothing. A ping back, or a post to the other by name, is an answer.
//! It removes the count; the two are acquainted then, as the directory knows, and may ping each
//! other up to the daily limit. A ping that was not answered for as long as messages are kept is
//! forgotten, so memory is bounded by the pings of that time.
//!
//! Besides, a member gets a limited number of pings from strangers in a day, only a part of them
//! from accounts younger than a day: making many accounts does not bury anybody in pings. Within
//! that part each network has a part again, so that one machine does not crowd out other newcomers.
//! These are counted in memory only; accounts made before the last start count as of one network.
//!
//! | key | value |
//! |---|---|
//! | `c/d/` member number (4 bytes, big-endian) | day since 1970 (4 bytes), pings of that day (4) |
//! | `c/w/` who, whom | day of the last ping (4), pings without an answer (4) |
//! | `c/a/` who, whom | nothing: they are in contact. Written by earlier versions only |
//!
//! Pings are counted when they are allowed, before they are durable: a crash in between counts a
//! ping that never was, or two devices' concurrent pings as one. Both are harmless.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Limits;
use crate::conn_limit::Network;
use crate::day::{DAY_MS, Day, day_of};
use crate::directory::MemberNumber;
use crate::rate_limit::{Buckets, Rate};
use tmtp_store::Batch;
use tmtp_store::{Store, StoreError, each_row};

const DAYS: &[u8] = b"c/d/";
const WAITING: &[u8] = b"c/w/";
const ANSWERED: &[u8] = b"c/a/";
const DAY: Duration = Duration::from_secs(86_400);
/// One in this many of a member's pings from strangers may be from an account younger than a day.
const NEW_SHARE_DIVISOR: usize = 5;
/// And one in this many of these from accounts made from one network.
const NETWORK_SHARE_DIVISOR: usize = 4;

/// (sender, receiver).
type Pair = (MemberNumber, MemberNumber);

/// A count, and until when it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count {
    day: Day,
    pings: u32,
}

/// Pings per day, and unanswered pings.
#[derive(Debug, Default)]
pub(crate) struct Contacts {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Pings that each member sent on the last day on which they sent any.
    pinged: HashMap<MemberNumber, Count>,
    waiting: HashMap<Pair, Count>,
    /// Pings that members got from strangers, and those from new accounts.
    received: Buckets<MemberNumber>,
    received_from_new: Buckets<MemberNumber>,
    received_from_network: Buckets<(MemberNumber, Option<Network>)>,
    /// From which network accounts were made, and when; those of the last day.
    made: HashMap<MemberNumber, (Network, Instant)>,
}

/// A ping or an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ping {
    /// The sender.
    pub(crate) who: MemberNumber,
    /// The receiver.
    pub(crate) whom: MemberNumber,
    /// Now, Unix milliseconds.
    pub(crate) now_ms: i64,
    /// Whether the directory has them as acquainted.
    pub(crate) acquainted: bool,
    /// When the sender's account was made, Unix milliseconds.
    pub(crate) since_ms: i64,
}

/// Why a ping is refused.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum TooMany {
    /// The daily limit is reached.
    #[error("too many pings and invitations today; try again tomorrow")]
    Today,
    /// The receiver has not answered.
    #[error(
        "to has not answered your last pings or invitations; you can send more after an answer, \
         or in {days} days"
    )]
    Unanswered {
        /// Days after which another one is allowed.
        days: usize,
    },
    /// The receiver has got many pings from strangers.
    #[error("to has received many pings from people they do not know; try again later")]
    Received,
}

impl Contacts {
    /// Reads the counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let read_member = |key: &[u8]| Some(MemberNumber(u32::from_be_bytes(key.try_into().ok()?)));
        let waiting = read_counts(store, WAITING, read_pair).await?;
        let pinged = read_counts(store, DAYS, read_member).await?;
        let state = State { waiting, pinged, ..State::default() };
        Ok(Self { state: Mutex::new(state) })
    }

    /// Visits each pair (from, to) that is acquainted by its pings alone: pairs that earlier versions
    /// recorded as in contact, and whoever may answer a ping.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn answered_before(
        &self,
        store: &dyn Store,
        mut visit: impl FnMut(MemberNumber, MemberNumber) + Send,
    ) -> Result<(), StoreError> {
        self.state().waiting.keys().for_each(|(who, whom)| visit(*whom, *who));
        each_row(store, ANSWERED, |key, _| {
            let pair = key.strip_prefix(ANSWERED).and_then(read_pair);
            let (who, whom) = pair.ok_or_else(corrupt)?;
            visit(who, whom);
            Ok(())
        })
        .await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes from which network an account was made. Bounded by the accounts that may be made in a
    /// day.
    pub(crate) fn made(&self, member: MemberNumber, network: Network) {
        let (mut state, now) = (self.state(), Instant::now());
        state.made.retain(|_, (_, at)| now.saturating_duration_since(*at) < DAY);
        state.made.insert(member, (network, now));
    }

    /// Counts a ping if it is allowed, and adds the rows to commit with it to `rows`. If they are
    /// not committed, call [`Self::take_back`].
    ///
    /// # Errors
    /// [`TooMany`]; nothing is counted then.
    pub(crate) fn count(
        &self,
        limits: &Limits,
        ping: Ping,
        rows: &mut Batch,
    ) -> Result<(), TooMany> {
        let today = day_of(ping.now_ms);
        let pair = (ping.who, ping.whom);
        let mut state = self.state();
        let used = state.used_today(today, ping.who);
        if used as usize >= limits.pings_per_day {
            return Err(TooMany::Today);
        }
        if state.answer(pair.1, pair.0, rows) {
            // A ping back.
        } else if !ping.acquainted && pair.0 != pair.1 {
            let count = state.waiting_now(pair, today, limits);
            if count as usize >= limits.unanswered_pings_max {
                return Err(TooMany::Unanswered { days: limits.undelivered_days });
            }
            if !state.may_receive(ping, limits) {
                return Err(TooMany::Received);
            }
            let count = Count { day: today, pings: count.saturating_add(1) };
            state.waiting.insert(pair, count);
            rows.put(pair_key(WAITING, pair), count.to_bytes());
        }
        let used = Count { day: today, pings: used.saturating_add(1) };
        state.pinged.insert(ping.who, used);
        rows.put([DAYS, &ping.who.0.to_be_bytes()].concat(), used.to_bytes());
        Ok(())
    }

    /// Counts an attempt to use a name that nobody has, or that is another's, as a ping of the day;
    /// in memory only.
    ///
    /// # Errors
    /// [`TooMany::Today`] when the limit is reached, whatever the name was.
    pub(crate) fn tried(
        &self,
        limits: &Limits,
        who: MemberNumber,
        now_ms: i64,
    ) -> Result<(), TooMany> {
        let mut state = self.state();
        let today = day_of(now_ms);
        let used = state.used_today(today, who);
        if used as usize >= limits.pings_per_day {
            return Err(TooMany::Today);
        }
        state.pinged.insert(who, Count { day: today, pings: used.saturating_add(1) });
        Ok(())
    }

    /// Uncounts a ping that could not be committed.
    pub(crate) fn take_back(&self, who: MemberNumber, whom: MemberNumber) {
        let mut state = self.state();
        if let Some(used) = state.pinged.get_mut(&who) {
            used.pings = used.pings.saturating_sub(1);
        }
        if let Some(count) = state.waiting.get_mut(&(who, whom)) {
            count.pings = count.pings.saturating_sub(1);
        }
    }

    /// `who` writes to each of `members` by name, which answers their pings. Adds the rows that say
    /// so.
    pub(crate) fn answered(
        &self,
        who: MemberNumber,
        members: impl IntoIterator<Item = MemberNumber>,
        rows: &mut Batch,
    ) {
        let mut state = self.state();
        if state.waiting.is_empty() {
            return;
        }
        for member in members {
            state.answer(member, who, rows);
        }
    }

    /// Forgets pings that were not answered for as long as messages are kept; returns the rows to
    /// commit.
    pub(crate) fn forget_old(&self, now_ms: i64, limits: &Limits) -> Batch {
        let today = day_of(now_ms);
        let mut rows = Batch::new();
        self.state().waiting.retain(|pair, count| {
            let keep = !count.is_old(today, limits);
            if !keep {
                rows.delete(pair_key(WAITING, *pair));
            }
            keep
        });
        rows
    }
}

impl State {
    /// Pings that `who` sent today.
    fn used_today(&self, today: Day, who: MemberNumber) -> u32 {
        self.pinged.get(&who).filter(|count| count.day == today).map_or(0, |count| count.pings)
    }

    /// Counts a stranger's ping for its receiver; false if there were too many.
    fn may_receive(&mut self, ping: Ping, limits: &Limits) -> bool {
        let (whom, now) = (ping.whom, Instant::now());
        let rate = |count| Rate { count, period: DAY };
        let all = limits.pings_received_per_day;
        // A refused ping of a new account does not use up the others' share.
        let is_new = ping.now_ms.saturating_sub(ping.since_ms) < DAY_MS;
        (!is_new || self.may_receive_from_new(ping, all.div_ceil(NEW_SHARE_DIVISOR), now))
            && self.received.try_spend(whom, rate(all), 1, now)
    }

    /// The same for a new account; `new` such pings may come in a day.
    fn may_receive_from_new(&mut self, ping: Ping, new: usize, now: Instant) -> bool {
        let network = self.made.get(&ping.who).map(|(network, _)| *network);
        let each = Rate { count: new.div_ceil(NETWORK_SHARE_DIVISOR), period: DAY };
        let new = Rate { count: new, period: DAY };
        // A refused ping does not use up the other networks' share.
        self.received_from_network.try_spend((ping.whom, network), each, 1, now)
            && self.received_from_new.try_spend(ping.whom, new, 1, now)
    }

    /// Unanswered pings of the pair.
    fn waiting_now(&self, pair: Pair, today: Day, limits: &Limits) -> u32 {
        let count = self.waiting.get(&pair).filter(|count| !count.is_old(today, limits));
        count.map_or(0, |count| count.pings)
    }

    /// `whom` answers the pings of `who`, if there are any.
    fn answer(&mut self, who: MemberNumber, whom: MemberNumber, rows: &mut Batch) -> bool {
        if self.waiting.remove(&(who, whom)).is_none() {
            return false;
        }
        rows.delete(pair_key(WAITING, (who, whom)));
        true
    }
}

impl Count {
    /// A clock that was set back makes nothing old.
    fn is_old(&self, today: Day, limits: &Limits) -> bool {
        today.saturating_sub(self.day) as usize >= limits.undelivered_days
    }

    fn to_bytes(self) -> [u8; 8] {
        let mut row = [0; 8];
        row[..4].copy_from_slice(&self.day.to_be_bytes());
        row[4..].copy_from_slice(&self.pings.to_be_bytes());
        row
    }
}

fn pair_key(prefix: &[u8], (who, whom): Pair) -> Vec<u8> {
    [prefix, &who.0.to_be_bytes(), &whom.0.to_be_bytes()].concat()
}

/// Reads rows whose keys begin with `prefix` into counts, by the rest of their keys.
async fn read_counts<K: Eq + Hash + Send>(
    store: &dyn Store,
    prefix: &[u8],
    read_key: impl Fn(&[u8]) -> Option<K> + Sync,
) -> Result<HashMap<K, Count>, StoreError> {
    let mut counts = HashMap::new();
    each_row(store, prefix, |key, value| {
        let row = key.strip_prefix(prefix).and_then(&read_key).zip(read_count(value));
        let (key, count) = row.ok_or_else(corrupt)?;
        counts.insert(key, count);
        Ok(())
    })
    .await?;
    Ok(counts)
}

fn read_pair(bytes: &[u8]) -> Option<Pair> {
    let (who, whom) = read_two(bytes)?;
    Some((MemberNumber(who), MemberNumber(whom)))
}

fn read_count(bytes: &[u8]) -> Option<Count> {
    let (day, pings) = read_two(bytes)?;
    Some(Count { day, pings })
}

fn read_two(bytes: &[u8]) -> Option<(u32, u32)> {
    let (first, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*first), u32::from_be_bytes(rest.try_into().ok()?)))
}

fn corrupt() -> StoreError {
    StoreError::Corrupt { what: "a row of first contacts".into() }
}

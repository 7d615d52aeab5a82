//! State of a load of posts: who posts what to whom, what is unanswered, what has come.
//!
//! In the closed loop each sender keeps `depth` posts unanswered. In the open loop posts are meant
//! for fixed moments, whatever has become of earlier ones, and every time is counted from the
//! moment that was meant: a service that stalls is charged for all posts that had to wait.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tmtp::request::{Data, Recipient, Request};

use crate::cast::Cast;
use crate::fleet::Fleet;
use crate::ledger::DeviceIndex;
use crate::ledger::Ledger;
use crate::link::Template;
use crate::link::{LinkEvent, LinkNumber};
use crate::report::{Stopwatch, Whole};
use crate::stamp::{Clock, STAMP_BYTES, Stamp};

/// Bits of a request's id that number the post; the others tell runs apart, so that no service
/// takes a post for the repetition of one of an earlier run.
const NUMBER_BITS: u32 = 40;

/// Workload: a closed loop, or an open one with a fixed rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Workload {
    /// Each sender keeps so many posts unanswered.
    Closed {
        /// At least one.
        depth: usize,
    },
    /// So many posts a second, of all senders together, in turn.
    Open {
        /// More than none.
        rate: f64,
    },
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// After so long.
    Time(Duration),
    /// After so many posts.
    Count(u64),
}

/// One who posts, to each of some addressees in turn.
#[derive(Debug)]
pub struct Sender {
    device: DeviceIndex,
    link: LinkNumber,
    addressees: Vec<Addressee>,
    next: usize,
    /// Numbers of unanswered posts, when they were meant to be sent, and to which addressee.
    unanswered: VecDeque<(u64, u64, usize)>,
}

/// Whom a post is for.
#[derive(Debug)]
struct Addressee {
    head: Template,
    /// Devices that get it.
    reaches: Vec<DeviceIndex>,
}

/// Everything about the posts of one run.
#[derive(Debug)]
pub struct Posting<'a> {
    fleet: &'a mut Fleet,
    cast: &'a mut Cast,
    /// How long the service may make no progress.
    patience: Duration,
    senders: Vec<Sender>,
    /// Index of the sender by its device.
    sender_of: BTreeMap<DeviceIndex, usize>,
    /// What devices expect and got.
    pub ledger: Ledger,
    /// Clock of all times.
    pub clock: Clock,
    filler: Vec<u8>,
    next_number: u64,
    /// Posts without an answer, of all senders.
    unanswered: u64,
    /// Acknowledged posts.
    pub posts: u64,
    /// What the acks of refused posts said, and how often.
    pub refused: BTreeMap<String, u64>,
    /// Times of posts meant for earlier than this are not counted.
    warm_ns: u64,
    /// When the last ack came.
    pub last_ack_ns: u64,
    /// When the last delivery came.
    pub last_delivery_ns: u64,
    /// Latency from the scheduled time to the ack.
    pub to_ack: Stopwatch,
    /// Latency from the scheduled time to the delivery.
    pub to_delivery: Stopwatch,
}

impl Sender {
    /// The member's first device posts; their others get a copy.
    ///
    /// # Errors
    /// When that device is not on.
    pub fn new(cast: &Cast, member: usize) -> anyhow::Result<Self> {
        let device = cast.devices_of(member).next().context("a sender has no device")?;
        let link = cast.devices.get(device).and_then(|device| device.link);
        let link = link.context("a sender is not on")?;
        let (addressees, unanswered) = (Vec::new(), VecDeque::new());
        Ok(Self { device, link, addressees, next: 0, unanswered })
    }

    /// From now on, posts to these in their turn too; they are `members` of the cast.
    ///
    /// # Errors
    /// When the list does not fit into a header.
    pub fn address(
        &mut self,
        cast: &Cast,
        to: &[Recipient],
        members: &[usize],
        body_bytes: usize,
    ) -> anyhow::Result<()> {
        let own = cast.devices.get(self.device).map(|device| device.member);
        let all = members.iter().copied().chain(own);
        let mut reaches: Vec<_> = all.flat_map(|member| cast.devices_of(member)).collect();
        reaches.sort_unstable();
        reaches.dedup();
        reaches.retain(|reached| *reached != self.device);
        let data = Data::of_len(body_bytes as u64);
        let head = Template::new(|id| {
            let id = id.to_string().into();
            Request::Post { id, to: to.to_vec(), not_alone: false, data }
        })?;
        self.addressees.push(Addressee { head, reaches });
        Ok(())
    }
}

impl<'a> Posting<'a> {
    /// Nothing posted yet. The ledger has an account for every device of the cast.
    ///
    /// # Errors
    /// When a body has no room for its stamp.
    pub fn new(
        fleet: &'a mut Fleet,
        cast: &'a mut Cast,
        senders: Vec<Sender>,
        body_bytes: usize,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        ensure!(body_bytes >= STAMP_BYTES, "a body has at least {STAMP_BYTES} bytes");
        Ok(Self {
            ledger: Ledger::new(cast.devices.len()),
            fleet,
            sender_of: senders.iter().enumerate().map(|(n, sender)| (sender.device, n)).collect(),
            cast,
            patience,
            senders,
            clock: Clock::start(),
            filler: vec![b'x'; body_bytes - STAMP_BYTES],
            next_number: 1,
            unanswered: 0,
            posts: 0,
            refused: BTreeMap::new(),
            warm_ns: 0,
            last_ack_ns: 0,
            last_delivery_ns: 0,
            to_ack: Stopwatch::new()?,
            to_delivery: Stopwatch::new()?,
        })
    }

    /// Times of posts meant for earlier than this are not counted.
    #[must_use]
    pub fn warming_up(self, time: Duration) -> Self {
        Self { warm_ns: nanoseconds(time), ..self }
    }

    /// Posts until it is time to stop, then waits until every post is answered and everything expected
    /// has come, if it is `awaited`. `at_mark` is called once, when the warm-up is over.
    ///
    /// # Errors
    /// When a link ends or the service answers what was not asked.
    pub fn post(
        &mut self,
        workload: Workload,
        until: Until,
        awaited: bool,
        mut at_mark: impl FnMut(&Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let stop_ns = match until {
            Until::Time(time) => self.warm_ns + nanoseconds(time),
            Until::Count(_) => u64::MAX,
        };
        let last_number = match until {
            Until::Time(_) => u64::MAX,
            Until::Count(count) => count,
        };
        let mut events = Vec::new();
        let mut marked = false;
        let mut sent = 0;
        if let Workload::Closed { depth } = workload {
            for number in (0..self.senders.len()).cycle().take(depth * self.senders.len()) {
                if self.next_number <= last_number {
                    self.post_one(number, self.clock.now_ns())?;
                }
            }
        }
        loop {
            let now_ns = self.clock.now_ns();
            if !marked && now_ns >= self.warm_ns {
                marked = true;
                at_mark(self)?;
            }
            let due_ns = match workload {
                Workload::Closed { .. } => self.patient_until_ns(),
                // However late it is, what was meant for before the end is posted.
                Workload::Open { rate } => {
                    self.post_due(rate, &mut sent, now_ns.min(stop_ns - 1))?
                }
            };
            let until_ns = if now_ns < stop_ns && self.next_number <= last_number {
                due_ns.min(if marked { stop_ns } else { self.warm_ns })
            } else if self.unanswered == 0 && (!awaited || self.ledger.is_settled()) {
                return Ok(());
            } else {
                self.patient_until_ns()
            };
            if now_ns >= self.patient_until_ns() {
                return Ok(());
            }
            self.turn(until_ns, &mut events)?;
            let again =
                matches!(workload, Workload::Closed { .. }).then_some((stop_ns, last_number));
            self.look_at(&mut events, again)?;
        }
    }

    /// Takes what comes until everything expected has come, or nothing has for long.
    ///
    /// # Errors
    /// When a link ends.
    pub fn take(&mut self) -> anyhow::Result<()> {
        let mut events = self.cast.early();
        loop {
            self.look_at(&mut events, None)?;
            let until_ns = self.patient_until_ns();
            if self.ledger.is_settled() || self.clock.now_ns() >= until_ns {
                return Ok(());
            }
            self.turn(until_ns, &mut events)?;
        }
    }

    /// Goes on for a while, so that the service tidies up and repetitions show.
    ///
    /// # Errors
    /// When a link ends.
    pub fn linger(&mut self, time: Duration) -> anyhow::Result<()> {
        let until_ns = self.clock.now_ns() + nanoseconds(time);
        let mut events = Vec::new();
        while self.clock.now_ns() < until_ns {
            self.turn(until_ns, &mut events)?;
            self.look_at(&mut events, None)?;
        }
        Ok(())
    }

    /// Sums over the whole run.
    #[must_use]
    pub fn whole(&self) -> Whole {
        let balance = self.ledger.balance();
        Whole {
            posts: self.posts,
            unanswered: self.unanswered,
            expected: self.ledger.expected,
            got: self.ledger.got,
            lost: balance.lost,
            surplus: balance.surplus,
            mixed_up: balance.mixed_up,
            repeated: self.ledger.repeated,
            foreign: self.ledger.foreign,
        }
    }

    fn turn(&mut self, until_ns: u64, events: &mut Vec<LinkEvent>) -> anyhow::Result<()> {
        // A day is as good as never, and can be added to any moment.
        let wait = until_ns.saturating_sub(self.clock.now_ns()).min(86_400_000_000_000);
        self.fleet.turn(Instant::now() + Duration::from_nanos(wait), events)
    }

    fn patient_until_ns(&self) -> u64 {
        self.last_delivery_ns.max(self.last_ack_ns) + nanoseconds(self.patience)
    }

    /// Posts what is due in the open loop and says when the next is.
    fn post_due(&mut self, rate: f64, sent: &mut u64, now_ns: u64) -> anyhow::Result<u64> {
        loop {
            let due_ns = (*sent as f64 * 1e9 / rate) as u64;
            if due_ns > now_ns {
                return Ok(due_ns);
            }
            let turn = usize::try_from(*sent).unwrap_or(0) % self.senders.len();
            self.post_one(turn, due_ns)?;
            *sent += 1;
        }
    }

    fn post_one(&mut self, number: usize, at_ns: u64) -> anyhow::Result<()> {
        let sender = self.senders.get_mut(number).context("no such sender")?;
        let addressee = sender.next;
        let Addressee { head, .. } =
            sender.addressees.get(addressee).context("a sender has no addressee")?;
        let output = self.fleet.send(sender.link).context("a sender's link is gone")?;
        let stamp = Stamp { run: self.cast.run, number: self.next_number, at_ns };
        head.write(output, self.cast.run << NUMBER_BITS | self.next_number);
        output.extend_from_slice(&stamp.to_bytes());
        output.extend_from_slice(&self.filler);
        sender.next = (addressee + 1) % sender.addressees.len();
        sender.unanswered.push_back((self.next_number, at_ns, addressee));
        self.next_number += 1;
        self.unanswered += 1;
        Ok(())
    }

    /// Notes what happened. In the closed loop, `again` says until when, and up to which number,
    /// an answer is followed by the next post.
    fn look_at(
        &mut self,
        events: &mut Vec<LinkEvent>,
        again: Option<(u64, u64)>,
    ) -> anyhow::Result<()> {
        let now_ns = self.clock.now_ns();
        for event in events.drain(..) {
            match event {
                LinkEvent::Acked { link, id, refused } => {
                    let number = id & ((1 << NUMBER_BITS) - 1);
                    let sender = self.answered(link, number, refused, now_ns)?;
                    if again
                        .is_some_and(|(stop_ns, last)| now_ns < stop_ns && self.next_number <= last)
                    {
                        self.post_one(sender, now_ns)?;
                    }
                }
                LinkEvent::Delivered { link, message, stamp } => {
                    self.delivered(link, message, stamp, now_ns);
                }
                LinkEvent::Ended { why, .. } => bail!("a link ended: {why}"),
                LinkEvent::LoggedIn { .. }
                | LinkEvent::NewNode { .. }
                | LinkEvent::Notice { .. } => {}
            }
        }
        Ok(())
    }

    /// A post was answered; says by which sender it was.
    fn answered(
        &mut self,
        link: LinkNumber,
        number: u64,
        refused: Option<Box<str>>,
        now_ns: u64,
    ) -> anyhow::Result<usize> {
        let device = self.cast.device_of(link).context("an ack for nobody")?;
        let index = *self.sender_of.get(&device).context("an ack for one who does not post")?;
        let sender = self.senders.get_mut(index).context("no such sender")?;
        let place = sender.unanswered.iter().position(|(unanswered, ..)| *unanswered == number);
        let (_, at_ns, addressee) = place
            .and_then(|place| sender.unanswered.remove(place))
            .context("the service acknowledged what was not asked")?;
        self.unanswered -= 1;
        self.last_ack_ns = now_ns;
        if let Some(why) = refused {
            *self.refused.entry(why.into()).or_default() += 1;
            return Ok(index);
        }
        self.posts += 1;
        if let Some(addressee) = sender.addressees.get(addressee) {
            self.ledger.expect(number, &addressee.reaches);
        }
        if at_ns >= self.warm_ns {
            self.to_ack.add_ns(now_ns.saturating_sub(at_ns));
        }
        Ok(index)
    }

    fn delivered(&mut self, link: LinkNumber, message: u64, stamp: Option<Stamp>, now_ns: u64) {
        let (Some(device), Some(stamp)) = (self.cast.device_of(link), stamp) else { return };
        if stamp.run != self.cast.run {
            self.ledger.foreign += 1;
            return;
        }
        if self.ledger.take(device, message, stamp.number) {
            self.last_delivery_ns = now_ns;
            if stamp.at_ns >= self.warm_ns {
                self.to_delivery.add_ns(now_ns.saturating_sub(stamp.at_ns));
            }
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

//! Senders post, recipients take.
//!
//! In the closed loop each sender keeps `depth` posts unanswered. In the open loop posts are meant
//! for fixed moments, whatever has become of earlier ones, and every time is counted from the
//! moment that was meant: a service that stalls is charged for all posts that had to wait.
//!
//! What is measured begins after the warm-up and ends when everything owed has come and the
//! service has had a moment to tidy up, so that nothing is left out of its account.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tmtp::request::{Data, Recipient, Request};

use super::{Meter, Target};
use crate::cast::{Cast, DeviceIndex};
use crate::fleet::{Fleet, Happening, LinkNumber};
use crate::ledger::Ledger;
use crate::link::Template;
use crate::report::{Cost, PostReport, Stopwatch, Whole};
use crate::stamp::{Clock, STAMP_BYTES, Stamp};

/// How long the service may take over what is still owed at the end, without any progress.
const PATIENCE: Duration = Duration::from_secs(40);
/// What the service gets to erase what was delivered; the cost of that is counted.
const TIDY_UP: Duration = Duration::from_secs(1);

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub struct PostLoad {
    /// Members who post.
    pub senders: usize,
    /// Members that one post is for.
    pub to: usize,
    /// Members who are posted to, `to` of them by each sender.
    pub recipients: usize,
    /// Post to one group of so many members instead; the senders are among them.
    pub group: Option<usize>,
    /// Devices of each member.
    pub devices: usize,
    /// Bytes of data of a post.
    pub body_bytes: usize,
    /// How long to post without measuring.
    pub warm_up: Duration,
    /// How long to post and measure.
    pub time: Duration,
    /// Posts a second of all senders together; none for the closed loop.
    pub rate: Option<f64>,
    /// Unanswered posts of a sender in the closed loop.
    pub depth: usize,
}

impl Default for PostLoad {
    fn default() -> Self {
        Self {
            senders: 50,
            to: 1,
            recipients: 50,
            group: None,
            devices: 1,
            body_bytes: 1024,
            warm_up: Duration::from_secs(1),
            time: Duration::from_secs(10),
            rate: None,
            depth: 1,
        }
    }
}

/// Makes members, posts, waits for everything, and reports.
///
/// # Errors
/// When the service refuses a member or a login, or ends a link.
pub fn run(target: &Target, load: &PostLoad) -> anyhow::Result<PostReport> {
    let mut fleet = Fleet::new(target.address, target.trust)?;
    let mut cast = Cast::new(target.at_once);
    let senders = assemble(&mut fleet, &mut cast, load)?;
    drive(target, load, &mut fleet, &mut cast, senders)
}

/// One who posts.
#[derive(Debug)]
pub(crate) struct Sender {
    device: DeviceIndex,
    link: LinkNumber,
    head: Template,
    /// Devices that get each post.
    reaches: Vec<DeviceIndex>,
    /// Numbers of unanswered posts, and when they were meant to be sent.
    unanswered: VecDeque<(u64, u64)>,
}

fn assemble(fleet: &mut Fleet, cast: &mut Cast, load: &PostLoad) -> anyhow::Result<Vec<Sender>> {
    ensure!(load.senders > 0, "there is no sender");
    ensure!(load.body_bytes >= STAMP_BYTES, "a body has at least {STAMP_BYTES} bytes");
    let size = load.body_bytes as u64;
    if let Some(count) = load.group {
        ensure!(load.senders <= count, "the senders are members of the group, but it is too small");
        cast.register(fleet, count, true)?;
        cast.add_devices(fleet, load.devices)?;
        let gid = format!("load-group-{:016x}", cast.run);
        let everyone: Vec<usize> = (0..count).collect();
        cast.group(fleet, &gid, &everyone)?;
        let to = [Recipient::Group(gid)];
        return (0..load.senders).map(|n| Sender::new(cast, n, &to, &everyone, size)).collect();
    }
    ensure!(load.to <= load.recipients, "there are fewer recipients than a post is for");
    cast.register(fleet, load.senders + load.recipients, false)?;
    cast.add_devices(fleet, load.devices)?;
    (0..load.senders)
        .map(|number| {
            let nth = |n: usize| load.senders + (number * load.to + n) % load.recipients;
            let members: Vec<usize> = (0..load.to).map(nth).collect();
            let to: Vec<_> =
                members.iter().map(|to| Recipient::Member(cast.uid(*to).into())).collect();
            Sender::new(cast, number, &to, &members, size)
        })
        .collect()
}

impl Sender {
    /// The member's first device posts; their others get a copy.
    fn new(
        cast: &Cast,
        member: usize,
        to: &[Recipient],
        members: &[usize],
        body_bytes: u64,
    ) -> anyhow::Result<Self> {
        let devices = |member: usize| {
            cast.members.get(member).into_iter().flat_map(|member| &member.devices).copied()
        };
        let device = devices(member).next().context("a sender has no device")?;
        let mut reaches: Vec<_> = members.iter().flat_map(|member| devices(*member)).collect();
        reaches.extend(devices(member));
        reaches.sort_unstable();
        reaches.dedup();
        reaches.retain(|reached| *reached != device);
        let head = Template::new(|id| Request::Post {
            id,
            to: to.to_vec(),
            data: Data::of_len(body_bytes),
        })?;
        let link = cast.devices.get(device).and_then(|device| device.link);
        let link = link.context("a sender is not on")?;
        Ok(Self { device, link, head, reaches, unanswered: VecDeque::new() })
    }
}

/// A load under way.
struct Posting<'a> {
    load: &'a PostLoad,
    fleet: &'a mut Fleet,
    cast: &'a mut Cast,
    senders: Vec<Sender>,
    /// Which sender a device is.
    sender_of: BTreeMap<DeviceIndex, usize>,
    ledger: Ledger,
    clock: Clock,
    filler: Vec<u8>,
    next_number: u64,
    /// Posts without an answer, of all senders.
    unanswered: u64,
    posts: u64,
    refused: BTreeMap<String, u64>,
    /// Times of posts meant for earlier than this are not counted.
    warm_ns: u64,
    stop_ns: u64,
    last_ack_ns: u64,
    last_delivery_ns: u64,
    to_ack: Stopwatch,
    to_delivery: Stopwatch,
}

/// Where the counts stood at the end of the warm-up.
struct Mark {
    meter: Meter,
    at_ns: u64,
    posts: u64,
    got: u64,
}

fn drive(
    target: &Target,
    load: &PostLoad,
    fleet: &mut Fleet,
    cast: &mut Cast,
    senders: Vec<Sender>,
) -> anyhow::Result<PostReport> {
    let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let sender_of = senders.iter().enumerate().map(|(n, sender)| (sender.device, n)).collect();
    let mut posting = Posting {
        load,
        ledger: Ledger::new(cast.devices.len()),
        fleet,
        cast,
        senders,
        sender_of,
        clock: Clock::start(),
        filler: vec![b'x'; load.body_bytes.saturating_sub(STAMP_BYTES)],
        next_number: 1,
        unanswered: 0,
        posts: 0,
        refused: BTreeMap::new(),
        warm_ns: ns(load.warm_up),
        stop_ns: ns(load.warm_up + load.time),
        last_ack_ns: 0,
        last_delivery_ns: 0,
        to_ack: Stopwatch::new()?,
        to_delivery: Stopwatch::new()?,
    };
    let mark = posting.post(target)?;
    posting.tidy_up()?;
    posting.report(target, &mark)
}

impl Posting<'_> {
    /// Posts until it is time to stop, then waits for what is owed.
    fn post(&mut self, target: &Target) -> anyhow::Result<Mark> {
        let mut happened = Vec::new();
        let mut mark = None;
        let mut open = self.load.rate.map(|rate| OpenLoop { gap_ns: 1e9 / rate, sent: 0 });
        if open.is_none() {
            for _ in 0..self.load.depth {
                (0..self.senders.len()).try_for_each(|n| self.post_one(n, self.clock.now_ns()))?;
            }
        }
        loop {
            let now_ns = self.clock.now_ns();
            if mark.is_none() && now_ns >= self.warm_ns {
                mark = Some(self.mark(target, now_ns)?);
            }
            let mut until_ns = if mark.is_none() { self.warm_ns } else { self.stop_ns };
            if now_ns >= self.stop_ns {
                if self.unanswered == 0 && self.ledger.is_settled() {
                    break;
                }
                let last = self.last_delivery_ns.max(self.last_ack_ns).max(self.stop_ns);
                until_ns = last + u64::try_from(PATIENCE.as_nanos()).unwrap_or(u64::MAX);
                if now_ns >= until_ns {
                    break;
                }
            } else if let Some(open) = &mut open {
                until_ns = until_ns.min(self.post_due(open, now_ns)?);
            }
            let wait = Duration::from_nanos(until_ns.saturating_sub(self.clock.now_ns()));
            self.fleet.turn(Instant::now() + wait, &mut happened)?;
            self.look_at(&mut happened, open.is_none())?;
        }
        mark.context("the warm-up took longer than everything")
    }

    /// Posts what is due in the open loop and says when the next is.
    fn post_due(&mut self, open: &mut OpenLoop, now_ns: u64) -> anyhow::Result<u64> {
        while open.due_ns() <= now_ns {
            let number = usize::try_from(open.sent).unwrap_or(0) % self.senders.len();
            self.post_one(number, open.due_ns())?;
            open.sent += 1;
        }
        Ok(open.due_ns())
    }

    fn post_one(&mut self, number: usize, at_ns: u64) -> anyhow::Result<()> {
        let sender = self.senders.get_mut(number).context("no such sender")?;
        let output = self.fleet.send(sender.link).context("a sender's link is gone")?;
        let stamp = Stamp { run: self.cast.run, number: self.next_number, at_ns };
        // The run in the id, so that no service takes it for a repetition of an earlier run's.
        sender.head.write(output, self.cast.run << 40 | self.next_number);
        output.extend_from_slice(&stamp.to_bytes());
        output.extend_from_slice(&self.filler);
        sender.unanswered.push_back((self.next_number, at_ns));
        self.next_number += 1;
        self.unanswered += 1;
        Ok(())
    }

    fn look_at(&mut self, happened: &mut Vec<Happening>, closed: bool) -> anyhow::Result<()> {
        let now_ns = self.clock.now_ns();
        for happening in happened.drain(..) {
            match happening {
                Happening::Acked { link, id, refused } => {
                    let number = self.answered(link, id & ((1 << 40) - 1), refused, now_ns)?;
                    if closed && now_ns < self.stop_ns {
                        self.post_one(number, now_ns)?;
                    }
                }
                Happening::Delivered { link, message, stamp } => {
                    self.delivered(link, message, stamp, now_ns);
                }
                Happening::Ended { why, .. } => bail!("a link ended: {why}"),
                Happening::On { .. } | Happening::NewNode { .. } | Happening::Notice { .. } => {}
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
        let place = sender.unanswered.iter().position(|(unanswered, _)| *unanswered == number);
        let (_, at_ns) = place
            .and_then(|place| sender.unanswered.remove(place))
            .context("the service acknowledged what was not asked")?;
        self.unanswered -= 1;
        self.last_ack_ns = now_ns;
        if let Some(why) = refused {
            *self.refused.entry(why.into()).or_default() += 1;
            return Ok(index);
        }
        self.posts += 1;
        self.ledger.owe(number, &sender.reaches);
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

    fn mark(&self, target: &Target, at_ns: u64) -> anyhow::Result<Mark> {
        let meter = Meter::start(target)?;
        Ok(Mark { meter, at_ns, posts: self.posts, got: self.ledger.got })
    }

    /// Lets the service erase what was delivered, and repetitions show.
    fn tidy_up(&mut self) -> anyhow::Result<()> {
        let until = Instant::now() + TIDY_UP;
        let mut happened = Vec::new();
        while Instant::now() < until {
            self.fleet.turn(until, &mut happened)?;
            self.look_at(&mut happened, false)?;
        }
        Ok(())
    }

    fn report(self, target: &Target, mark: &Mark) -> anyhow::Result<PostReport> {
        let used = Meter::read(target)?.since(mark.meter);
        let seconds = |until_ns: u64| until_ns.saturating_sub(mark.at_ns) as f64 / 1e9;
        let (posts, deliveries) = (self.posts - mark.posts, self.ledger.got - mark.got);
        let (posting_s, delivering_s) = (seconds(self.last_ack_ns), seconds(self.last_delivery_ns));
        let cost = |usage| Cost::of(usage, deliveries, delivering_s.max(posting_s));
        let mut whole = Whole {
            posts: self.posts,
            unanswered: self.unanswered,
            owed: self.ledger.owed,
            got: self.ledger.got,
            repeated: self.ledger.repeated,
            foreign: self.ledger.foreign,
            ..Whole::default()
        };
        whole.set_balance(self.ledger.balance());
        Ok(PostReport {
            posts,
            deliveries,
            body_bytes: self.load.body_bytes as u64,
            posting_s,
            delivering_s,
            posts_per_s: posts as f64 / posting_s.max(1e-9),
            deliveries_per_s: deliveries as f64 / delivering_s.max(1e-9),
            post_to_ack: self.to_ack.times(),
            post_to_delivery: self.to_delivery.times(),
            service: used.service.map(cost),
            generator: cost(used.generator),
            refused: self.refused,
            whole,
        })
    }
}

/// The moments for which posts are meant.
struct OpenLoop {
    gap_ns: f64,
    sent: u64,
}

impl OpenLoop {
    fn due_ns(&self) -> u64 {
        (self.gap_ns * self.sent as f64) as u64
    }
}

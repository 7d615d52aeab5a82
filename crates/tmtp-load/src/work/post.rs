//! Load of posts: senders post, recipients take.
//!
//! What is measured begins after the warm-up and ends when everything expected has come and the
//! service has had a moment to tidy up, so that nothing is left out of its account.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tmtp::request::Recipient;

use super::posting::{Posting, Sender, Until, Workload};
use super::{Meter, TIDY_UP, Target};
use crate::cast::Cast;
use crate::fleet::Fleet;
use crate::report::{Cost, PostReport};

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub struct PostLoad {
    /// Members who post.
    pub senders: usize,
    /// Whom they post to.
    pub to: Audience,
    /// Devices of each member.
    pub devices: usize,
    /// Bytes of data of a post.
    pub body_bytes: usize,
    /// How long to post without measuring.
    pub warm_up: Duration,
    /// How long to post and measure.
    pub time: Duration,
    /// How fast.
    pub workload: Workload,
}

/// Whom senders post to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Each sender to `each` of so many members.
    Members {
        /// Members that one post is for.
        each: usize,
        /// Members in all, who do not post.
        of: usize,
    },
    /// A new group of so many members, the senders among them.
    Group(usize),
    /// A group that exists: all members of a saved cast are in it.
    SavedGroup {
        /// The file of the cast.
        cast: PathBuf,
        /// The group's name.
        gid: String,
    },
}

/// Makes members, posts, waits for everything, and reports.
///
/// # Errors
/// When the service refuses a member or a login, or ends a link.
pub fn run(target: &Target, load: &PostLoad) -> anyhow::Result<PostReport> {
    ensure!(load.senders > 0, "there is no sender");
    let mut fleet = Fleet::new(target.address, target.trust)?;
    let mut cast = Cast::new(target.at_once);
    let senders = assemble(&mut fleet, &mut cast, load)?;
    let mut posting =
        Posting::new(&mut fleet, &mut cast, senders, load.body_bytes, target.patience)?
            .warming_up(load.warm_up);
    let mut mark = None;
    posting.post(load.workload, Until::Time(load.time), true, |posting| {
        let at_ns = posting.clock.now_ns();
        let meter = Meter::start(target)?;
        mark = Some(Mark { meter, at_ns, posts: posting.posts, got: posting.ledger.got });
        Ok(())
    })?;
    posting.linger(TIDY_UP)?;
    report(target, posting, &mark.context("the warm-up took longer than everything")?)
}

fn assemble(fleet: &mut Fleet, cast: &mut Cast, load: &PostLoad) -> anyhow::Result<Vec<Sender>> {
    match &load.to {
        Audience::Members { each, of } => {
            ensure!(each <= of, "there are fewer recipients than a post is for");
            cast.register(fleet, load.senders + of, false)?;
            cast.add_devices(fleet, load.devices)?;
            (0..load.senders).map(|sender| to_members(cast, load, sender, *each, *of)).collect()
        }
        Audience::Group(count) => {
            cast.register(fleet, *count, true)?;
            cast.add_devices(fleet, load.devices)?;
            let gid = format!("load-group-{:016x}", cast.run);
            cast.group(fleet, &gid, &(0..*count).collect::<Vec<_>>())?;
            cast.quiet(fleet)?;
            to_group(cast, load, &gid)
        }
        Audience::SavedGroup { cast: file, gid } => {
            cast.read(file)?;
            let devices: Vec<_> = (0..cast.devices.len()).collect();
            cast.log_in(fleet, &devices)?;
            cast.quiet(fleet)?;
            to_group(cast, load, gid)
        }
    }
}

fn to_members(
    cast: &Cast,
    load: &PostLoad,
    number: usize,
    each: usize,
    of: usize,
) -> anyhow::Result<Sender> {
    let nth = |n: usize| load.senders + (number * each + n) % of;
    let members: Vec<usize> = (0..each).map(nth).collect();
    let to: Vec<_> = members.iter().map(|to| Recipient::Member(cast.uid(*to).into())).collect();
    let mut sender = Sender::new(cast, number)?;
    sender.address(cast, &to, &members, load.body_bytes)?;
    Ok(sender)
}

fn to_group(cast: &Cast, load: &PostLoad, gid: &str) -> anyhow::Result<Vec<Sender>> {
    let everyone: Vec<usize> = (0..cast.members.len()).collect();
    ensure!(load.senders <= everyone.len(), "more senders than the group has members");
    let to = [Recipient::Group(gid.into())];
    (0..load.senders)
        .map(|number| {
            let mut sender = Sender::new(cast, number)?;
            sender.address(cast, &to, &everyone, load.body_bytes)?;
            Ok(sender)
        })
        .collect()
}

/// Where the counts stood at the end of the warm-up.
struct Mark {
    meter: Meter,
    at_ns: u64,
    posts: u64,
    got: u64,
}

fn report(target: &Target, posting: Posting<'_>, mark: &Mark) -> anyhow::Result<PostReport> {
    let used = Meter::read(target)?.since(mark.meter);
    let seconds = |until_ns: u64| until_ns.saturating_sub(mark.at_ns) as f64 / 1e9;
    let (posts, deliveries) = (posting.posts - mark.posts, posting.ledger.got - mark.got);
    let (posting_s, delivering_s) =
        (seconds(posting.last_ack_ns), seconds(posting.last_delivery_ns));
    let cost = |usage| Cost::of(usage, deliveries, delivering_s.max(posting_s));
    Ok(PostReport {
        posts,
        deliveries,
        posting_s,
        delivering_s,
        posts_per_s: posts as f64 / posting_s.max(1e-9),
        deliveries_per_s: deliveries as f64 / delivering_s.max(1e-9),
        post_to_ack: posting.to_ack.times(),
        post_to_delivery: posting.to_delivery.times(),
        service: used.service.map(cost),
        generator: cost(used.generator),
        whole: posting.whole(),
        refused: posting.refused,
    })
}

//! Load that fills queues of absent devices, and drains them when the devices come.
//!
//! The two halves can be run by two processes, with whatever may happen to the service in between:
//! the cast is saved with what each device is to receive.

use std::path::Path;

use tmtp::request::Recipient;

use super::posting::{Posting, Sender, Until, Workload};
use super::{Meter, TIDY_UP, Target};
use crate::cast::Cast;
use crate::fleet::Fleet;
use crate::report::{Cost, FillReport, TakeReport};
use crate::stamp::STAMP_BYTES;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FillLoad {
    /// Members who post.
    pub senders: usize,
    /// Members who are not there.
    pub recipients: usize,
    /// Posts in all.
    pub messages: u64,
    /// Bytes of data of a post.
    pub body_bytes: usize,
    /// Unanswered posts of each sender.
    pub depth: usize,
}

/// Registers recipients, lets them go, posts to them, and saves the cast.
///
/// # Errors
/// When the service refuses a member, or ends a link.
pub fn fill(target: &Target, load: &FillLoad, file: &Path) -> anyhow::Result<FillReport> {
    let mut fleet = Fleet::new(target.address, target.trust)?;
    let mut cast = Cast::new(target.at_once);
    cast.register(&mut fleet, load.recipients + load.senders, false)?;
    cast.cut(&mut fleet, &(0..load.recipients).collect::<Vec<_>>());
    let senders = (0..load.senders).map(|number| {
        let mut sender = Sender::new(&cast, load.recipients + number)?;
        // A sender for each recipient, and each sender for as many recipients as it takes.
        let step = load.senders.min(load.recipients).max(1);
        for recipient in (number % step..load.recipients).step_by(step) {
            let to = [Recipient::Member(cast.uid(recipient).into())];
            sender.address(&cast, &to, &[recipient], load.body_bytes)?;
        }
        Ok(sender)
    });
    let senders = senders.collect::<anyhow::Result<Vec<_>>>()?;
    let before = Meter::start(target)?;
    let mut posting =
        Posting::new(&mut fleet, &mut cast, senders, load.body_bytes, target.patience)?;
    let workload = Workload::Closed { depth: load.depth };
    posting.post(workload, Until::Count(load.messages), false, |_| Ok(()))?;
    let seconds = posting.last_ack_ns as f64 / 1e9;
    let used = Meter::read(target)?.since(before);
    let (posts, refused) = (posting.posts, posting.refused);
    let expected = posting.ledger.expected_each().collect();
    cast.write(file, expected)?;
    Ok(FillReport {
        posts,
        seconds,
        posts_per_s: posts as f64 / seconds.max(1e-9),
        service: used.service.map(|usage| Cost::of(usage, posts, seconds)),
        generator: Cost::of(used.generator, posts, seconds),
        refused,
    })
}

/// Logs in everyone who expects something, and takes it.
///
/// # Errors
/// When the file cannot be read, the service refuses a login or ends a link.
pub fn take(target: &Target, file: &Path) -> anyhow::Result<TakeReport> {
    let mut fleet = Fleet::new(target.address, target.trust)?;
    let mut cast = Cast::new(target.at_once);
    let saved = cast.read(file)?;
    cast.run = saved.run;
    let is_expected =
        |device: &usize| saved.expected.get(*device).is_some_and(|side| !side.is_empty());
    let devices: Vec<usize> = (0..cast.devices.len()).filter(is_expected).collect();
    let before = Meter::start(target)?;
    let started = std::time::Instant::now();
    cast.log_in(&mut fleet, &devices)?;
    let mut posting =
        Posting::new(&mut fleet, &mut cast, Vec::new(), STAMP_BYTES, target.patience)?;
    posting.ledger.resume(&saved.expected);
    let entering = started.elapsed().as_secs_f64();
    posting.take()?;
    let seconds = entering + posting.last_delivery_ns as f64 / 1e9;
    posting.linger(TIDY_UP)?;
    let used = Meter::read(target)?.since(before);
    let whole = posting.whole();
    Ok(TakeReport {
        devices: devices.len(),
        seconds,
        entering_s: entering,
        deliveries_per_s: whole.got as f64 / seconds.max(1e-9),
        service: used.service.map(|usage| Cost::of(usage, whole.got, seconds)),
        generator: Cost::of(used.generator, whole.got, seconds),
        whole,
    })
}

//! Return and expiry (requirement A4): a message that a device has not fetched within
//! `undelivered_days` is given up for it, and an author whose message reached no device of a member
//! is notified.
//!
//! Once an hour, and at start, the service looks for overdue messages (`overdue`), counting days on
//! which it ran (`uptime_clock`). For each it decides which devices will not get it any more, and
//! which members it did not reach (`verdict`, `given_up`). The authors' notices (`notice`), the count
//! of messages that each device is missing (`gap_notice`), and the deletion of the queue entries
//! are one commit: after a crash a message is either still queued or given up with its notice.
//! Commits are bounded, so that a queue of a million does not delay other commits for long.
//!
//! While a batch is decided and committed no device is added to any account. A device that logs in
//! at that moment may get a message whose author is told that it did not arrive; never the reverse.
//! Reasons are in `docs/decisions/0009-return-and-expiry.md`.

mod given_up;
mod notice;
mod overdue;

mod uptime_clock;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tmtp::id::Uid;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::decision::{Decision, Facts, Tally};
use crate::directory::{Member, Sender};
use crate::log::chain;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::shutdown::Shutdown;
use tmtp_store::{DeviceNumber, Position, StoreError};

use given_up::GivenUp;
pub(crate) use given_up::is_passing;
pub(crate) use notice::NoticeWriter;
use overdue::Overdue;
use uptime_clock::UptimeClock;

/// Time between two runs of the expiry; also the most running time that a crash can leave uncounted.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// About how many queue entries one commit deletes. All entries of a message go together.
const COMMIT_ENTRIES: usize = 1_024;
/// Most messages that are decided for one commit.
const COMMIT_MESSAGES: usize = 1_024;

/// The task that gives up overdue messages.
#[derive(Debug)]
pub struct Expiry {
    ended: Shutdown,
    task: JoinHandle<()>,
}

impl Expiry {
    /// Starts with a first run.
    pub fn start(service: Arc<Service>) -> Self {
        let ended = Shutdown::new();
        let task = tokio::spawn(run(service, ended.clone()).in_current_span());
        Self { ended, task }
    }

    /// Stores the age of messages. Call it before the service is closed.
    pub async fn stop(self) {
        self.ended.request();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the task that gives up messages failed");
        }
    }
}

async fn run(service: Arc<Service>, ended: Shutdown) {
    let mut uptime_clock = match UptimeClock::read(&*service.store).await {
        Ok(uptime_clock) => uptime_clock,
        Err(error) => {
            tracing::error!(error = %chain(&error), "messages will not be given up");
            return;
        }
    };
    let mut noted_at = Instant::now();
    while !ended.is_requested() {
        tokio::select! {
            biased;
            () = ended.requested() => {}
            () = expire(&service, uptime_clock) => {}
        }
        tokio::select! {
            biased;
            () = ended.requested() => {}
            () = tokio::time::sleep_until(noted_at + EXPIRY_INTERVAL) => {}
        }
        let now = Instant::now();
        let (now_ms, limits) = (service.now_ms(), service.limits());
        let last = match service.store.last().await {
            Ok(last) => last,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "the age of messages could not be noted");
                noted_at = now;
                continue;
            }
        };
        let mut rows = service.contacts.forget_old(now_ms, &limits);
        uptime_clock.advance(now - noted_at, last, &mut rows);
        noted_at = now;
        // A post that opens a group again takes turns with this.
        let turn = service.edit().await;
        let note = |facts: &Facts<'_>| {
            let changes = facts.directory.old_openings(facts.kept());
            Ok::<_, Refusal>(Decision { changes, rows, ..Decision::default() })
        };
        let noted = match service.commit(&Uid::service(), note) {
            Ok(commit) => commit.durable(&service).await.map_err(Refusal::from),
            Err(refusal) => Err(refusal),
        };
        drop(turn);
        if let Err(refusal) = noted {
            tracing::warn!(why = %refusal, "the age of messages could not be noted");
        }
    }
}

/// Queues a notice for a device that has just logged in and is missing messages. Its count is
/// deleted in the same commit.
///
/// # Errors
/// The notice cannot be stored; the next login tries again.
pub(crate) async fn send_gap_notice(service: &Service, sender: &Sender) -> Result<(), Refusal> {
    let device = sender.device;
    let count = service.gap_notices.missing(device);
    if count == 0 {
        return Ok(());
    }
    let decide = |facts: &Facts<'_>| -> Result<_, Refusal> {
        let writer = NoticeWriter { name: &facts.terms.name, now_ms: facts.now_ms };
        let notice = |reader: &Member| writer.missing_messages(reader, count, device);
        Ok(Decision {
            messages: facts.directory.member(sender.member).map(notice).into_iter().collect(),
            tallies: vec![Tally::GapNotice(device, count)],
            ..Decision::default()
        })
    };
    Ok(service.commit(&Uid::service(), decide)?.durable(service).await.map(drop)?)
}

/// Gives up all overdue messages.
async fn expire(service: &Service, uptime_clock: UptimeClock) {
    let mut totals = ExpiryTotals::default();
    let expired = try_expire(service, uptime_clock, &mut totals).await;
    totals.log();
    if let Err(error) = expired {
        tracing::error!(error = %chain(&error), "overdue messages could not be given up; tried again in an hour");
    }
}

async fn try_expire(
    service: &Service,
    uptime_clock: UptimeClock,
    totals: &mut ExpiryTotals,
) -> Result<(), StoreError> {
    let days = service.limits().undelivered_days;
    let Some(cutoff) = uptime_clock.cutoff(&*service.store, days).await? else { return Ok(()) };
    while service.store.oldest().await?.is_some_and(|oldest| oldest <= cutoff) {
        match expire_once(service, cutoff, totals).await {
            // A message was acknowledged meanwhile: decide again from the present queues.
            Err(StoreError::Gone) => {}
            done => return done,
        }
    }
    Ok(())
}

async fn expire_once(
    service: &Service,
    cutoff: Position,
    totals: &mut ExpiryTotals,
) -> Result<(), StoreError> {
    let devices = service.directory().next_device();
    let mut overdue = Overdue::find(&*service.store, devices, cutoff).await?;
    loop {
        let _turn = service.edit().await;
        let (given_up, more) = next_given_up(service, &mut overdue).await?;
        give_up(service, given_up, totals).await?;
        if !more {
            return Ok(());
        }
    }
}

/// What the next commit gives up, and whether there may be more.
async fn next_given_up(
    service: &Service,
    overdue: &mut Overdue,
) -> Result<(GivenUp, bool), StoreError> {
    let mut given_up = GivenUp::default();
    for _ in 0..COMMIT_MESSAGES {
        let Some(unfetched) = overdue.next(&*service.store).await? else {
            return Ok((given_up, false));
        };
        given_up.add(service, &unfetched).await?;
        if given_up.gives_up.len() >= COMMIT_ENTRIES {
            break;
        }
    }
    Ok((given_up, true))
}

/// Commits what is given up, with the notices about it.
async fn give_up(
    service: &Service,
    given_up: GivenUp,
    totals: &mut ExpiryTotals,
) -> Result<(), StoreError> {
    let GivenUp { gives_up, returns, missing } = given_up;
    if gives_up.is_empty() {
        return Ok(());
    }
    let entries = gives_up.len();
    let decide = |facts: &Facts<'_>| {
        let days = facts.terms.limits.undelivered_days as u64;
        let writer = NoticeWriter { name: &facts.terms.name, now_ms: facts.now_ms };
        let messages = returns.iter().filter_map(|((author, returned), posted)| {
            Some(returned.notice(&writer, facts.directory.member(*author)?, days, posted))
        });
        let messages: Vec<_> = messages.collect();
        let tallies = vec![Tally::Missing(missing.clone())];
        Ok::<_, Refusal>(Decision { messages, gives_up, tallies, ..Decision::default() })
    };
    // A notice carries names and lists in its data, and is not counted against limits.
    let commit = service
        .commit(&Uid::service(), decide)
        .map_err(|refusal| StoreError::Corrupt { what: refusal.to_string() })?;
    commit.durable(service).await?;
    totals.add(entries, returns.len(), &missing);
    Ok(())
}

/// Totals of one run, for the log: queue entries given up, notices, and devices that miss messages.
#[derive(Debug, Default)]
struct ExpiryTotals {
    entries: usize,
    notices: usize,
    devices: BTreeSet<DeviceNumber>,
}

impl ExpiryTotals {
    fn add(&mut self, entries: usize, notices: usize, missing: &BTreeMap<DeviceNumber, u64>) {
        self.entries += entries;
        self.notices += notices;
        self.devices.extend(missing.keys());
    }

    fn log(&self) {
        if self.entries > 0 {
            let (entries, notices, devices) = (self.entries, self.notices, self.devices.len());
            tracing::info!(
                entries,
                notices,
                devices,
                "messages that were not fetched in time are given up; the devices need history from their siblings"
            );
        }
    }
}

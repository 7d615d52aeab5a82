//! Commits: the one place where the decision on a request is carried out.
//!
//! [`Service::commit`] decides and submits in one step, with the directory locked for reading, so that
//! it does not change in between and no device is added. Requests of one link are committed in the order
//! of their decisions; those of several links may be decided at the same time, and then committed in
//! either order. It waits for nothing. [`PendingCommit::durable`] then waits for the disk; only after that the
//! directory changes, devices are woken and an answer may go out. If the messages cannot be stored, the
//! counts that belong to them are taken back.

use std::collections::BTreeMap;

use tmtp::event::Outcome;
use tmtp::id::{Uid, posted_text};

use crate::contacts::TooMany;
use crate::decision::{Decision, Facts, Sharing, Tally};
use crate::directory::DirectoryChange;
use crate::metrics::Rule;
use crate::outgoing::{Outgoing, id_at};
use crate::refusal::Refusal;
use crate::service::Service;
use tmtp_store::{Batch, DeviceNumber, Receipt, StoreError};

/// A decision on its way to the disk.
#[derive(Debug)]
#[must_use = "nothing is done before it is durable"]
pub(crate) struct PendingCommit {
    /// None where there is nothing to store.
    receipt: Option<Receipt>,
    /// When its messages were posted, Unix milliseconds.
    posted_ms: i64,
    /// The devices they are stored for.
    devices: Vec<DeviceNumber>,
    is_message: bool,
    changes: Vec<DirectoryChange>,
    sharing: Option<Sharing>,
    tallies: Vec<Tally>,
}

impl Service {
    /// Calls `decide` with the facts of this moment and submits the decision, as messages from `from`.
    ///
    /// # Errors
    /// The refusal of `decide`, or of a limit that is reached. Nothing is submitted or counted then.
    pub(crate) fn commit<E: From<Refusal>>(
        &self,
        from: &Uid,
        decide: impl FnOnce(&Facts<'_>) -> Result<Decision, E>,
    ) -> Result<PendingCommit, E> {
        self.ask(|facts| Ok(self.submit(from, facts, decide(facts)?)?))
    }

    /// Calls `question` with the facts of this moment.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&Facts<'_>) -> T) -> T {
        let (directory, terms) = (self.directory(), self.terms());
        question(&Facts {
            directory: &directory,
            queues: &*self.store,
            terms: &terms,
            now_ms: self.now_ms(),
        })
    }

    fn submit(
        &self,
        from: &Uid,
        facts: &Facts<'_>,
        decision: Decision,
    ) -> Result<PendingCommit, Refusal> {
        let Decision {
            messages,
            is_message,
            changes,
            mut rows,
            sharing,
            mut tallies,
            digest,
            gives_up,
        } = decision;
        changes.iter().for_each(|change| change.write(&mut rows));
        self.count_all(facts, &mut tallies, &mut rows)?;
        let devices = messages.iter().flat_map(|message| &message.devices).copied().collect();
        let receipt =
            (!messages.is_empty() || !gives_up.is_empty() || !rows.is_empty()).then(|| {
                let (from, now_ms) = (from.clone(), facts.now_ms);
                self.store.commit(Box::new(move |first| {
                    if let Some((digest, device)) = digest.filter(|_| !messages.is_empty()) {
                        digest.remember(&mut rows, device, id_at(first), now_ms);
                    }
                    let pack = |(at, message): (usize, Outgoing)| {
                        message.pack(first.plus(at), &from, now_ms)
                    };
                    let messages =
                        messages.into_iter().enumerate().map(pack).collect::<Result<_, _>>()?;
                    Ok(tmtp_store::Commit { messages, rows, gives_up })
                }))
            });
        let posted_ms = facts.now_ms;
        Ok(PendingCommit { receipt, posted_ms, devices, is_message, changes, sharing, tallies })
    }

    /// Counts in order. The first that is over its limit refuses, and those counted before it are taken back.
    fn count_all(
        &self,
        facts: &Facts<'_>,
        tallies: &mut Vec<Tally>,
        rows: &mut Batch,
    ) -> Result<(), Refusal> {
        for (index, tally) in tallies.iter().enumerate() {
            if let Err(refusal) = self.count(facts, tally, rows) {
                tallies.truncate(index);
                self.take_back(tallies);
                return Err(refusal);
            }
        }
        Ok(())
    }

    fn count(&self, facts: &Facts<'_>, tally: &Tally, rows: &mut Batch) -> Result<(), Refusal> {
        let limits = &facts.terms.limits;
        match tally {
            Tally::Ping(ping) => self.contacts.count(limits, *ping, rows)?,
            Tally::Answered { who, members } => {
                self.contacts.answered(*who, members.iter().copied(), rows);
            }
            Tally::Presence(member, changes) => {
                if !self.rate_limits.may_share_presence(limits, *member, *changes) {
                    let words = "presence changes too often; try again in a minute";
                    return Err(Refusal::new(Rule::PresencePerMinute, words));
                }
            }
            Tally::GroupNotices(member, devices) => {
                if !self.rate_limits.may_change_group(limits, *member, *devices) {
                    let words = "you change groups too often; try again in a minute";
                    return Err(Refusal::new(Rule::GroupNoticesPerMinute, words));
                }
            }
            Tally::Missing(missing) => self.gap_notices.add(missing, rows),
            Tally::GapNotice(device, count) => self.gap_notices.sent(*device, *count, rows),
        }
        Ok(())
    }

    /// Takes back the counts of messages that were not stored. Rates stay spent, as the request was made.
    fn take_back(&self, tallies: &[Tally]) {
        for tally in tallies {
            match tally {
                Tally::Ping(ping) => self.contacts.take_back(ping.who, ping.whom),
                Tally::Missing(missing) => self.gap_notices.take_back(missing),
                Tally::GapNotice(device, count) => {
                    // The device is still to be notified. The stored row did not change.
                    self.gap_notices.add(&BTreeMap::from([(*device, *count)]), &mut Batch::new());
                }
                Tally::Answered { .. } | Tally::Presence(..) | Tally::GroupNotices(..) => {}
            }
        }
    }
}

impl PendingCommit {
    /// Whether a later request may be decided before this is durable: the facts for it stay the same.
    pub(crate) fn changes_nothing(&self) -> bool {
        self.changes.is_empty()
    }

    /// Waits until it is durable, then changes the directory and wakes the devices.
    ///
    /// # Errors
    /// Those of the store. Nothing changes then, and the counts are taken back.
    pub(crate) async fn durable(self, service: &Service) -> Result<Outcome, StoreError> {
        let first = match self.receipt {
            Some(receipt) => receipt.await.inspect_err(|_| service.take_back(&self.tallies))?,
            None => None,
        };
        if !self.changes.is_empty() {
            let mut directory = service.directory_mut();
            self.changes.into_iter().for_each(|change| directory.apply(change));
        }
        if let Some(Sharing { member, with, is_shared }) = self.sharing {
            service.roster.share(member, &with, is_shared);
        }
        service.roster.wake(&self.devices);
        Ok(match first.filter(|_| self.is_message) {
            Some(first) => {
                let (msgid, posted) = (id_at(first), posted_text(self.posted_ms));
                Outcome::Posted { msgid, posted, to: None }
            }
            None => Outcome::Done,
        })
    }
}

impl From<TooMany> for Refusal {
    fn from(error: TooMany) -> Self {
        let rule = match error {
            TooMany::Today => Rule::PingsPerDay,
            TooMany::Received => Rule::PingsReceived,
            TooMany::Unanswered { .. } => Rule::UnansweredPings,
        };
        Self::new(rule, error.to_string())
    }
}

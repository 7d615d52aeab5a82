//! Submission of a decision to the commit.

use tmtp::event::Outcome;

use super::{Refusal, full};
use crate::commit::PendingCommit;
use crate::decision::{Decision, Facts};
use crate::directory::Sender;
use crate::service::Service;

/// Commits the decision about a request of `sender`.
pub(super) async fn commit(
    service: &Service,
    sender: &Sender,
    decide: impl FnOnce(&Facts<'_>) -> Result<Decision, Refusal>,
) -> Result<Outcome, Refusal> {
    Ok(submit(service, sender, decide)?.durable(service).await?)
}

/// Submits the decision about a request of `sender`, past queues that are full. A name tried in
/// vain is counted.
pub(super) fn submit(
    service: &Service,
    sender: &Sender,
    decide: impl FnOnce(&Facts<'_>) -> Result<Decision, Refusal>,
) -> Result<PendingCommit, Refusal> {
    let submitted = service.commit(&sender.uid, |facts| {
        let mut decision = decide(facts)?;
        full::pass_over(facts, sender, &mut decision);
        Ok::<_, Refusal>(decision)
    });
    if submitted.as_ref().is_err_and(|refusal| refusal.is_guess) {
        service.contacts.tried(&service.limits(), sender.member, service.now_ms())?;
    }
    submitted
}

//! OhiEdit: whom the sender lets know of their presence.

use tmtp::event::{MessageKind, Outcome};
use tmtp::request::{OhiKind, OhiMember};

use crate::directory::MemberNumber;
use crate::post_office::Letter;
use crate::service::Service;
use crate::store::engine::Batch;

use super::{Refusal, devices_of};
use crate::directory::Sender;
use crate::metrics::Rule;

/// Members in one echo to the sender's devices: what is echoed is longer than what was asked, and
/// must fit into a header too.
const ECHO_MEMBERS_MAX: usize = 500;

/// Changes the set of members who are told.
///
/// # Errors
/// [`Refusal`] when one of them is unknown, or there were too many changes; nothing is changed then.
pub(crate) async fn edit(
    service: &Service,
    sender: &Sender,
    kind: OhiKind,
    members: Vec<OhiMember>,
) -> Result<Outcome, Refusal> {
    let known = {
        let directory = service.directory();
        let known = members.iter().map(|member| directory.by_uid(&member.uid));
        known.collect::<Option<Vec<MemberNumber>>>()
    };
    let known =
        known.ok_or_else(|| Refusal::new(Rule::Unknown, "a member named in for is unknown"))?;
    if !service.rate_limits.may_tell(&service.limits(), sender.member, known.len()) {
        let words = "presence changes too often; try again in a minute";
        return Err(Refusal::new(Rule::PresencePerMinute, words));
    }
    service.roster.share(sender.member, &known, kind != OhiKind::Drop);
    if kind != OhiKind::Init {
        echo(service, sender, kind, &members).await?;
    }
    Ok(Outcome::Done)
}

async fn echo(
    service: &Service,
    sender: &Sender,
    kind: OhiKind,
    members: &[OhiMember],
) -> Result<(), Refusal> {
    let posted = service.post(sender, |directory| {
        let letters = members.chunks(ECHO_MEMBERS_MAX).map(|members| {
            let act = kind.as_str().to_owned();
            let kind = MessageKind::OhiEdit { act, members: members.to_vec() };
            Letter::notice(kind, devices_of(directory, sender, [], true))
        });
        Ok((letters.collect(), Batch::new()))
    });
    posted.await.map(drop)
}

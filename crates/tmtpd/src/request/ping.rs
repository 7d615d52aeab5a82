//! Ping: a first contact.

use tmtp::event::{MessageKind, Outcome};
use tmtp::request::Data;

use crate::config::PostPolicy;
use crate::directory::{Directory, MemberNumber, rows};
use crate::post_office::Letter;
use crate::service::Service;
use crate::store::engine::Batch;

use super::repeat::Mark;
use super::{Refusal, Sender, devices_of};

/// Delivers a ping to the member with the alias `to`, and a copy to the sender's other devices.
///
/// # Errors
/// [`Refusal`].
pub async fn ping(
    service: &Service,
    sender: &Sender,
    mark: Option<Mark>,
    from: String,
    to: String,
    data: Data,
    text: String,
) -> Result<Outcome, Refusal> {
    let mut pinged = None;
    let posted = service.post_marked(sender, mark, |directory| {
        let member = addressee(service, directory, sender, &from, &to)?;
        pinged = Some(member);
        let mut batch = Batch::new();
        let devices = devices_of(directory, sender, [member], member == sender.member);
        if service.terms().post_policy == PostPolicy::Acquainted {
            rows::write_acquaintance(&mut batch, member, sender.member);
        }
        let kind = MessageKind::Ping { alias: from, to };
        Ok((vec![Letter::text(kind, data, text, devices)], batch))
    });
    let outcome = posted.await?;
    if let Some(member) = pinged
        && service.terms().post_policy == PostPolicy::Acquainted
    {
        service.directory_mut().put_acquaintance(member, sender.member);
    }
    Ok(outcome)
}

/// The member to be pinged, if the sender may ping under that name, still today.
pub(super) fn addressee(
    service: &Service,
    directory: &Directory,
    sender: &Sender,
    from: &str,
    to: &str,
) -> Result<MemberNumber, Refusal> {
    if directory.by_alias(from) != Some(sender.member) {
        return Err(Refusal::new("from must identify sender"));
    }
    let member = directory.by_alias(to).ok_or_else(|| Refusal::new("to is not a known alias"))?;
    if !service.may_ping(sender.member) {
        return Err(Refusal::new("too many pings today; try again tomorrow"));
    }
    Ok(member)
}

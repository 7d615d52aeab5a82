//! Login: a device proves with its secret that it belongs to a member.

use tmtp::event::MessageKind;
use tmtp::id::{NodeSecret, Uid};
use tmtp::quit::Quit;

use crate::decision::{Decision, Facts};
use crate::directory::SecretHash;
use crate::expiry;
use crate::service::Service;

use super::Refusal;
use super::recipient::devices_of;
use super::submit::commit;
use crate::directory::Sender;

/// Finds the device. An unknown member takes as long as a wrong secret.
///
/// # Errors
/// [`Quit::CorruptBase32`], [`Quit::LoginFailed`].
pub(crate) fn login(service: &Service, uid: &Uid, node: &NodeSecret) -> Result<Sender, Quit> {
    let secret = node.bytes().map_err(|_| Quit::CorruptBase32)?;
    let hash = SecretHash::of(&secret);
    let directory = service.directory();
    let member = directory.by_uid(uid).ok_or(Quit::LoginFailed)?;
    let record = directory.member(member).ok_or(Quit::LoginFailed)?;
    let device = record.device_with(&hash).ok_or(Quit::LoginFailed)?;
    Ok(Sender { member, device, uid: record.uid.clone() })
}

/// Tells every device of the member that this one has logged in, and this one how many messages it
/// misses.
///
/// # Errors
/// [`Refusal`] when it cannot be stored.
pub(crate) async fn notify_devices(service: &Service, sender: &Sender) -> Result<(), Refusal> {
    let decide = |facts: &Facts<'_>| {
        let devices = devices_of(facts.directory, sender, [], true);
        Ok(Decision::notice(MessageKind::Login { node: "tbd".into() }, devices))
    };
    commit(service, sender, decide).await?;
    expiry::send_gap_notice(service, sender).await
}

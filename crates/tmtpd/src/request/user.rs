//! UserEdit: adds a device or an alias.

use tmtp::event::{MessageKind, Outcome};
use tmtp::id::{Alias, NodeSecret};
use tmtp::text::{check_name, name_key};

use crate::decision::{Decision, Facts};
use crate::directory::{Device, DirectoryChange, Member, MemberNumber, SecretHash, rows};
use crate::outgoing::Outgoing;
use crate::service::Service;
use tmtp_store::Batch;

use super::recipient::devices_of;
use super::submit::commit;
use super::{Refusal, full};
use crate::directory::Sender;

use crate::log::Throttle;
use crate::log::{chain, error_limited};
use crate::metrics::Rule;

/// Longest label of a device, in bytes.
const LABEL_MAX_BYTES: usize = 1_024;

/// Whether the alias may be granted to `member`, or to a new member.
pub(super) fn grant_alias(
    facts: &Facts<'_>,
    member: Option<MemberNumber>,
    alias: &str,
) -> Result<(), Refusal> {
    let directory = facts.directory;
    let owner = directory.by_alias(alias);
    // A member who was granted a name by an earlier version keeps it.
    if owner.is_some_and(|owner| Some(owner.member) == member && owner.alias == alias) {
        return Ok(());
    }
    check_name(alias).map_err(|error| Refusal::new(Rule::NameForm, error.to_string()))?;
    let own = owner.is_some_and(|owner| Some(owner.member) == member);
    // The service writes its notices under its own name.
    let is_services = name_key(alias) == name_key(&facts.terms.name);
    if is_services || directory.name_is_taken(alias) && !own {
        return Err(Refusal::new(Rule::NameTaken, "newalias is already taken"));
    }
    Ok(())
}

/// Whether a device may have this label.
pub(super) fn check_label(label: &str) -> Result<(), Refusal> {
    if label.len() > LABEL_MAX_BYTES {
        return Err(Refusal::new(Rule::NameForm, "newnode must be at most 1024 bytes"));
    }
    Ok(())
}

/// A device's secret, and the hash of it that is stored.
pub(super) fn new_secret(service: &Service) -> Result<(NodeSecret, SecretHash), getrandom::Error> {
    let mut bytes = [0; NodeSecret::LEN_BYTES];
    service.random(&mut bytes)?;
    let made = (NodeSecret::from_bytes(&bytes), SecretHash::of(&bytes));
    zeroize::Zeroize::zeroize(&mut bytes);
    Ok(made)
}

/// A UserEdit that adds an alias to the sender's account.
///
/// # Errors
/// [`Refusal`].
pub(super) fn add_alias(
    facts: &Facts<'_>,
    sender: &Sender,
    alias: Alias,
) -> Result<Decision, Refusal> {
    grant_alias(facts, Some(sender.member), alias.as_str()).map_err(|refusal| {
        if refusal.rule == Rule::NameTaken { refusal.of_guess() } else { refusal }
    })?;
    let mut member = known(facts, sender)?.clone();
    if !member.has_alias(alias.as_str()) {
        if member.aliases.len() >= facts.terms.limits.aliases_per_member {
            let words = "a member can have no more aliases here";
            return Err(Refusal::new(Rule::AliasesPerMember, words));
        }
        member.aliases.push(alias.as_str().into());
    }
    let devices = devices_of(facts.directory, sender, [], true);
    let notice = Outgoing::notice(MessageKind::NewAlias { alias }, devices);
    let changes = vec![DirectoryChange::Member(sender.member, member)];
    Ok(Decision { messages: vec![notice], changes, ..Decision::default() })
}

/// A UserEdit that adds a device to the sender's account: two commits.
///
/// The new device gets a copy of the queue of the device that asked, and everything posted after
/// that, without gap or overlap: adding the device to the expected ones and submitting the copy is
/// one step. What was submitted before it is in the copy; what is submitted later names the device.
///
/// The copy is made in slices, between the commits of others. The device exists only when the copy
/// is complete: from the commit of the message that carries its secret. Until then a row says that
/// there may be a part of a copy, which is undone at the next start.
///
/// # Errors
/// [`Refusal`].
pub(super) async fn add_device(
    service: &Service,
    sender: &Sender,
    label: String,
) -> Result<Outcome, Refusal> {
    check_label(&label)?;
    let (secret, hash) = new_secret(service).map_err(|error| {
        static FAILED: Throttle = Throttle::new(10);
        error_limited!(FAILED, error = %chain(&error), "no random bytes for a new device");
        Refusal::new(Rule::Failed, "the service could not make a device; try again later")
    })?;
    let (number, copied) = {
        let _turn = service.edit().await;
        service.ask(|facts| may_add_device(facts, sender))?;
        if !service.rate_limits.may_add_device(&service.limits(), sender.member) {
            let words = "a member can add no more devices here within this hour; try again later";
            return Err(Refusal::new(Rule::DevicesPerHour, words));
        }
        let mut directory = service.directory_mut();
        let number = directory.next_device();
        let mut begin = Batch::new();
        rows::write_coming(&mut begin, number);
        directory.expect_device(sender.member, number);
        (number, service.store.copy_queue(sender.device, number, begin))
    };
    let added = match copied.await {
        Ok(_) => {
            let device = Device { number, secret: hash, label, added_ms: service.now_ms() };
            let _turn = service.edit().await;
            let decide = |facts: &Facts<'_>| bring_device(facts, sender, device, secret);
            commit(service, sender, decide).await
        }
        Err(error) => Err(error.into()),
    };
    added.inspect_err(|_| {
        service.directory_mut().forget_device(sender.member, number);
        rows::undo_coming(&*service.store, number);
    })
}

/// The copy is complete: adds the device, and tells all devices of the member its secret.
fn bring_device(
    facts: &Facts<'_>,
    sender: &Sender,
    device: Device,
    secret: NodeSecret,
) -> Result<Decision, Refusal> {
    let mut member = known(facts, sender)?.clone();
    let mut rows = Batch::new();
    rows::delete_coming(&mut rows, device.number);
    let kind = MessageKind::NewNode { label: device.label.clone(), nodeid: secret };
    member.devices.push(device);
    let notice = Outgoing::notice(kind, devices_of(facts.directory, sender, [], true));
    let changes = vec![DirectoryChange::Member(sender.member, member)];
    Ok(Decision { messages: vec![notice], changes, rows, ..Decision::default() })
}

/// The limits for one more device of the sender, except for the number of devices added in an hour.
fn may_add_device(facts: &Facts<'_>, sender: &Sender) -> Result<(), Refusal> {
    known(facts, sender)?;
    let devices: Vec<_> = facts.directory.devices(sender.member).collect();
    if devices.len() >= facts.terms.limits.devices_per_member {
        return Err(Refusal::new(Rule::DevicesPerMember, "a member can have no more devices here"));
    }
    if full::are_over(facts, &devices, facts.queues.queue(sender.device)) {
        let words = "too much waits for your devices to be copied for one more; fetch it first";
        return Err(Refusal::new(Rule::QueueFull, words));
    }
    Ok(())
}

fn known<'a>(facts: &Facts<'a>, sender: &Sender) -> Result<&'a Member, Refusal> {
    let gone = || Refusal::new(Rule::Unknown, "the account is gone");
    facts.directory.member(sender.member).ok_or_else(gone)
}

//! UserEdit: a further device, a further alias.

use tmtp::event::{MessageKind, Outcome};
use tmtp::id::{Alias, NodeSecret};
use tmtp::request::UserEdit;
use tmtp::text::{check_name, name_key};

use crate::directory::{Device, Directory, MemberNumber, SecretHash, rows};
use crate::post_office::Letter;
use crate::service::Service;
use crate::store::DeviceNumber;
use crate::store::engine::Batch;

use super::{Refusal, devices_of, full, ping};
use crate::directory::Sender;
use crate::log::throttle::Throttle;
use crate::log::{chain, error_limited};
use crate::metrics::Rule;

/// Longest label of a device, in bytes.
const LABEL_MAX_BYTES: usize = 1_024;

/// Adds a device or an alias to the sender's account.
///
/// # Errors
/// [`Refusal`].
pub(crate) async fn edit(
    service: &Service,
    sender: &Sender,
    edit: UserEdit,
) -> Result<Outcome, Refusal> {
    match edit {
        UserEdit::NewAlias(alias) => add_alias(service, sender, alias).await,
        UserEdit::NewNode(label) => add_device(service, sender, label).await,
    }
}

/// Whether the alias may be granted to `member`, or to somebody new.
pub(super) fn grant_alias(
    service: &Service,
    directory: &Directory,
    member: Option<MemberNumber>,
    alias: &str,
) -> Result<(), Refusal> {
    let owner = directory.by_alias(alias);
    // Whoever was granted a name by an earlier version keeps it.
    if owner.is_some_and(|owner| Some(owner.member) == member && owner.alias == alias) {
        return Ok(());
    }
    check_name(alias).map_err(|error| Refusal::new(Rule::NameForm, error.to_string()))?;
    let own = owner.is_some_and(|owner| Some(owner.member) == member);
    // Under the service's own name it writes its notices.
    let is_services = name_key(alias) == name_key(&service.terms().name);
    if is_services || directory.name_is_taken(alias) && !own {
        return Err(Refusal::new(Rule::NameTaken, "newalias is already taken"));
    }
    Ok(())
}

/// Whether a device may be called so.
pub(super) fn check_label(label: &str) -> Result<(), Refusal> {
    if label.len() > LABEL_MAX_BYTES {
        return Err(Refusal::new(Rule::NameForm, "newnode must be at most 1024 bytes"));
    }
    Ok(())
}

/// A device's secret, and what is kept of it.
pub(super) fn new_secret(service: &Service) -> Result<(NodeSecret, SecretHash), getrandom::Error> {
    let mut bytes = [0; NodeSecret::LEN_BYTES];
    service.random(&mut bytes)?;
    let made = (NodeSecret::from_bytes(&bytes), SecretHash::of(&bytes));
    zeroize::Zeroize::zeroize(&mut bytes);
    Ok(made)
}

async fn add_alias(service: &Service, sender: &Sender, alias: Alias) -> Result<Outcome, Refusal> {
    let _turn = service.edit().await;
    let mut changed = None;
    let posted = service.post(sender, |directory| {
        let granted = grant_alias(service, directory, Some(sender.member), alias.as_str());
        if granted.as_ref().is_err_and(|refusal| refusal.rule == Rule::NameTaken) {
            ping::count_name(service, sender)?;
        }
        granted?;
        let mut member = known(directory, sender)?.clone();
        if !member.has_alias(alias.as_str()) {
            if member.aliases.len() >= service.limits().aliases_per_member {
                return Err(Refusal::new(
                    Rule::AliasesPerMember,
                    "a member can have no more aliases here",
                ));
            }
            member.aliases.push(alias.as_str().into());
        }
        let mut batch = Batch::new();
        rows::write_member(&mut batch, sender.member, &member);
        changed = Some(member);
        let kind = MessageKind::NewAlias { alias: alias.clone() };
        let devices = devices_of(directory, sender, [], true);
        Ok((vec![Letter::notice(kind, devices)], batch))
    });
    posted.await?;
    if let Some(member) = changed {
        service.directory_mut().put_member(sender.member, member);
    }
    Ok(Outcome::Done)
}

/// The new device gets a copy of the queue of the device that asked, and everything posted after
/// that. Both without a gap and without an overlap: the device is expected, and the copy submitted, in
/// one moment; what was submitted before is in the copy, what comes after names the device.
///
/// The copy is made in slices, while others go on. Only when it is whole the device is there: in the
/// commit of the message that tells its secret. A row says until then that there may be a part of it,
/// which is undone at the next start.
async fn add_device(service: &Service, sender: &Sender, label: String) -> Result<Outcome, Refusal> {
    check_label(&label)?;
    let (secret, hash) = new_secret(service).map_err(|error| {
        static FAILED: Throttle = Throttle::new(10);
        error_limited!(FAILED, error = %chain(&error), "no random bytes for a new device");
        Refusal::new(Rule::Failed, "the service could not make a device; try again later")
    })?;
    let (number, copied) = {
        let _turn = service.edit().await;
        let mut directory = service.directory_mut();
        may_add_device(service, &directory, sender)?;
        let number = directory.next_device();
        let mut begin = Batch::new();
        rows::write_coming(&mut begin, number);
        directory.expect_device(sender.member, number);
        (number, service.store.copy_queue(sender.device, number, begin))
    };
    let added = match copied.await {
        Ok(()) => bring_device(service, sender, number, label, (secret, hash)).await,
        Err(error) => Err(error.into()),
    };
    added.inspect_err(|_| {
        service.directory_mut().forget_device(sender.member, number);
        rows::undo_coming(&service.store, number);
    })
}

/// The copy is whole: the device is there, and all devices are told its secret.
async fn bring_device(
    service: &Service,
    sender: &Sender,
    number: DeviceNumber,
    label: String,
    (secret, hash): (NodeSecret, SecretHash),
) -> Result<Outcome, Refusal> {
    let _turn = service.edit().await;
    let mut changed = None;
    let posted = service.post(sender, |directory| {
        let mut member = known(directory, sender)?.clone();
        member.devices.push(Device {
            number,
            secret: hash,
            label: label.clone(),
            added_ms: service.now_ms(),
        });
        let mut batch = Batch::new();
        rows::write_member(&mut batch, sender.member, &member);
        rows::delete_coming(&mut batch, number);
        changed = Some(member);
        let kind = MessageKind::NewNode { label, nodeid: secret };
        let devices = devices_of(directory, sender, [], true);
        Ok((vec![Letter::notice(kind, devices)], batch))
    });
    posted.await?;
    if let Some(member) = changed {
        service.directory_mut().put_member(sender.member, member);
    }
    Ok(Outcome::Done)
}

/// What the limits say to one more device of the sender.
fn may_add_device(
    service: &Service,
    directory: &Directory,
    sender: &Sender,
) -> Result<(), Refusal> {
    let limits = service.limits();
    known(directory, sender)?;
    let devices: Vec<_> = directory.devices(sender.member).collect();
    if devices.len() >= limits.devices_per_member {
        return Err(Refusal::new(Rule::DevicesPerMember, "a member can have no more devices here"));
    }
    let copy = service.store.queue(sender.device);
    if full::are_over(service, &limits, &devices, copy) {
        return Err(Refusal::new(
            Rule::QueueFull,
            "too much waits for your devices to be copied for one more; fetch it first",
        ));
    }
    if !service.rate_limits.may_add_device(&limits, sender.member) {
        return Err(Refusal::new(
            Rule::DevicesPerHour,
            "a member can add no more devices here within this hour; try again later",
        ));
    }
    Ok(())
}

fn known<'a>(
    directory: &'a Directory,
    sender: &Sender,
) -> Result<&'a crate::directory::Member, Refusal> {
    directory
        .member(sender.member)
        .ok_or_else(|| Refusal::new(Rule::Unknown, "the account is gone"))
}

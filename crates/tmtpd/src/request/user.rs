//! UserEdit: a further device, a further alias.

use tmtp::event::{MessageKind, Outcome};
use tmtp::id::NodeSecret;
use tmtp::request::UserEdit;
use tmtp::text::{check_name, name_key};

use crate::directory::{Device, Directory, MemberNumber, SecretHash, rows};
use crate::post_office::Letter;
use crate::service::Service;
use crate::store::engine::Batch;

use super::{Refusal, Rule, Sender, devices_of};
use crate::log::throttle::Throttle;
use crate::log::{chain, story};

/// Longest label of a device, in bytes.
const LABEL_MAX_BYTES: usize = 1_024;

/// Adds a device or an alias to the sender's account.
///
/// # Errors
/// [`Refusal`].
pub async fn edit(service: &Service, sender: &Sender, edit: UserEdit) -> Result<Outcome, Refusal> {
    let _turn = service.edit().await;
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

/// A device's secret.
pub(super) fn new_secret(service: &Service) -> Result<NodeSecret, getrandom::Error> {
    let mut bytes = [0; NodeSecret::LEN_BYTES];
    service.random(&mut bytes)?;
    let secret = NodeSecret::from_bytes(bytes);
    zeroize::Zeroize::zeroize(&mut bytes);
    Ok(secret)
}

async fn add_alias(service: &Service, sender: &Sender, alias: String) -> Result<Outcome, Refusal> {
    let mut changed = None;
    let posted = service.post(sender, |directory| {
        grant_alias(service, directory, Some(sender.member), &alias)?;
        let mut member = known(directory, sender)?.clone();
        if !member.has_alias(&alias) {
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
/// that. Both without a gap and without an overlap: the device is listed, and the copy submitted,
/// in one moment; what was submitted before is in the copy, what comes after names the device.
async fn add_device(service: &Service, sender: &Sender, label: String) -> Result<Outcome, Refusal> {
    check_label(&label)?;
    let secret = new_secret(service).map_err(|error| {
        static FAILED: Throttle = Throttle::new(10);
        story!(error, FAILED, error = %chain(&error), "no random bytes for a new device");
        Refusal::new(Rule::Failed, "the service could not make a device; try again later")
    })?;
    let (device, receipt) = {
        let mut directory = service.directory_mut();
        let number = directory.next_device();
        let mut member = known(&directory, sender)?.clone();
        if member.devices.len() >= service.limits().devices_per_member {
            return Err(Refusal::new(
                Rule::DevicesPerMember,
                "a member can have no more devices here",
            ));
        }
        member.devices.push(Device {
            number,
            secret: SecretHash::of(&secret),
            label: label.clone(),
            added_ms: service.now_ms(),
        });
        let mut batch = Batch::new();
        rows::write_member(&mut batch, sender.member, &member);
        directory.put_member(sender.member, member);
        (number, service.store.copy_queue(sender.device, number, batch))
    };
    if let Err(error) = receipt.await {
        service.directory_mut().take_back_device(sender.member, device);
        return Err(error.into());
    }
    let posted = service.post(sender, |directory| {
        let kind = MessageKind::NewNode { label, nodeid: secret.to_wire() };
        let devices = devices_of(directory, sender, [], true);
        Ok((vec![Letter::notice(kind, devices)], Batch::new()))
    });
    posted.await?;
    Ok(Outcome::Done)
}

fn known<'a>(
    directory: &'a Directory,
    sender: &Sender,
) -> Result<&'a crate::directory::Member, Refusal> {
    directory
        .member(sender.member)
        .ok_or_else(|| Refusal::new(Rule::Unknown, "the account is gone"))
}

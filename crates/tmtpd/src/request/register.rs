//! Register: makes an account with one device.

use tmtp::event::Event;
use tmtp::id::{Alias, NodeSecret, Uid};
use tmtp::quit::Quit;

use crate::decision::{Decision, Facts};
use crate::directory::{Device, DirectoryChange, Member};
use crate::service::Service;
use tmtp_store::Batch;
use tmtp_store::DeviceNumber;

use super::{Refusal, user};
use crate::directory::Sender;

use crate::conn_limit::Network;
use crate::log::Throttle;
use crate::log::{chain, error_limited, warn_limited};
use crate::policy;

/// How many log lines a minute say that nobody can register at the moment.
static REFUSED: Throttle = Throttle::new(1);

/// Makes an account for a client in `network`, within the rates of the limits. If the alias cannot
/// be granted the answer says so; the account exists all the same.
///
/// # Errors
/// [`Quit::RegisterFailure`] when the rate is exceeded or the machine has no room,
/// [`Quit::InvalidHeader`] for a label that is too long.
pub(crate) async fn register(
    service: &Service,
    network: Network,
    label: &str,
    newalias: Option<Alias>,
) -> Result<(Sender, Event), Quit> {
    user::check_label(label).map_err(|_| Quit::InvalidHeader)?;
    if !service.rate_limits.may_register(&service.limits(), network) {
        warn_limited!(REFUSED, "registration refused: there were too many in the last hour");
        return Err(Quit::RegisterFailure);
    }
    // While it is held nobody else gets these numbers, or the alias.
    let _turn = service.edit().await;
    let (number, device, alias) = service.ask(|facts| {
        let directory = facts.directory;
        (directory.next_member(), directory.next_device(), alias(facts, newalias))
    });
    let (alias, error) = match alias {
        Ok(alias) => (alias, None),
        Err(refusal) => (None, Some(refusal.words)),
    };
    let (member, secret) = new_member(service, device, label, alias).map_err(|error| {
        static FAILED: Throttle = Throttle::new(10);
        error_limited!(FAILED, error = %chain(&error), "no random bytes for a new member");
        Quit::RegisterFailure
    })?;
    let uid = member.uid.clone();
    let mut rows = Batch::new();
    policy::note(&mut rows, number);
    let changes = vec![DirectoryChange::Member(number, member)];
    let decision = Decision { changes, rows, ..Decision::default() };
    let commit = service.commit(&uid, |_| Ok::<_, Refusal>(decision));
    let committed = match commit {
        Ok(commit) => commit.durable(service).await.map(drop).map_err(Refusal::from),
        Err(refusal) => Err(refusal),
    };
    committed.map_err(|refusal| {
        static FAILED: Throttle = Throttle::new(10);
        error_limited!(FAILED, why = %refusal, "a new member could not be stored");
        Quit::RegisterFailure
    })?;
    service.contacts.made(number, network);
    let answer = Event::Registered { uid: uid.clone(), nodeid: secret, error };
    Ok((Sender { member: number, device, uid }, answer))
}

/// The alias that a new member asks for, if it may be granted.
fn alias(facts: &Facts<'_>, newalias: Option<Alias>) -> Result<Option<Alias>, Refusal> {
    newalias.map(|alias| user::grant_alias(facts, None, alias.as_str()).map(|()| alias)).transpose()
}

fn new_member(
    service: &Service,
    device: DeviceNumber,
    label: &str,
    alias: Option<Alias>,
) -> Result<(Member, NodeSecret), getrandom::Error> {
    let mut uid = [0; 20];
    service.random(&mut uid)?;
    let (secret, hash) = user::new_secret(service)?;
    let device = Device {
        number: device,
        secret: hash,
        label: label.to_owned(),
        added_ms: service.now_ms(),
    };
    let aliases = alias.into_iter().map(|alias| alias.into_string().into_boxed_str()).collect();
    Ok((Member { uid: Uid::from_bytes(&uid), devices: vec![device], aliases }, secret))
}

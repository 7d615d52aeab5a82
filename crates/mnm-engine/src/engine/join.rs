//! Joining a service as a member or as a further device, and making device codes.

use tmtp::certificate::{CertificateHash, CorruptHash};
use tmtp::id::NodeSecret;
use tmtp::quit::Quit;
use tmtp::request::{Request, UserEdit};
use tmtp::session::app::LinkError;
use zeroize::Zeroizing;

use crate::address::{Address, BadAddress, Pasted, Proof};
use crate::device_code::{BadCode, DeviceCode};
use crate::engine::{ANSWER_TIME, Engine};
use crate::error::{Error, ErrorCode, Offer, VaultError};
use crate::inbox::form;
use crate::link::connect::{ConnectError, connect};
use crate::link::writer::request_id;
use crate::link::{Ended, Entered, enter};
use crate::platform::{Carrier, Platform, Stream};
use crate::reason::in_words;
use crate::secret::SecretCode;
use crate::time::timeout;
use crate::trust::Trust;
use crate::vault::{NewAccount, check_new_alias};
use crate::view::{Account, AccountId, Link};

/// Longest label of a device, bytes.
const LABEL_MAX_BYTES: usize = 100;

type Entry = Entered<Box<dyn Stream>>;

impl Engine {
    /// Registers and stores the account. A crash in between leaves an unused account at the
    /// service. If an account at that address still lacks an alias, because the one asked for was
    /// refused, this asks for another alias instead of making a second account.
    ///
    /// # Errors
    /// [`ErrorCode::AliasRefused`] when the service has made the account but refused the alias: the
    /// account is stored without one, and another can be requested. [`ErrorCode::KnownService`]
    /// when there is, or may be, an account on this service and `another` is not set.
    pub(super) async fn join(
        &self,
        address: &str,
        alias: String,
        device: Option<String>,
        another: bool,
    ) -> Result<Account, Error> {
        let pasted: Pasted = address
            .parse()
            .map_err(|bad: BadAddress| Error::new(ErrorCode::BadAddress, bad.to_string()))?;
        check_new_alias(&alias).map_err(|bad| Error::new(ErrorCode::BadAlias, bad.to_string()))?;
        if let Some(account) = self.without_alias(&pasted.address).await? {
            return self.add_alias(account, alias).await;
        }
        let label = label(device.as_deref().unwrap_or(default_label()))?;
        let _turn = self.shared.changing.lock().await;
        if !another && let Some(known) = self.known(&pasted.address, pasted.fingerprint).await? {
            return Err(self.known_service(&known, &pasted).await);
        }
        let carrier = reach(self.store().platform(), &pasted.address, pasted.fingerprint).await?;
        if !another
            && let Some(known) = self.known(&pasted.address, carrier.peer.certificate()).await?
        {
            return Err(known_service(&known, &pasted.address, carrier.peer.certificate()));
        }
        if !another && let Some(known) = self.may_have_moved(&pasted.address).await? {
            return Err(moved_service(&known, &pasted.address, carrier.peer.certificate()));
        }
        let register = Request::Register {
            newnode: label.clone(),
            newalias: Some(alias.as_str().into()),
            oidc: None,
        };
        let (link, seen) = go_in(carrier, &pasted.address, &register).await?;
        let registered = link.registered.clone().filter(|made| form::is_id(made.uid.as_str()));
        let Some(registered) = registered else { return Err(no_registration()) };
        let granted = registered.alias_error.is_none();
        let new = NewAccount {
            address: pasted.address.to_string(),
            fingerprint: seen.map(|seen| seen.to_string()),
            service: link.service.clone().unwrap_or_default(),
            uid: registered.uid,
            node: registered.nodeid,
            device: label,
            aliases: if granted { vec![alias.clone()] } else { Vec::new() },
        };
        let now_ms = self.store().now_ms();
        let account = self.store().write(move |vault| vault.add_account(new, now_ms)).await?;
        link.leave().await;
        self.start_link(account.id).await;
        match registered.alias_error {
            None => Ok(account),
            Some(reason) => Err(alias_refused(account.id, &pasted.address, &alias, &reason)),
        }
    }

    /// The account at this address that has no alias yet.
    async fn without_alias(&self, address: &Address) -> Result<Option<AccountId>, Error> {
        let address = address.to_string();
        let accounts = self.store().read(|vault| vault.accounts()).await?;
        let unnamed = |known: &&Account| known.address == address && known.aliases.is_empty();
        Ok(accounts.iter().find(unnamed).map(|known| known.id))
    }

    /// The account on a service: at the same address, or with the same pinned certificate.
    async fn known(
        &self,
        address: &Address,
        certificate: Option<CertificateHash>,
    ) -> Result<Option<Account>, Error> {
        let accounts = self.store().read(|vault| vault.accounts()).await?;
        let certificate = certificate.map(|certificate| certificate.to_string());
        let same = |known: &&Account| {
            let there = known.address.parse::<Address>();
            there.is_ok_and(|there| (&there.host, there.port) == (&address.host, address.port))
                || (certificate.is_some() && known.fingerprint == certificate)
        };
        Ok(accounts.iter().find(same).cloned())
    }

    /// The account on a service of the same host that no longer answers at its address, so that a
    /// service at another port, with another certificate, may be the same.
    async fn may_have_moved(&self, address: &Address) -> Result<Option<Account>, Error> {
        let accounts = self.store().read(|vault| vault.accounts()).await?;
        for known in accounts {
            let Ok(there) = known.address.parse::<Address>() else { continue };
            if there.host != address.host || matches!(known.link, Link::Online { .. }) {
                continue;
            }
            let pin = known.fingerprint.as_deref().and_then(|pin| pin.parse().ok());
            if reach(self.store().platform(), &there, pin).await.is_err() {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    /// The error for joining a known service again. Connects to see the certificate it has now.
    async fn known_service(&self, known: &Account, pasted: &Pasted) -> Error {
        let carrier = reach(self.store().platform(), &pasted.address, pasted.fingerprint).await;
        let seen = carrier.ok().and_then(|carrier| carrier.peer.certificate());
        known_service(known, &pasted.address, seen.or(pasted.fingerprint))
    }

    /// Logs in with a device code and stores the account.
    pub(super) async fn join_device(&self, code: &str) -> Result<Account, Error> {
        let code = DeviceCode::read(code).map_err(|bad: BadCode| invalid(&bad))?;
        let address: Address = code.address.parse().map_err(|bad: BadAddress| invalid(&bad))?;
        let _turn = self.shared.changing.lock().await;
        self.must_be_new(&code).await?;
        let pin = code.fingerprint.as_deref().map(str::parse).transpose();
        let pin = pin.map_err(|bad: CorruptHash| invalid(&BadAddress::from(bad)))?;
        let login = Request::Login {
            uid: code.uid.clone(),
            node: NodeSecret::from(code.node.as_str().to_owned()),
        };
        let carrier = reach(self.store().platform(), &address, pin).await?;
        let (link, _) = go_in(carrier, &address, &login).await?;
        let others = code.devices.clone();
        let new = code.into_account();
        let now_ms = self.store().now_ms();
        let account = self.store().write(move |vault| vault.add_account(new, now_ms)).await?;
        let id = account.id;
        self.store().write(move |vault| vault.add_other_devices(id, &others, now_ms)).await?;
        link.leave().await;
        self.start_link(account.id).await;
        Ok(account)
    }

    /// Refuses a code of a member who has an account here: it would log in beside this device's own
    /// link.
    async fn must_be_new(&self, code: &DeviceCode) -> Result<(), Error> {
        // Whatever the address in the code: a uid belongs to one member only.
        let uid = code.uid.clone();
        self.store()
            .read(move |vault| {
                let known = vault.accounts()?;
                match known.iter().any(|known| known.uid == uid) {
                    true => Err(VaultError::AccountExists),
                    false => Ok(()),
                }
            })
            .await
    }

    /// Adds a device at the service and packs its secret, which is not stored here.
    pub(super) async fn add_device(
        &self,
        account: AccountId,
        wanted: &str,
    ) -> Result<SecretCode, Error> {
        let label = label(wanted)?;
        let added = self.shared.waiters.device(account, &label);
        let edit = UserEdit::NewNode(label.clone());
        self.ask(account, Request::UserEdit { id: request_id(self.store().platform()), edit })
            .await?;
        let Ok(Ok(secret)) = timeout(ANSWER_TIME, added).await else { return Err(no_device()) };
        let (known, credentials, devices) = self
            .store()
            .read(move |vault| {
                Ok((
                    vault.account(account)?,
                    vault.credentials(account)?,
                    vault.devices(Some(account))?,
                ))
            })
            .await?;
        let code = DeviceCode {
            address: credentials.address,
            fingerprint: credentials.fingerprint,
            service: known.name,
            uid: credentials.uid,
            node: Zeroizing::new(secret.expose().to_owned()),
            label,
            aliases: known.aliases,
            devices: devices.into_iter().map(|device| device.label).collect(),
        };
        let now_ms = self.store().now_ms();
        self.store().write(move |vault| vault.queue_address_book(account, now_ms)).await?;
        self.wake(account);
        Ok(code.pack().into())
    }
}

/// Connects to a service whose certificate matches the address.
pub(super) async fn reach(
    platform: &dyn Platform,
    address: &Address,
    pin: Option<CertificateHash>,
) -> Result<Carrier, Error> {
    let connecting = connect(platform, address, Trust::new(address.proof, pin));
    let carrier = connecting.await.map_err(|error| not_entered(&error.into()))?;
    if let (Proof::Public, Some(_)) = (address.proof, pin)
        && carrier.peer.certificate() != pin
    {
        let why = "The service shows another certificate than the address says. Nothing was sent; ask whoever gave you the address for a new one.";
        return Err(Error::new(ErrorCode::Untrusted, why));
    }
    Ok(carrier)
}

/// Enters; gives the link and the certificate to pin.
async fn go_in(
    carrier: Carrier,
    address: &Address,
    entry: &Request,
) -> Result<(Entry, Option<CertificateHash>), Error> {
    // Certificates of public authorities change often, so they are not pinned.
    let pin = carrier.peer.certificate().filter(|_| address.proof == Proof::Pinned);
    let link = enter(carrier.stream, entry).await.map_err(|ended| not_let_in(&ended, entry))?;
    Ok((link, pin))
}

/// The error of a failed login, for a person who waits.
pub(super) fn not_entered(ended: &Ended) -> Error {
    match ended {
        Ended::Connect(ConnectError::Distrust { why, .. }) => {
            Error::new(ErrorCode::Untrusted, why.clone())
        }
        Ended::Connect(error @ ConnectError::Silent { .. }) => Error::new(
            ErrorCode::Timeout,
            format!("{error} Nothing was changed; check the address and try again."),
        ),
        Ended::Connect(error) => Error::new(
            ErrorCode::Offline,
            format!("{error} Nothing was changed; check the address and try again."),
        ),
        Ended::Quit(reason) => Error::new(
            ErrorCode::Refused,
            format!(
                "The service does not let this device in; it says: {}. Nothing was changed; ask whoever runs it.",
                in_words(reason)
            ),
        ),
        Ended::ThirdParty(at) => Error::new(
            ErrorCode::Refused,
            format!(
                "This service lets in new members by a login at {at}, which this app cannot do yet. Nothing was changed; ask whoever runs the service whether there is another way in."
            ),
        ),
        Ended::Mute => Error::new(
            ErrorCode::Timeout,
            format!(
                "The service took the connection, but {ended}. Nothing was changed. It may be no TMTP service, or be too busy; check the address, or try again later."
            ),
        ),
        Ended::Protocol(LinkError::Revision(theirs)) => Error::new(
            ErrorCode::Refused,
            format!(
                "The service speaks revision {} of the protocol and this app revision 1, so they do not understand each other. Nothing was changed. Ask whoever runs the service which app fits it.",
                in_words(theirs)
            ),
        ),
        Ended::Stopped
        | Ended::Closed
        | Ended::Io(_)
        | Ended::Silent
        | Ended::Protocol(_)
        | Ended::Room
        | Ended::Store(_) => Error::new(
            ErrorCode::Offline,
            format!("The connection ended too early ({ended}). Try again in a moment."),
        ),
    }
}

/// As [`not_entered`], where it matters whether a code was used.
fn not_let_in(ended: &Ended, entry: &Request) -> Error {
    let with_code = matches!(entry, Request::Login { .. });
    let Ended::Quit(reason) = ended else { return not_entered(ended) };
    if !with_code {
        return not_entered(ended);
    }
    if Quit::from_reason(reason) == Some(Quit::NodeConnected) {
        return Error::new(
            ErrorCode::Refused,
            "A device with this code is already connected: each code makes one device. Make another code on a device of yours.",
        );
    }
    Error::new(
        ErrorCode::Refused,
        format!(
            "The service does not let this device in; it says: {}. A device code that was used or is old must be made anew on a device of yours.",
            in_words(reason)
        ),
    )
}

fn label(wanted: &str) -> Result<String, Error> {
    let label = wanted.trim();
    if label.is_empty() || label.len() > LABEL_MAX_BYTES || label.chars().any(char::is_control) {
        let why = "A device needs a name of 1 to 100 bytes on one line, such as \"laptop\". Choose another.";
        return Err(Error::new(ErrorCode::Invalid, why));
    }
    Ok(label.to_owned())
}

fn default_label() -> &'static str {
    match std::env::consts::OS {
        "linux" => "Linux computer",
        "macos" => "Mac",
        "windows" => "Windows computer",
        "android" => "Android device",
        _ => "computer",
    }
}

pub(super) fn invalid(error: &dyn std::error::Error) -> Error {
    Error::new(ErrorCode::Invalid, error.to_string())
}

fn known_service(known: &Account, address: &Address, seen: Option<CertificateHash>) -> Error {
    let message = format!(
        "You have an account on this service already: {}. Nothing was changed; a second account would have neither its alias nor its letters. If the service has lost it, as after an old backup was put back, make a new one beside it.",
        called(known)
    );
    instead_of_joining(message, known, address, seen)
}

fn moved_service(known: &Account, address: &Address, seen: Option<CertificateHash>) -> Error {
    let message = format!(
        "You have an account on a service of this host that is not to be found there any more: {}. It may have moved here. Nothing was changed; a second account would have neither its alias nor its letters. If this is another service, make a second account all the same.",
        called(known)
    );
    instead_of_joining(message, known, address, seen)
}

fn called(known: &Account) -> String {
    let alias = if known.alias.is_empty() { "no alias yet" } else { known.alias.as_str() };
    format!("{}, {alias} ({})", known.service, known.address)
}

fn instead_of_joining(
    mut message: String,
    known: &Account,
    address: &Address,
    seen: Option<CertificateHash>,
) -> Error {
    let seen = seen.map(|seen| seen.to_string()).filter(|_| address.proof == Proof::Pinned);
    let other = seen.filter(|seen| known.fingerprint.as_ref().is_some_and(|known| known != seen));
    match &other {
        Some(seen) => message.push_str(&format!(
            " It shows another certificate than the one that is trusted, sha256 {seen}. If whoever runs the service confirms all of it, tell that account."
        )),
        None => message.push_str(" If the service has moved, tell that account."),
    }
    let offer = Offer::Account { account: known.id, address: address.to_string(), seen: other };
    Error::new(ErrorCode::KnownService, message).offering(offer)
}

fn alias_refused(account: AccountId, address: &Address, alias: &str, reason: &str) -> Error {
    Error::new(
        ErrorCode::AliasRefused,
        format!(
            "You are a member at {address} now, but the service did not give you the alias {alias} ({}). Nobody can find you yet; choose another alias for this account.",
            in_words(reason)
        ),
    )
    .offering(Offer::Alias { account, address: address.to_string() })
}

fn no_registration() -> Error {
    Error::new(
        ErrorCode::Refused,
        "The service let us in without making an account, so it may not be a TMTP service. Check the address with whoever runs it.",
    )
}

fn no_device() -> Error {
    Error::new(
        ErrorCode::Timeout,
        "The service has not told of the new device yet, so there is no code for it. Look under Devices, and make another one.",
    )
}

//! Commands about an existing account: its service's address and certificate, presence, and
//! removal.
//!
//! At a new address a service is trusted only by proof: the pinned certificate, or for `+`
//! addresses the same host. Otherwise the member must confirm the fingerprint shown. Nothing of the
//! account is sent before.

use tmtp::certificate::{CertificateHash, CorruptHash};
use tmtp::id::Uid;

use crate::account::address_and_trust;
use crate::address::{Address, BadAddress, Pasted, Proof};
use crate::engine::Engine;
use crate::engine::join::{invalid, not_entered};
use crate::error::{Error, ErrorCode, Offer, VaultError};
use crate::link::connect::{ConnectError, connect};
use crate::platform::Peer;
use crate::store::Store;
use crate::trust::Trust;
use crate::view::{Account, AccountId};

/// Error where the platform does not show the certificate.
const UNSEEN: &str = "Which certificate the service there has can't be seen from here, so it can't be told whether it is the same. Nothing was sent and nothing was changed. Do this on another device.";

/// What is stored about an account's service.
struct StoredService {
    address: Address,
    pin: Option<CertificateHash>,
}

impl Engine {
    /// Changes the address or certificate of an account's service, once proved or confirmed, and
    /// connects.
    ///
    /// # Errors
    /// [`ErrorCode::Untrusted`] with an offer to trust the certificate that was seen.
    pub(super) async fn set_service(
        &self,
        account: AccountId,
        address: Option<String>,
        trust: Option<String>,
    ) -> Result<Account, Error> {
        let parsed = address.as_deref().map(str::parse::<Pasted>);
        let pasted = parsed.transpose().map_err(|bad: BadAddress| invalid(&bad))?;
        let agreed = trust.as_deref().map(str::trim).map(str::parse).transpose();
        let agreed = agreed.map_err(|bad: CorruptHash| invalid(&BadAddress::from(bad)))?;
        if pasted.is_none() && agreed.is_none() {
            let why = "Nothing was changed: name the new address, or the fingerprint to trust.";
            return Err(Error::new(ErrorCode::Invalid, why));
        }
        let _turn = self.shared.changing.lock().await;
        let credentials = self.store().read(move |vault| vault.credentials(account)).await?;
        let (known, trust) = address_and_trust(&credentials)?;
        let pin = match trust {
            Trust::Pinned(pin) => Some(pin),
            Trust::FirstUse | Trust::Public => None,
        };
        let named = pasted.as_ref().and_then(|pasted| pasted.fingerprint);
        let known = StoredService { address: known, pin };
        let address = pasted.map_or_else(|| known.address.clone(), |pasted| pasted.address);
        let pin = self.prove(&known, &address, agreed).await?;
        if let (Some(named), Some(proved)) = (named, pin)
            && agreed.is_none()
            && named != proved
        {
            return Err(Error::new(
                ErrorCode::Untrusted,
                format!(
                    "The service there is the one this account knows, but the address names another certificate, {named}. Nothing was changed. Ask whoever gave you the address, or leave out what stands behind the #."
                ),
            ));
        }
        let (place, pin) = (address.to_string(), pin.map(|pin| pin.to_string()));
        let changed = self
            .store()
            .write(move |vault| vault.set_service(account, &place, pin.as_deref()))
            .await?;
        self.stop_link(account).await;
        self.start_link(account).await;
        Ok(changed)
    }

    /// Has the service at `address` prove that it is the known one, or the one agreed to. Gives the
    /// certificate to pin.
    async fn prove(
        &self,
        known: &StoredService,
        address: &Address,
        agreed: Option<CertificateHash>,
    ) -> Result<Option<CertificateHash>, Error> {
        let wanted = agreed.or(known.pin);
        let trust = Trust::new(address.proof, wanted);
        let carrier = match connect(self.store().platform(), address, trust).await {
            Ok(carrier) => carrier,
            Err(ConnectError::Distrust { seen: Some(seen), .. }) => {
                return Err(unproved(address, known.pin, agreed, seen));
            }
            Err(error) => return Err(not_entered(&error.into())),
        };
        let seen = match carrier.peer {
            Peer::Itself => return Ok(wanted),
            Peer::Certificate { certificate, public: _ } => certificate,
        };
        let same_name = agreed.is_none()
            && address.proof == Proof::Public
            && known.address.proof == Proof::Public
            && known.address.host == address.host;
        if !same_name && (seen.is_none() || wanted != seen) {
            return Err(match seen {
                Some(seen) => unproved(address, known.pin, agreed, seen),
                None => Error::new(ErrorCode::Untrusted, UNSEEN),
            });
        }
        // Public certificates change often, so they are not pinned.
        Ok(seen.filter(|_| address.proof == Proof::Pinned))
    }

    /// Sets who sees that the member is online, and has the link tell the service.
    pub(super) async fn set_presence(
        &self,
        account: AccountId,
        contact: Option<Uid>,
        shown: Option<bool>,
    ) -> Result<(), Error> {
        let now_ms = self.store().now_ms();
        let chosen = self.store().write(move |vault| match (contact, shown) {
            (Some(uid), shown) => vault.set_contact_presence(account, &uid, shown, now_ms),
            (None, Some(shown)) => vault.set_presence(account, shown, now_ms),
            (None, None) => Err(VaultError::Invalid(
                "Nothing was changed: say whether your contacts see that you are online.".into(),
            )),
        });
        chosen.await?;
        self.wake(account);
        Ok(())
    }

    /// Erases an account and everything stored of it, in slices between which other commands run.
    pub(super) async fn remove_account(&self, account: AccountId) -> Result<(), Error> {
        let turn = self.shared.changing.lock().await;
        self.store().read(move |vault| vault.account(account)).await?;
        self.stop_link(account).await;
        self.store().write(move |vault| vault.begin_removal(account)).await?;
        drop(turn);
        erase(self.store(), account).await
    }

    /// Continues removals that the last run did not finish.
    pub(super) fn finish_removals(&self) {
        let store = self.store().clone();
        crate::task::spawn(async move {
            let removing = store.read(|vault| vault.removing()).await.unwrap_or_default();
            for account in removing {
                if let Err(error) = erase(&store, account).await {
                    tracing::warn!(account, %error, "the rest of a removed account stays");
                }
            }
        });
    }
}

async fn erase(store: &Store, account: AccountId) -> Result<(), Error> {
    while !store.read(move |vault| vault.remove_slice(account)).await? {}
    Ok(())
}

fn unproved(
    address: &Address,
    pin: Option<CertificateHash>,
    agreed: Option<CertificateHash>,
    seen: CertificateHash,
) -> Error {
    let known = pin.map(|pin| pin.to_string());
    let message = match (&known, agreed) {
        (_, Some(agreed)) => format!(
            "{address} shows the certificate {seen}, not {agreed}, which you named. Nothing was sent and nothing was changed. Compare all digits again with whoever runs the service."
        ),
        (Some(known), None) => format!(
            "{address} shows the certificate {seen}. The one known of this service is {known}. Nothing was sent and nothing was changed. Compare the first with whoever runs the service, and trust it only if all digits are the same."
        ),
        (None, None) => format!(
            "{address} shows the certificate {seen}, and none is known by which this service could be recognised there. Nothing was sent and nothing was changed. Compare it with whoever runs the service, and trust it only if all digits are the same."
        ),
    };
    Error::new(ErrorCode::Untrusted, message)
        .offering(Offer::Trust { known, seen: seen.to_string() })
}

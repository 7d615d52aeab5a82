//! ACME client (RFC 8555) with TLS-ALPN-01 (RFC 8737): the authority checks each host by a TLS
//! handshake with the service on port 443.
//!
//! [`keep`] runs as long as the service does. It orders a certificate when there is none, when the
//! configured hosts differ from those it names, and when two thirds of its validity have passed.
//! Failures are retried with growing pauses, and the present certificate stays. The data folder
//! keeps, for the service's user alone, `tls/acme.pem` (key and chain in one file, so that a crash
//! cannot separate them) and `tls/acme-account.json` (the account with the authority).
//!
//! - `http`: the requests of the protocol, over TLS

mod error;
mod http;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount,
    NewOrder, Order, OrderStatus, RetryPolicy,
};
use jiff::Timestamp;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::sleep;
use zeroize::Zeroizing;

use super::identity::Identity;
use super::{Certificate, CertificateError, PROVIDER};
use crate::config::Acme;
use crate::fs_mode;
use crate::log::chain;
use error::AcmeError;
use http::Https;

/// How long an authority may take to validate the hosts, and to issue.
const TIMEOUT: Duration = Duration::from_secs(180);
/// Pause after the first failure; doubled with each further one.
const RETRY_PAUSE: Duration = Duration::from_secs(300);
/// The longest pause.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(6 * 3_600);
/// How often the clock is checked for a due renewal: it may be set while this waits.
const CHECK_INTERVAL: Duration = Duration::from_secs(3_600);

/// The stored account with an authority.
#[derive(Serialize, Deserialize)]
struct AcmeAccount {
    directory: String,
    credentials: AccountCredentials,
}

/// The file in which the issued certificate is stored.
#[must_use]
pub(crate) fn file(data: &Path) -> PathBuf {
    data.join("tls").join("acme.pem")
}

/// The certificate that was issued earlier, if there is one.
///
/// # Errors
/// There is one that cannot be used.
pub(crate) fn load(data: &Path) -> Result<Option<Certificate>, CertificateError> {
    let file = file(data);
    if !file.exists() {
        return Ok(None);
    }
    Certificate::load(&file, &file).map(Some)
}

/// Keeps `identity` supplied with a certificate for the hosts of `acme`, until dropped. `wake`
/// triggers an attempt at once.
pub(crate) async fn keep(acme: Acme, data: PathBuf, identity: Arc<Identity>, wake: Arc<Notify>) {
    let hosts = acme.hosts.join(", ");
    let mut failures: u32 = 0;
    loop {
        let pause = match failures {
            0 => until_due(&acme, &identity),
            _ => Some(pause_after(failures)),
        };
        if let Some(pause) = pause {
            tokio::select! {
                () = sleep(pause) => {}
                () = wake.notified() => {}
            }
            if until_due(&acme, &identity).is_some() {
                continue;
            }
        }
        tracing::info!(hosts, directory = acme.directory, "a certificate is ordered");
        match order(&acme, &data, &identity).await {
            Ok(certificate) => {
                failures = 0;
                identity.replace(certificate);
                tracing::info!(hosts, "new links see a certificate that was just issued");
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                let again_in_s = pause_after(failures).as_secs();
                tracing::warn!(
                    hosts, again_in_s, error = %chain(&error),
                    "no certificate was issued; the present one stays in use"
                );
            }
        }
    }
}

/// How long to wait after this many failures in a row.
fn pause_after(failures: u32) -> Duration {
    RETRY_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(RETRY_PAUSE_MAX)
}

/// How long to wait until the next check; none when a certificate should be ordered now.
fn until_due(acme: &Acme, identity: &Identity) -> Option<Duration> {
    let certificate = identity.certificate();
    let mut wanted = acme.hosts.clone();
    let mut named = certificate.host_names();
    wanted.sort();
    named.sort();
    if identity.is_stand_in() || wanted != named {
        return None;
    }
    let left_s = certificate.validity()?.renew_at_s() - Timestamp::now().as_second();
    let left_s = u64::try_from(left_s).ok().filter(|left_s| *left_s > 0)?;
    Some(Duration::from_secs(left_s).min(CHECK_INTERVAL))
}

/// Orders a certificate and stores it.
async fn order(acme: &Acme, data: &Path, identity: &Identity) -> Result<Certificate, AcmeError> {
    let folder = data.join("tls");
    fs_mode::make_dir(&folder)
        .map_err(|source| CertificateError::NotWritten { path: folder.clone(), source })?;
    let account = account(acme, &folder).await?;
    let identifiers: Vec<_> = acme.hosts.iter().cloned().map(Identifier::Dns).collect();
    let mut order = account.new_order(&NewOrder::new(&identifiers)).await?;
    let convinced = convince(&mut order, identity, acme).await;
    identity.clear_challenges();
    convinced?;

    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(acme.hosts.clone())?;
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key)?;
    order.finalize_csr(request.der()).await?;
    let chain = order.poll_certificate(&RetryPolicy::new().timeout(TIMEOUT)).await?;
    let pem = Zeroizing::new(key.serialize_pem() + &chain);
    let file = file(data);
    // Checked before it is stored: the present one may still be good.
    let unproven = file.with_extension("pem.unproven");
    write(&unproven, pem.as_bytes())?;
    let certificate = Certificate::load(&unproven, &unproven);
    let _ = fs::remove_file(&unproven);
    let certificate = certificate?;
    write(&file, pem.as_bytes())?;
    Ok(certificate)
}

/// The account with the authority, made on first use.
async fn account(acme: &Acme, folder: &Path) -> Result<Account, AcmeError> {
    let file = folder.join("acme-account.json");
    let https = || Https::new(acme.root.as_deref()).map(Box::new);
    let kept = fs::read(&file).ok().map(Zeroizing::new);
    let kept: Option<AcmeAccount> = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
    if let Some(kept) = kept.filter(|kept| kept.directory == acme.directory) {
        let builder = Account::builder_with_http(https()?);
        return Ok(builder.from_credentials(kept.credentials).await?);
    }
    let contact = acme.contact.as_ref().map(|contact| format!("mailto:{contact}"));
    let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
    let wanted = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let builder = Account::builder_with_http(https()?);
    let (account, credentials) = builder.create(&wanted, acme.directory.clone(), None).await?;
    let kept = AcmeAccount { directory: acme.directory.clone(), credentials };
    write(&file, &Zeroizing::new(serde_json::to_vec(&kept)?))?;
    Ok(account)
}

/// Answers the authority's challenges until the order is ready.
async fn convince(order: &mut Order, identity: &Identity, acme: &Acme) -> Result<(), AcmeError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let Identifier::Dns(host) = authorization.identifier().identifier.clone() else { continue };
        let Some(mut challenge) = authorization.challenge(ChallengeType::TlsAlpn01) else {
            return Err(AcmeError::NoChallenge { host });
        };
        let answer = answer(&host, challenge.key_authorization().digest().as_ref())?;
        identity.set_challenge(&host, answer)?;
        challenge.set_ready().await?;
    }
    let hosts = || acme.hosts.join(", ");
    match order.poll_ready(&RetryPolicy::new().timeout(TIMEOUT)).await {
        Ok(OrderStatus::Ready | OrderStatus::Valid) => Ok(()),
        Ok(_) => Err(AcmeError::NotConvinced { hosts: hosts(), source: None }),
        Err(error) => Err(AcmeError::NotConvinced { hosts: hosts(), source: Some(error) }),
    }
}

/// The certificate that answers a challenge (RFC 8737, 3).
fn answer(host: &str, digest: &[u8]) -> Result<Arc<CertifiedKey>, AcmeError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new([host.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key)?;
    let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let secret = PROVIDER.key_provider.load_private_key(secret)?;
    // Built directly: a constructor that parses the certificate would reject its critical
    // extension.
    Ok(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], secret)))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CertificateError> {
    fs_mode::write_file(path, bytes)
        .map_err(|source| CertificateError::NotWritten { path: path.to_owned(), source })
}

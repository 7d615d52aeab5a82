//! The service's certificate, and the TLS configuration made from it.
//!
//! Without files of the administrator's the service makes its own on first start: an ECDSA P-256
//! key in `DIR/tls/key.pem`, then a self-signed certificate of it in `DIR/tls/cert.pem`. Apps pin
//! its hash, so neither is ever replaced: a start that was interrupted between the two makes the
//! certificate of the existing key, and a certificate without its key is an error.
//!
//! - [`acme`]: certificates ordered from an authority
//! - [`identity`]: the certificate of a running service, which may be replaced
//! - `make`: the service's own key and certificate
//! - `validity`: from when until when a certificate is valid

pub(crate) mod acme;
mod error;
pub(crate) mod identity;
mod make;
mod validity;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, version};
use tmtp::certificate::CertificateHash;

pub(crate) use error::CertificateError;
pub(crate) use validity::{SOON_DAYS, Validity, remaining};

use crate::config::{ListenAddress, own_certificate_files};
use crate::fs_mode;

/// A certificate chain and the key to it, ready to shake hands with.
#[derive(Debug)]
pub struct Certificate {
    hash: CertificateHash,
    certified: Arc<CertifiedKey>,
    tls: Arc<ServerConfig>,
}

/// The cryptography provider used everywhere.
static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));

impl Certificate {
    /// Reads the administrator's certificate chain and key, in PEM.
    ///
    /// # Errors
    /// One of them cannot be used, or others may read the key.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, CertificateError> {
        let chain = read_chain(cert)?;
        let secret = read_key(key)?;
        Self::of(chain, secret).map_err(|source| {
            let (cert, key) = (cert.to_owned(), key.to_owned());
            if let rustls::Error::InconsistentKeys(_) = source {
                CertificateError::Mismatch { cert, key }
            } else {
                CertificateError::Unusable { cert, key, source }
            }
        })
    }

    fn of(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, rustls::Error> {
        let hash = CertificateHash::of(chain.first().map_or(&[], |leaf| leaf.as_ref()));
        let certified = Arc::new(CertifiedKey::from_der(chain, key, &PROVIDER)?);
        let resolver = SingleCertAndKey::from(Arc::clone(&certified));
        let tls = Arc::new(server_config(Arc::new(resolver))?);
        Ok(Self { hash, certified, tls })
    }

    /// Reads the service's own certificate and key from `data/tls`, first making what is missing,
    /// for the service's `name` and the hosts it listens on. The caller has locked the data folder.
    ///
    /// # Errors
    /// They cannot be read, used, made or written, or the key is lost.
    pub fn load_or_make(
        data: &Path,
        name: &str,
        listen: &[ListenAddress],
    ) -> Result<Self, CertificateError> {
        let [cert, key] = own_certificate_files(data);
        let folder = data.join("tls");
        fs_mode::make_dir(&folder)
            .map_err(|source| CertificateError::NotWritten { path: folder, source })?;
        match (cert.exists(), key.exists()) {
            (true, true) => {}
            (true, false) => return Err(CertificateError::KeyLost { cert, key }),
            (false, true) => make::certificate(&cert, &key, name, listen)?,
            (false, false) => {
                make::key(&key)?;
                make::certificate(&cert, &key, name, listen)?;
            }
        }
        Self::load(&cert, &key)
    }

    /// The hash of the service's own certificate, the first of the chain.
    #[must_use]
    pub fn hash(&self) -> CertificateHash {
        self.hash
    }

    /// TLS 1.3 and 1.2 with this certificate and no other, for any client.
    #[must_use]
    pub(crate) fn tls(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.tls)
    }

    /// Whether it is its own issuer, so that apps can only pin its fingerprint.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.leaf().is_some_and(|leaf| leaf.issuer() == leaf.subject())
    }

    /// The first host name that the certificate is good for, wildcards aside.
    #[must_use]
    pub fn host_name(&self) -> Option<String> {
        self.leaf()?.valid_dns_names().find(|name| !name.contains('*')).map(str::to_owned)
    }

    /// The host names that it is good for.
    #[must_use]
    pub fn host_names(&self) -> Vec<String> {
        let leaf = self.leaf();
        leaf.iter().flat_map(|leaf| leaf.valid_dns_names()).map(str::to_owned).collect()
    }

    /// From when until when it is valid.
    #[must_use]
    pub fn validity(&self) -> Option<Validity> {
        Validity::of(self.certified.end_entity_cert().ok()?)
    }

    /// A self-signed certificate in memory, used until a real one is issued.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn stand_in(hosts: &[String]) -> Result<Self, CertificateError> {
        let key = rcgen::KeyPair::generate()?;
        let certificate = rcgen::CertificateParams::new(hosts.to_vec())?.self_signed(&key)?;
        let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Self::of(vec![certificate.der().clone()], secret)
            .map_err(|_| CertificateError::NotMade(rcgen::Error::RemoteKeyError))
    }

    fn leaf(&self) -> Option<webpki::EndEntityCert<'_>> {
        webpki::EndEntityCert::try_from(self.certified.end_entity_cert().ok()?).ok()
    }
}

fn server_config(resolver: Arc<dyn ResolvesServerCert>) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&PROVIDER))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    // Links last for days: resuming one saves nothing, and what it needs costs memory per link.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Err(pem::Error::Io(source)) => {
            Err(CertificateError::Unreadable { path: path.to_owned(), source })
        }
        _ => Err(CertificateError::NoCertificate { path: path.to_owned() }),
    }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, CertificateError> {
    let unreadable = |source| CertificateError::Unreadable { path: path.to_owned(), source };
    let mode = fs_mode::mode(path).map_err(unreadable)?;
    if mode & 0o007 != 0 {
        return Err(CertificateError::NotSecret { path: path.to_owned(), mode });
    }
    if mode & fs_mode::OTHERS != 0 {
        // Common where several services share certificates, but worth a warning.
        tracing::warn!(key = %path.display(), "the group of this private key may read it");
    }
    PrivateKeyDer::from_pem_file(path).map_err(|error| {
        if let pem::Error::Io(source) = error {
            return unreadable(source);
        }
        CertificateError::NoKey { path: path.to_owned() }
    })
}

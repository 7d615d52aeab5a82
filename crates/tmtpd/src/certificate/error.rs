//! Errors of the service's certificate.

use std::io;
use std::path::PathBuf;

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds no certificate.
    #[error("{} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file holds no private key.
    #[error(
        "{} holds no private key in PEM without passphrase (-----BEGIN PRIVATE KEY-----)",
        path.display()
    )]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// A key is not secret.
    #[error(
        "the private key {} may be read by every user of this machine (mode {mode:04o}): take that \
         away with chmod 600, and if others use this machine make a new key and certificate",
        path.display()
    )]
    NotSecret {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key is not the certificate's.
    #[error(
        "the private key {} does not belong to the certificate {}: name the two files that were \
         made together, the service's own certificate first in its file",
        key.display(), cert.display()
    )]
    Mismatch {
        /// The certificate.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// TLS cannot be served with it.
    #[error("TLS cannot be served with {} and {}", cert.display(), key.display())]
    Unusable {
        /// The certificate.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// The service's own certificate is there and its key is not.
    #[error(
        "{} is missing, the private key of {} beside it: put it back from a backup; without it, \
         remove the certificate too and the service makes new ones, which every member must then \
         be told to trust",
        key.display(), cert.display()
    )]
    KeyLost {
        /// The certificate.
        cert: PathBuf,
        /// Where its key should be.
        key: PathBuf,
    },
    /// A new certificate could not be made.
    #[error("a new certificate could not be made")]
    NotMade(#[from] rcgen::Error),
    /// A new certificate or key could not be written.
    #[error("{} cannot be written", path.display())]
    NotWritten {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

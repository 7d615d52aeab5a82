//! Errors of ordering a certificate.

use crate::certificate::CertificateError;

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AcmeError {
    /// The authority refused, or could not be reached.
    #[error("the authority does not issue it")]
    Authority(#[from] instant_acme::Error),
    /// The authority offers no kind of challenge that this service can answer.
    #[error("the authority does not offer TLS-ALPN-01 for {host}")]
    NoChallenge {
        /// The host.
        host: String,
    },
    /// Validation failed.
    #[error(
        "the authority could not convince itself that this service answers for {hosts}; it connects \
         to port 443 of each"
    )]
    NotConvinced {
        /// The hosts.
        hosts: String,
        /// What it says.
        source: Option<instant_acme::Error>,
    },
    /// The issued certificate cannot be used or stored.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The issued certificate is rejected by the TLS library.
    #[error("what the authority issued cannot be used")]
    Unusable(#[from] rustls::Error),
    /// A request for a certificate, or an answer to a challenge, could not be made.
    #[error("the request cannot be made")]
    NotMade(#[from] rcgen::Error),
    /// The account cannot be stored.
    #[error("the account with the authority cannot be kept")]
    Account(#[from] serde_json::Error),
}

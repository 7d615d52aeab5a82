//! Generation of the service's own key and certificate.

use std::fs;
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use zeroize::Zeroizing;

use super::error::CertificateError;
use crate::config::{ListenAddress, host_name};
use crate::fs_mode;

/// Validity of the certificate in years. Apps pin it, so its end is only a bound.
const YEARS: i64 = 10;

/// Makes a key and writes it to `path`.
pub(super) fn key(path: &Path) -> Result<(), CertificateError> {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let pem = Zeroizing::new(pair.serialize_pem());
    write(path, pem.as_bytes())
}

/// Makes a certificate of the key in `key` and writes it to `path`.
pub(super) fn certificate(
    path: &Path,
    key: &Path,
    name: &str,
    listen: &[ListenAddress],
) -> Result<(), CertificateError> {
    let pem = fs::read_to_string(key).map(Zeroizing::new);
    let pem =
        pem.map_err(|source| CertificateError::Unreadable { path: key.to_owned(), source })?;
    let pair = KeyPair::from_pem(&pem)?;
    let certificate = params(name, listen)?.self_signed(&pair)?;
    write(path, certificate.pem().as_bytes())
}

fn params(name: &str, listen: &[ListenAddress]) -> Result<CertificateParams, CertificateError> {
    let mut params = CertificateParams::new(hosts(listen))?;
    params.distinguished_name.push(DnType::CommonName, common_name(name));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let midnight = |date: Date| {
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    // From yesterday, for apps whose clock is slow.
    params.not_before = midnight(today.saturating_sub(1.day()));
    params.not_after = midnight(today.saturating_add(YEARS.years()));
    Ok(params)
}

/// The names and addresses that members may use for this service.
fn hosts(listen: &[ListenAddress]) -> Vec<String> {
    let named = listen.iter().filter(|address| address.ip().is_none_or(|ip| !ip.is_unspecified()));
    let mut hosts: Vec<_> = named.map(|address| address.host().to_owned()).collect();
    hosts.push("localhost".to_owned());
    hosts.extend(host_name());
    hosts.sort();
    hosts.dedup();
    hosts
}

/// X.520 limits a common name to 64 characters.
fn common_name(name: &str) -> String {
    name.chars().take(64).collect()
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CertificateError> {
    fs_mode::write_file(path, bytes)
        .map_err(|source| CertificateError::NotWritten { path: path.to_owned(), source })
}

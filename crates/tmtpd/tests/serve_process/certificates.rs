//! Tests of certificates: the service's own, the administrator's, and those it refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{ProtocolVersion, version};
use tempfile::{TempDir, tempdir};

use crate::process::{Ended, Process, Ready, refused, serve};
use crate::tls;

/// A folder with an administrator's certificate and key.
struct Given {
    folder: TempDir,
    cert: PathBuf,
    key: PathBuf,
}

impl Given {
    fn for_hosts(hosts: &[&str]) -> Self {
        let folder = tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        write_pair(&cert, &key, hosts);
        Self { folder, cert, key }
    }

    fn arguments(&self, listen: &str) -> Vec<String> {
        let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        let data = text(&self.data());
        let (cert, key) = (text(&self.cert), text(&self.key));
        ["--data", &data, "--listen", listen, "--cert", &cert, "--key", &key]
            .map(str::to_owned)
            .into()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn serve(&self, listen: &str) -> (Process, Ready) {
        let arguments = self.arguments(listen);
        let process =
            Process::start(serve(&arguments.iter().map(String::as_str).collect::<Vec<_>>()));
        let ready = process.ready();
        (process, ready)
    }

    /// Refused with code 2 and without a trace on disk.
    fn refused(&self) -> String {
        let arguments = self.arguments("127.0.0.1:0");
        let Ended { code, stdout, stderr } =
            refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(!self.data().exists());
        stderr.trim_end().to_owned()
    }
}

/// A certificate as an authority issues it, and its key.
pub(crate) fn write_pair(cert: &Path, key: &Path, hosts: &[&str]) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "An authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let hosts: Vec<_> = hosts.iter().map(|&host| host.to_owned()).collect();
    let pair = KeyPair::generate().unwrap();
    let issued = CertificateParams::new(hosts).unwrap().signed_by(&pair, &authority).unwrap();
    write_key(key, &pair);
    fs::write(cert, issued.pem()).unwrap();
}

fn write_key(path: &Path, pair: &KeyPair) {
    fs::write(path, pair.serialize_pem()).unwrap();
    set_mode(path, 0o600);
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn own(data: &Path) -> Process {
    Process::start(serve(&["--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"]))
}

#[test]
fn pinning_app_connects_with_both_tls_versions() {
    let folder = tempdir().unwrap();
    let process = own(folder.path());
    let ready = process.ready();
    for (only, spoken) in
        [(&version::TLS13, ProtocolVersion::TLSv1_3), (&version::TLS12, ProtocolVersion::TLSv1_2)]
    {
        let link = tls::connect_with(ready.socket(), &ready.fingerprint(), &[only]).unwrap();
        assert_eq!(tls::version(&link), Some(spoken));
    }
    let wrong = "0".repeat(64);
    assert!(tls::connect(ready.socket(), &wrong).is_err(), "any certificate would do");
    process.stop();
}

#[test]
fn interrupted_first_start_keeps_its_key() {
    let folder = tempdir().unwrap();
    let process = own(folder.path());
    process.ready();
    process.stop();
    let (cert, key) = (folder.path().join("tls/cert.pem"), folder.path().join("tls/key.pem"));
    let kept = fs::read(&key).unwrap();
    fs::remove_file(&cert).unwrap();
    fs::write(folder.path().join("tls/cert.pem.new"), "half a certif").unwrap();

    let process = own(folder.path());
    let ready = process.ready();
    assert_eq!(fs::read(&key).unwrap(), kept);
    assert!(!folder.path().join("tls/cert.pem.new").exists());
    tls::connect(ready.socket(), &ready.fingerprint()).unwrap();
    process.stop();
}

#[test]
fn lost_key_is_reported_and_the_certificate_kept() {
    let folder = tempdir().unwrap();
    let process = own(folder.path());
    process.ready();
    process.stop();
    fs::remove_file(folder.path().join("tls/key.pem")).unwrap();
    let cert = fs::read(folder.path().join("tls/cert.pem")).unwrap();

    let ended = own(folder.path()).end();
    assert_eq!(ended.code, Some(1));
    let told = "key.pem is missing, the private key of ";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    assert_eq!(fs::read(folder.path().join("tls/cert.pem")).unwrap(), cert);
    assert!(!folder.path().join("tls/key.pem").exists());
}

#[test]
fn address_uses_the_host_name_of_the_given_certificate() {
    let given = Given::for_hosts(&["*.example.org", "chat.example.org"]);
    for (listen, host) in [
        ("127.0.0.1:0", "chat.example.org"),
        ("0.0.0.0:0", "chat.example.org"),
        ("localhost:0", "localhost"),
    ] {
        let (process, ready) = given.serve(listen);
        let address = &ready.addresses[0];
        assert_eq!((address.kind, address.host.as_str()), ('+', host), "{listen}");
        assert_eq!(address.fingerprint, None);
        process.stop();
    }
    assert!(!given.data().join("tls").exists(), "it made a certificate nobody asked for");
}

#[test]
fn given_certificate_is_served() {
    let given = Given::for_hosts(&["chat.example.org"]);
    let (process, ready) = given.serve("127.0.0.1:0");
    let shown = ready.note.trim_start_matches("(certificate sha256 ").trim_end_matches(')');
    let here = ([127, 0, 0, 1], ready.addresses[0].port).into();
    tls::connect(here, &shown.replace(':', "").to_lowercase()).unwrap();
    process.stop();
}

#[test]
fn address_of_a_self_signed_certificate_has_its_fingerprint() {
    let given = Given::for_hosts(&[]);
    let pair = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["chat.example.org".to_owned()]).unwrap();
    fs::write(&given.cert, params.self_signed(&pair).unwrap().pem()).unwrap();
    write_key(&given.key, &pair);
    let (process, ready) = given.serve("127.0.0.1:0");
    let address = &ready.addresses[0];
    assert_eq!((address.kind, address.host.as_str()), ('=', "127.0.0.1"));
    tls::connect(ready.socket(), &ready.fingerprint()).unwrap();
    process.stop();
}

#[test]
fn world_readable_key_is_refused() {
    let given = Given::for_hosts(&["chat.example.org"]);
    set_mode(&given.key, 0o644);
    let told = format!(
        "tmtpd: the private key {} may be read by every user of this machine (mode 0644): take \
         that away with chmod 600, and if others use this machine make a new key and certificate",
        given.key.display()
    );
    assert_eq!(given.refused(), told);

    set_mode(&given.key, 0o640);
    let (process, _) = given.serve("127.0.0.1:0");
    process.log_says("the group of this private key may read it");
    process.stop();
}

#[test]
fn key_of_another_certificate_is_refused() {
    let given = Given::for_hosts(&["chat.example.org"]);
    let unused = given.folder.path().join("unused.pem");
    write_pair(&unused, &given.key, &["chat.example.org"]);
    let told = format!(
        "tmtpd: the private key {} does not belong to the certificate {}: name the two files that \
         were made together, the service's own certificate first in its file",
        given.key.display(),
        given.cert.display()
    );
    assert_eq!(given.refused(), told);
}

#[test]
fn files_without_certificate_or_key_are_refused() {
    let given = Given::for_hosts(&["chat.example.org"]);
    let (cert, key) = (fs::read(&given.cert).unwrap(), fs::read(&given.key).unwrap());

    fs::write(&given.cert, &key).unwrap();
    let no_certificate = "cert.pem holds no certificate in PEM (-----BEGIN CERTIFICATE-----)";
    assert!(given.refused().ends_with(no_certificate));
    fs::remove_file(&given.cert).unwrap();
    let missing = "cert.pem cannot be read: No such file or directory (os error 2)";
    assert!(given.refused().ends_with(missing));

    fs::write(&given.cert, &cert).unwrap();
    fs::write(&given.key, &cert).unwrap();
    let no_key = "holds no private key in PEM without passphrase (-----BEGIN PRIVATE KEY-----)";
    assert!(given.refused().ends_with(no_key));
    fs::remove_file(&given.key).unwrap();
    let missing = "key.pem cannot be read: No such file or directory (os error 2)";
    assert!(given.refused().ends_with(missing));
}

#[test]
fn certificate_expiry_is_logged_in_time() {
    for (year, told) in [(1999, "expired on 1999-06-01"), (2999, "is valid until 2999-06-01")] {
        let given = Given::for_hosts(&["localhost"]);
        let pair = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(1990, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 6, 1);
        write_key(&given.key, &pair);
        fs::write(&given.cert, params.self_signed(&pair).unwrap().pem()).unwrap();
        let (process, _) = given.serve("127.0.0.1:0");
        let mut status = std::process::Command::new(env!("CARGO_BIN_EXE_tmtpd"));
        let status = status.args(["status", "--data"]).arg(given.data()).output().unwrap();
        let status = String::from_utf8(status.stdout).unwrap();
        assert!(status.contains(&format!("certificate     {told}")), "{status}");
        process.signal(rustix::process::Signal::TERM);
        let log = process.end().stderr;
        assert_eq!(log.contains("the certificate expired on"), year == 1999, "{log}");
    }
}

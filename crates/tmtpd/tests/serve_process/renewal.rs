//! Tests of certificate reload under a running service: whole, in halves, and unasked.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use rustix::process::Signal;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::{TempDir, tempdir};
use tmtpd::admin::server::attach;
use tmtpd::config::Overrides;
use tmtpd::daemon::{Daemon, Source};
use tmtpd::shutdown::Shutdown;
use tracing_subscriber::fmt::MakeWriter;

use crate::certificates::{set_mode, write_pair};
use crate::process::PATIENCE;
use crate::services::host::{Host, Member, fingerprint_at, free_address};
use crate::tls;

/// How often the service looks at the files by itself, and a little more.
const LOOK: Duration = Duration::from_secs(61);

/// Where a certificate and its key lie.
struct Pair {
    cert: PathBuf,
    key: PathBuf,
}

impl Pair {
    fn in_folder(folder: &Path) -> Self {
        Self { cert: folder.join("cert.pem"), key: folder.join("key.pem") }
    }

    /// Puts another certificate and its key into the files.
    fn renew(&self) {
        write_pair(&self.cert, &self.key, &["chat.example.org"]);
    }

    fn fingerprint(&self) -> String {
        let der = CertificateDer::from_pem_file(&self.cert).unwrap();
        HEXLOWER.encode(&Sha256::digest(der))
    }
}

fn config(at: SocketAddr) -> String {
    format!(
        "[service]\nname = \"Club\"\ndata = \"data\"\nlisten = \"{at}\"\n\
         [tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n"
    )
}

/// A real process with a certificate in files.
fn start(at: SocketAddr) -> (Host, Pair) {
    let host = Host::start_in(&config(at), |folder| Pair::in_folder(folder).renew());
    host.process.ready();
    let pair = Pair::in_folder(host.folder.path());
    (host, pair)
}

/// Has the process look at its certificate, and gives what the log says of that.
fn hang_up(host: &Host) -> Vec<String> {
    host.process.signal(Signal::HUP);
    let mut lines = host.process.log_up_to(": reloaded");
    lines.retain(|line| line.contains("certificate"));
    lines
}

#[tokio::test]
async fn new_certificate_is_used_for_new_links_and_open_ones_stay() {
    let at = free_address();
    let (host, pair) = start(at);
    let mut ada = Member::join(at, None, "Ada Lovelace").await;
    let first = fingerprint_at(at, None).await;

    pair.renew();
    let told = hang_up(&host);
    assert!(matches!(&told[..], [line] if line.contains("Club: new links see a new certificate")));
    let second = fingerprint_at(at, None).await;
    assert_ne!(second, first);
    ada.works("under the first").await;

    // The same by command, whose words the log has too.
    pair.renew();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tmtpd"));
    let output = command.args(["reload", "--data"]).arg(host.path("data")).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told, "Club: new links see a new certificate\n");
    host.process.log_says("reload: Club: new links see a new certificate");
    host.process.log_says(": reloaded");
    assert_ne!(fingerprint_at(at, None).await, second);
    ada.works("under the first").await;

    // With nothing new there is nothing to tell.
    assert_eq!(hang_up(&host), [""; 0]);
    host.process.stop();
}

#[test]
fn links_report_the_certificate_of_their_own_handshake() {
    let at = free_address();
    let (host, pair) = start(at);
    let first = pair.fingerprint();
    let _open = tls::connect(at, &first).unwrap();
    let mut under_way = tls::connect_halfway(at, &first).unwrap();

    pair.renew();
    let told = hang_up(&host);
    assert!(matches!(&told[..], [line] if line.contains("new links see a new certificate")));
    let second = pair.fingerprint();
    let _new = tls::connect(at, &second).unwrap();
    let mut certificates = certificates_of_links(&host, 2);
    assert_eq!(certificates, [first.clone(), second.clone()]);

    // The service has shown its certificate to this one, and hears the end of the handshake only now.
    under_way.flush().unwrap();
    certificates = certificates_of_links(&host, 3);
    assert_eq!(certificates, [first.clone(), second, first]);
    host.process.stop();
}

/// Once there are as many links: the certificate of each, in the order in which they opened.
fn certificates_of_links(host: &Host, links: usize) -> Vec<String> {
    let started = Instant::now();
    loop {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tmtpd"));
        let output =
            command.args(["links", "--json", "--data"]).arg(host.path("data")).output().unwrap();
        let rows = String::from_utf8(output.stdout).unwrap();
        let rows = rows.lines().map(|row| serde_json::from_str::<Value>(row).unwrap());
        let certificates: Vec<_> =
            rows.map(|row| row["certificate_sha256"].as_str().unwrap().to_owned()).collect();
        if certificates.len() == links {
            return certificates;
        }
        assert!(started.elapsed() < PATIENCE, "{certificates:?}");
    }
}

#[tokio::test]
async fn half_written_certificate_is_logged_once_and_used_when_complete() {
    type Break = fn(&Pair);
    let ways: [(Break, &str); 8] = [
        (|pair| cut(&pair.cert, 2), "cert.pem holds no certificate in PEM"),
        (|pair| cut(&pair.key, 2), "key.pem holds no private key in PEM"),
        (|pair| cut(&pair.cert, 0), "cert.pem holds no certificate in PEM"),
        (|pair| cut(&pair.key, 0), "key.pem holds no private key in PEM"),
        (|pair| fs::remove_file(&pair.cert).unwrap(), "cert.pem cannot be read: No such file"),
        (|pair| fs::remove_file(&pair.key).unwrap(), "key.pem cannot be read: No such file"),
        (|pair| set_mode(&pair.key, 0o644), "may be read by every user of this machine"),
        (|_| {}, "does not belong to the certificate"),
    ];
    let at = free_address();
    let (host, pair) = start(at);
    let mut ada = Member::join(at, None, "Ada Lovelace").await;
    for (spoil, told) in ways {
        let before = fingerprint_at(at, None).await;
        let old_key = fs::read(&pair.key).unwrap();
        pair.renew();
        let (cert, key) = (fs::read(&pair.cert).unwrap(), fs::read(&pair.key).unwrap());
        // The certificate is new and its key is not yet.
        fs::write(&pair.key, old_key).unwrap();
        spoil(&pair);

        let lines = hang_up(&host);
        assert_eq!(lines.len(), 1, "{lines:?}");
        let kept = "WARN tmtpd::daemon::reload: reload: Club: keeps the certificate it has: ";
        assert!(lines[0].contains(kept) && lines[0].contains(told), "{lines:?}, not {told}");
        assert_eq!(fingerprint_at(at, None).await, before, "{told}");
        ada.works(told).await;

        fs::write(&pair.cert, cert).unwrap();
        fs::write(&pair.key, key).unwrap();
        set_mode(&pair.key, 0o600);
        let lines = hang_up(&host);
        assert!(lines[0].contains("new links see a new certificate"), "{lines:?}");
        assert_ne!(fingerprint_at(at, None).await, before, "{told}");
    }
    ada.works("all the time").await;
    host.process.stop();
}

/// Leaves one part in `parts` of a file; none of it with 0.
fn cut(file: &Path, parts: usize) {
    let bytes = fs::read(file).unwrap();
    let length = bytes.len().checked_div(parts).unwrap_or(0);
    fs::write(file, &bytes[..length]).unwrap();
}

#[tokio::test]
async fn running_service_never_replaces_its_own_certificate() {
    let at = free_address();
    let own = format!("[service]\nname = \"Club\"\ndata = \"data\"\nlisten = \"{at}\"\n");
    let host = Host::start(&own);
    let pinned = host.process.ready().fingerprint();
    let tls = host.path("data/tls");
    fs::rename(&tls, host.path("elsewhere")).unwrap();
    let lines = hang_up(&host);
    assert!(lines[0].contains("keeps the certificate it has") && lines.len() == 1, "{lines:?}");
    assert_eq!(fingerprint_at(at, None).await, pinned);
    assert!(!tls.exists(), "it made another");
    fs::rename(host.path("elsewhere"), &tls).unwrap();
    assert_eq!(hang_up(&host), [""; 0]);

    // From its own to one in files and back: members who pin its own are not shown a third.
    let pair = Pair::in_folder(host.folder.path());
    pair.renew();
    for (config, is_own) in [(config(at), false), (own, true), (config(at), false)] {
        host.configure(&config);
        let lines = hang_up(&host);
        assert!(lines[0].contains("new links see a new certificate"), "{lines:?}");
        assert_eq!(fingerprint_at(at, None).await == pinned, is_own);
    }
    host.process.stop();
}

/// In this process, whose clock can be set forward: nothing here waits for a minute.
#[tokio::test]
async fn changed_certificate_files_are_used_within_a_minute() {
    let log = Log::default();
    let lines = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let _guard = tracing::subscriber::set_default(lines);
    let at = free_address();
    let (folder, daemon) = start_here(at).await;
    let pair = Pair::in_folder(folder.path());
    let mut ada = Member::join(at, None, "Ada Lovelace").await;
    let first = fingerprint_at(at, None).await;

    let (old_key, old_cert) = (fs::read(&pair.key).unwrap(), fs::read(&pair.cert).unwrap());
    pair.renew();
    let new_key = fs::read(&pair.key).unwrap();
    fs::write(&pair.key, old_key).unwrap();
    for _ in 0..3 {
        assert_eq!(shown_in_a_minute(at).await, first);
        assert_eq!(log.count("cannot be used: the old one stays in use"), 1, "told once");
        assert_eq!(log.count("does not belong to the certificate"), 1, "with why");
        ada.works("under the first").await;
    }

    fs::write(&pair.key, new_key).unwrap();
    let second = shown_in_a_minute(at).await;
    assert_ne!(second, first);
    assert_eq!(log.count("new links see a new certificate"), 1);
    ada.works("still under the first").await;

    // Nothing that is wrong stays wrong for ever: only its permissions are put right.
    pair.renew();
    set_mode(&pair.key, 0o644);
    assert_eq!(shown_in_a_minute(at).await, second);
    assert_eq!(log.count("may be read by every user"), 1);
    set_mode(&pair.key, 0o600);
    let third = shown_in_a_minute(at).await;
    assert_ne!(third, second);

    // A reload has told it: the next look does not again.
    fs::write(&pair.cert, old_cert).unwrap();
    let report = daemon.reload().await.unwrap();
    assert_eq!((report.done.len(), report.left.len()), (0, 1), "{report}");
    assert_eq!(shown_in_a_minute(at).await, third);
    assert_eq!(log.count("does not belong to the certificate"), 2);
    daemon.stop();
    daemon.run().await.unwrap();
}

async fn start_here(at: SocketAddr) -> (TempDir, Daemon) {
    let folder = tempdir().unwrap();
    Pair::in_folder(folder.path()).renew();
    let file = folder.path().join("tmtpd.toml");
    fs::write(&file, config(at)).unwrap();
    let source = Source { over: Overrides::default(), file: Some(file) };
    let config = source.read().unwrap();
    let daemon = Daemon::start(source, config, Shutdown::new(), attach).await.unwrap();
    (folder, daemon)
}

/// Sets the clock of the runtime forward, and sees what a new link is shown: what was due by then is
/// done before the link is.
async fn shown_in_a_minute(at: SocketAddr) -> String {
    tokio::time::pause();
    tokio::time::advance(LOOK).await;
    tokio::time::resume();
    fingerprint_at(at, None).await
}

/// What is logged in this thread, which is that of the runtime.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Lines with this text.
    fn count(&self, text: &str) -> usize {
        let log = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        log.lines().filter(|line| line.contains(text)).count()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

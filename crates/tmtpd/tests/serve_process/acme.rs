//! Certificates ordered from an authority: a real one where it answers (Pebble, the test server of
//! Let's Encrypt: `cargo xtask acme`), and what members meet while there is none.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::tempdir;

use crate::process::{Process, serve};
use crate::tls;

#[test]
fn unreachable_authority_is_retried_while_serving() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tmtpd.toml");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = format!(
        "[service]\ndata = \"data\"\nlisten = \"127.0.0.1:0\"\n\
         [tls.acme]\nhosts = \"chat.example.org\"\ndirectory = \"https://{nobody}/directory\"\n"
    );
    fs::write(&file, config).unwrap();
    let process = Process::start(serve(&["--config", file.to_str().unwrap()]));
    let ready = process.ready();
    // As members will join once there is a certificate, not by the one that stands in.
    let address = &ready.addresses[0];
    assert_eq!((address.kind, address.host.as_str()), ('+', "chat.example.org"));
    assert_eq!(address.fingerprint, None);
    let told = process.log_says("no certificate was issued yet: apps refuse this service until");
    assert!(told.contains(&nobody.to_string()), "{told}");
    let told = process.log_says("no certificate was issued; the present one stays in use");
    assert!(told.contains("again_in_s=300") && told.contains("Connection refused"), "{told}");
    let shown = ready.note.trim_start_matches("(certificate sha256 ").trim_end_matches(')');
    let here = ([127, 0, 0, 1], address.port).into();
    tls::connect(here, &shown.replace(':', "").to_lowercase()).unwrap();

    // A reload does not wait.
    process.signal(rustix::process::Signal::HUP);
    let told = process.log_says("no certificate was issued; the present one stays in use");
    assert!(told.contains("again_in_s=600"), "{told}");
    let mode = fs::metadata(folder.path().join("data/tls")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    process.stop();
}

#[cfg(feature = "pebble")]
mod pebble {
    use std::fs;
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::sync::Arc;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
    use rustls::crypto::aws_lc_rs;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
    use tempfile::{TempDir, tempdir};
    use tmtp_testkit::peer::RawPeer;

    use crate::process::{PATIENCE, Process, serve};

    const HOST: &str = "chat.example.org";

    /// Pebble, which connects to `tls_port` for its challenges, with its own world of names, in which
    /// every host is this machine.
    struct Authority {
        children: Vec<Child>,
        directory: String,
        management: SocketAddr,
        folder: TempDir,
    }

    fn free() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    impl Authority {
        fn start(tls_port: u16, validity_s: u64) -> Self {
            let folder = tempdir().unwrap();
            let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
            write_own_certificate(folder.path());
            let (listen, management) = (free(), free());
            let names = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let config = serde_json::json!({"pebble": {
                "listenAddress": listen.to_string(),
                "managementListenAddress": management.to_string(),
                "certificate": path("cert.pem"),
                "privateKey": path("key.pem"),
                "httpPort": 1,
                "tlsPort": tls_port,
                "ocspResponderURL": "",
                "certificateValidityPeriod": validity_s,
            }});
            fs::write(path("pebble.json"), config.to_string()).unwrap();
            let names_server = Command::new("pebble-challtestsrv")
                .args(["-dns01", &names.to_string(), "-defaultIPv6", "", "-http01", ""])
                .args(["-https01", "", "-tlsalpn01", "", "-management", &free().to_string()])
                .stdout(Stdio::null())
                .spawn()
                .expect("pebble-challtestsrv: run this test by cargo xtask acme");
            let pebble = Command::new("pebble")
                .args(["-config", &path("pebble.json"), "-dnsserver", &names.to_string()])
                .env("PEBBLE_VA_NOSLEEP", "1")
                .stdout(Stdio::null())
                .spawn()
                .expect("pebble: run this test by cargo xtask acme");
            let directory = format!("https://{listen}/dir");
            let authority =
                Self { children: vec![names_server, pebble], directory, management, folder };
            authority.wait(listen);
            authority.wait(management);
            authority
        }

        fn wait(&self, at: SocketAddr) {
            let started = std::time::Instant::now();
            while TcpStream::connect(at).is_err() {
                assert!(started.elapsed() < PATIENCE, "nobody at {at}");
                std::thread::yield_now();
            }
        }

        /// The certificate that vouches for what it issues.
        fn root(&self) -> CertificateDer<'static> {
            let ours = CertificateDer::from_pem_file(self.folder.path().join("ca.pem")).unwrap();
            let tls = connect(self.management, "localhost", ours).unwrap();
            let mut tls = tls;
            tls.write_all(b"GET /roots/0 HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
            let mut answer = Vec::new();
            // It ends without TLS's farewell.
            let _ = tls.read_to_end(&mut answer);
            CertificateDer::from_pem_slice(&answer).unwrap()
        }

        fn stop(&mut self) {
            for child in &mut self.children {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }

    impl Drop for Authority {
        fn drop(&mut self) {
            self.stop();
        }
    }

    /// The directory itself is served with a certificate of an authority of ours.
    fn write_own_certificate(folder: &Path) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Directory");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let issued = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
        fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
        fs::write(folder.join("cert.pem"), issued.pem()).unwrap();
        fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    }

    /// Shakes hands as an app does that joined by `+host:port`: name and chain are checked.
    fn connect(
        at: SocketAddr,
        host: &str,
        root: CertificateDer<'static>,
    ) -> Result<StreamOwned<ClientConnection, TcpStream>, std::io::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(root).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut tcp = TcpStream::connect(at)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp)?;
        }
        Ok(StreamOwned::new(tls, tcp))
    }

    struct Club {
        folder: TempDir,
        at: SocketAddr,
    }

    impl Club {
        fn new() -> Self {
            Self { folder: tempdir().unwrap(), at: free() }
        }

        fn start(&self, authority: &Authority) -> Process {
            let file = self.folder.path().join("tmtpd.toml");
            let config = format!(
                "[service]\ndata = \"data\"\nlisten = \"{}\"\n[tls.acme]\nhosts = \"{HOST}\"\n\
                 contact = \"admin@example.org\"\ndirectory = \"{}\"\nroot = \"{}\"\n",
                self.at,
                authority.directory,
                authority.folder.path().join("ca.pem").display(),
            );
            fs::write(&file, config).unwrap();
            let process = Process::start(serve(&["--config", file.to_str().unwrap()]));
            let ready = process.ready();
            assert_eq!((ready.addresses[0].kind, ready.addresses[0].host.as_str()), ('+', HOST));
            process
        }
    }

    const ISSUED: &str = "new links see a certificate that was just issued";

    #[test]
    fn issued_certificate_is_stored_and_served_after_a_restart() {
        let club = Club::new();
        let mut authority = Authority::start(club.at.port(), 86_400);
        let process = club.start(&authority);
        process.log_says("no certificate was issued yet");
        process.log_says(ISSUED);
        let root = authority.root();
        let link = connect(club.at, HOST, root.clone()).unwrap();
        assert!(connect(club.at, "other.example.org", root.clone()).is_err());
        let shown = link.conn.peer_certificates().unwrap()[0].clone();
        drop(link);
        for kept in ["acme.pem", "acme-account.json"] {
            let kept = club.folder.path().join("data/tls").join(kept);
            let mode = fs::metadata(&kept).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", kept.display());
        }
        process.stop();

        authority.stop();
        let process = club.start(&authority);
        let link = connect(club.at, HOST, root).unwrap();
        assert_eq!(link.conn.peer_certificates().unwrap()[0], shown);
        process.stop();
    }

    /// The authority issues for half a minute, so that renewing falls into the test.
    #[tokio::test(flavor = "multi_thread")]
    async fn certificate_is_renewed_in_time_without_dropping_links() {
        let club = Club::new();
        let authority = Authority::start(club.at.port(), 30);
        let process = club.start(&authority);
        process.log_says(ISSUED);
        let first = RawPeer::connect_to(club.at, Some(HOST)).await;
        let mut peer = first.unwrap();
        peer.greet().await.unwrap();
        peer.register("Ada Lovelace").await.unwrap();
        let shown = peer.certificate().unwrap().to_owned();

        process.log_says(ISSUED);
        peer.add_device("after it was renewed").await.unwrap();
        let later = RawPeer::connect_to(club.at, Some(HOST)).await.unwrap();
        assert_ne!(later.certificate().unwrap(), shown);
        process.stop();
    }

    /// Nobody else gets the authority's answer, and it opens no link.
    #[test]
    fn unrequested_acme_challenge_gets_no_answer() {
        let club = Club::new();
        let authority = Authority::start(free().port(), 86_400);
        let process = club.start(&authority);
        let told = process.log_says("no certificate was issued; the present one stays in use");
        assert!(told.contains("could not convince itself that this service answers"), "{told}");
        assert!(connect(club.at, HOST, authority.root()).is_err(), "the stand-in convinced an app");
        process.stop();
    }
}

//! Tests of several services on one address, told apart by TLS server name.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, ClientConnection, Error, RootCertStore};
use tmtp_testkit::peer::RawPeer;

use super::host::{Host, Member, fingerprint_at, free_address, name_of, service};

const CLUB: Option<&str> = Some("club.example");
const CHESS: Option<&str> = Some("chess.example");

/// Two services on one port; `more` goes to the second.
fn two(at: SocketAddr, more: &str) -> String {
    let at = at.to_string();
    service("Club", &at, "server_names = [\"club.example\", \"www.club.example\"]")
        + &service("Chess", &at, &format!("server_names = \"Chess.Example\"\n{more}"))
}

/// What a service says to a hello with this name, as far as the TLS of an app sees it.
fn refusal(at: SocketAddr, server_name: Option<&str>) -> Error {
    let name = match server_name {
        Some(name) => ServerName::try_from(name.to_owned()).unwrap(),
        None => ServerName::IpAddress(at.ip().into()),
    };
    let config =
        ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
    let mut tls = ClientConnection::new(config.into(), name).unwrap();
    let mut tcp = TcpStream::connect(at).unwrap();
    let mut hello = Vec::new();
    tls.write_tls(&mut hello).unwrap();
    tcp.write_all(&hello).unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).unwrap();
    tls.read_tls(&mut answer.as_slice()).unwrap();
    tls.process_new_packets().unwrap_err()
}

#[tokio::test]
async fn server_name_selects_the_service() {
    let at = free_address();
    let host = Host::start(&two(at, ""));
    let (club, chess) = (host.ready("Club"), host.ready("Chess"));
    // Members need the name, not the number.
    assert_eq!((club.host.as_str(), club.port), ("club.example", at.port()));
    assert_eq!((chess.host.as_str(), chess.port), ("chess.example", at.port()));
    assert_ne!(club.fingerprint, chess.fingerprint);
    for (name, address) in [(CLUB, &club), (Some("www.club.example"), &club), (CHESS, &chess)] {
        assert_eq!(Some(fingerprint_at(at, name).await), address.fingerprint);
    }
    assert_eq!(name_of(at, Some("WWW.CLUB.EXAMPLE")).await, "Club");
    assert_eq!(name_of(at, CHESS).await, "Chess");

    // A member of one is nobody in the other.
    let ada = Member::join(at, CLUB, "Ada Lovelace").await;
    let mut elsewhere = RawPeer::connect_to(at, CHESS).await.unwrap();
    elsewhere.greet().await.unwrap();
    assert!(elsewhere.login(&ada.uid, &ada.node).await.is_err(), "one's members are the other's");
    assert!(host.path("Club/rows.redb").exists() && host.path("Chess/rows.redb").exists());
    host.process.stop();
}

#[tokio::test]
async fn unknown_server_name_is_refused_without_a_default() {
    let at = free_address();
    let host = Host::start(&two(at, ""));
    host.ready("Club");
    host.ready("Chess");
    let expected = Error::AlertReceived(AlertDescription::UnrecognisedName);
    for name in [None, Some("other.example"), Some("example"), Some("a.club.example")] {
        assert_eq!(refusal(at, name), expected, "{name:?}");
    }
    host.process.log_says("no service here has the requested TLS server name");
    assert_eq!(name_of(at, CLUB).await, "Club");

    host.reload(&two(at, "default = true"));
    for name in [None, Some("other.example")] {
        assert_eq!(name_of(at, name).await, "Chess", "{name:?}");
    }
    assert_eq!(name_of(at, CLUB).await, "Club");
    host.process.stop();
}

#[tokio::test]
async fn service_alone_on_an_address_accepts_every_name() {
    let host = Host::start(
        &(service("Club", "127.0.0.1:0", "server_names = \"club.example\"")
            + &service("Chess", "127.0.0.1:0", "")),
    );
    let (club, chess) = (host.ready("Club"), host.ready("Chess"));
    let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    for name in [None, CLUB, CHESS] {
        assert_eq!(name_of(at(club.port), name).await, "Club");
        assert_eq!(name_of(at(chess.port), name).await, "Chess");
    }
    host.process.stop();
}

#[tokio::test]
async fn services_on_one_address_have_separate_limits() {
    let at = free_address();
    let host = Host::start(&two(at, "[service.limits]\nlinks_total = 1"));
    host.ready("Club");
    host.ready("Chess");
    let first = Member::join(at, CHESS, "Grace Hopper").await;
    assert!(RawPeer::connect_to(at, CHESS).await.is_err(), "a second link is let in");
    host.process.log_says("link refused: there are limits.links_total links already");
    let _many = [
        Member::join(at, CLUB, "Ada the first").await,
        Member::join(at, CLUB, "Ada the second").await,
    ];
    drop(first);
    host.process.stop();
}

#[tokio::test]
async fn configured_public_address_is_shown() {
    let host = Host::start(
        &(service("Club", "127.0.0.1:0", "public = \"chat.example.org:443\"")
            + &service("Chess", "127.0.0.1:0", "")),
    );
    let club = host.ready("Club");
    assert_eq!((club.kind, club.host.as_str(), club.port), ('=', "chat.example.org", 443));
    host.process.stop();
}

//! Attacks below the protocol: connections that say nothing, handshakes without end, and TLS that asks
//! for more keys.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use tmtp_testkit::peer::RawPeer;

use crate::cast::{Bystanders, Member, open_files, service, until, until_logged};
use crate::renegotiation::Tls12;

/// A ClientHello that any TLS server answers: version 1.3, one cipher, one group, a share of it.
pub(crate) fn client_hello() -> Vec<u8> {
    let share = [7; 32];
    let extensions = [
        &[0, 43, 0, 3, 2, 3, 4][..], // supported_versions: 1.3
        &[0, 13, 0, 4, 0, 2, 4, 3],  // signature_algorithms: ecdsa_secp256r1_sha256
        &[0, 10, 0, 4, 0, 2, 0, 29], // supported_groups: x25519
        &[0, 51, 0, 38, 0, 36, 0, 29, 0, 32],
        &share, // key_share
    ];
    hello([0x13, 0x03], &extensions.concat())
}

/// The same in version 1.2.
fn client_hello_of_12() -> Vec<u8> {
    let extensions = [
        &[0, 13, 0, 4, 0, 2, 4, 3][..],
        &[0, 10, 0, 4, 0, 2, 0, 29],
        &[0, 11, 0, 2, 1, 0], // ec_point_formats: uncompressed
    ];
    hello([0xc0, 0x2b], &extensions.concat())
}

fn hello(cipher: [u8; 2], extensions: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes();
    let body =
        [&[3, 3][..], &[1; 32], &[0], &[0, 2], &cipher, &[1, 0], &length(extensions), extensions]
            .concat();
    let message = [&[1, 0][..], &length(&body), &body].concat();
    [&[22, 3, 1][..], &length(&message), &message].concat()
}

#[tokio::test]
async fn silent_connections_are_closed_and_freed() {
    let service = service("login_timeout_s = 1");
    let mut bystanders = Bystanders::join(&service).await;
    let files = open_files(&service);
    let silent: Vec<_> = (0..400).map(|_| TcpStream::connect(service.address()).unwrap()).collect();
    bystanders.are_served().await;
    for mut stream in silent {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // Closed by the service, which says nothing.
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    }
    until("their files are closed", || open_files(&service) <= files).await;
    bystanders.are_served().await;
}

#[tokio::test]
async fn members_are_served_during_a_handshake_flood() {
    let service = service("handshakes_at_once = 1");
    let mut bystanders = Bystanders::join(&service).await;
    let files = open_files(&service);
    let rss = service.rss_kib().unwrap();
    let (address, hello) = (service.address(), client_hello());
    let flood = tokio::task::spawn_blocking(move || {
        for _ in 0..20 {
            let streams: Vec<_> = (0..100)
                .map(|_| {
                    let mut stream = TcpStream::connect(address).unwrap();
                    // The service may close those that are too many.
                    let _ = stream.write_all(&hello);
                    stream
                })
                .collect();
            drop(streams);
        }
    });
    while !flood.is_finished() {
        bystanders.are_served().await;
    }
    flood.await.unwrap();
    until("all are closed", || open_files(&service) <= files).await;
    let grown = service.rss_kib().unwrap().saturating_sub(rss);
    assert!(grown < 32 << 10, "2,000 handshakes left {grown} KiB");
    bystanders.are_served().await;
}

#[tokio::test]
async fn mutated_client_hellos_are_answered_or_refused() {
    let service = service("login_timeout_s = 1");
    let hello = client_hello();
    // Whole: the service answers, so what is broken below is broken by what is changed.
    let mut stream = TcpStream::connect(service.address()).unwrap();
    stream.write_all(&hello).unwrap();
    let mut answer = [0; 6];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!((answer[0], answer[5]), (22, 2), "a ServerHello");
    for at in 0..hello.len() {
        let mut broken = hello.clone();
        broken[at] ^= 0xff;
        let mut stream = TcpStream::connect(service.address()).unwrap();
        let _ = stream.write_all(&broken[..]);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    Bystanders::join(&service).await.are_served().await;
}

#[tokio::test]
async fn endless_tls_messages_are_cut() {
    // Far longer than anything here takes.
    let service = service("login_timeout_s = 60");
    let mut bystanders = Bystanders::join(&service).await;
    // A hello of 60,000 bytes, and a key exchange of 65,535 with a record for each of its bytes.
    let record = [&[22, 3, 1, 0x3e, 0x80][..], &[0; 16_000]].concat();
    let mut long_hello = record.repeat(3);
    long_hello[5..9].copy_from_slice(&[1, 0, 0xea, 0x60]);
    let exchange = [16, 0, 0xff, 0xff].into_iter().chain([0; 30_000]);
    let in_pieces = exchange.flat_map(|byte| [22, 3, 3, 0, 1, byte]);
    let in_pieces = client_hello_of_12().into_iter().chain(in_pieces).collect();
    for attack in [long_hello, in_pieces] {
        let mut stream = TcpStream::connect(service.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // The service may have had enough before the end.
        let _ = stream.write_all(&attack);
        let mut answer = Vec::new();
        if let Err(error) = stream.read_to_end(&mut answer) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it waits for more");
        }
    }
    bystanders.are_served().await;
}

#[tokio::test]
async fn renegotiation_is_refused() {
    let service = service("");
    let mut link = Tls12::connect(service.address());
    let mut records = Vec::new();
    for _ in 0..10 {
        link.ask_to_renegotiate();
    }
    link.read_records(&mut records);
    // Alerts only, never a new handshake.
    assert!(!records.is_empty() && records.iter().all(|kind| *kind == 21), "{records:?}");
    Bystanders::join(&service).await.are_served().await;
}

#[tokio::test]
async fn endless_key_updates_end_the_link() {
    let service = service("");
    let mut bystanders = Bystanders::join(&service).await;
    let mut attacker = Member::join(&service, "key attacker").await;
    let rss = service.rss_kib().unwrap();
    let mut asked = 0;
    while attacker.peer.refresh_keys().await.is_ok() {
        asked += 1;
        assert!(asked < 1_000_000, "it computes new keys for ever");
    }
    until_logged(&service, "link ended").await;
    let grown = service.rss_kib().unwrap().saturating_sub(rss);
    assert!(grown < 16 << 10, "{asked} key updates left {grown} KiB");
    bystanders.are_served().await;
}

#[tokio::test]
async fn occasional_key_updates_are_accepted() {
    let service = service("");
    let (mut peer, uid, _) = RawPeer::join(service.address(), "careful member").await.unwrap();
    for _ in 0..100 {
        peer.refresh_keys().await.unwrap();
        peer.post(&[&uid], b"under new keys").await.unwrap();
        peer.receive("delivery").await.unwrap();
    }
}

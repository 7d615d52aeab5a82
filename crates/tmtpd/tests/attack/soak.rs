//! Soak test of links: the life of one, over and over, so that what it leaves behind would add up. `SOAK_LIVES` says how many
//! each member has, for a longer run than that of every test.

use std::fs;
use std::net::SocketAddr;

use serde_json::json;
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cast::{Member, figure, service, until};
use crate::handshake::client_hello;
use crate::http;

/// Who live at once.
const MEMBERS: usize = 16;
/// Lives of each before memory is looked at for the first time, and then until the second.
const WARM_UP: usize = 20;
const LIVES: usize = 4 * WARM_UP;
/// What the process may have grown by in the second part: a quarter of it is noise.
const GROWN_KIB_MAX: u64 = 2 << 10;

/// From the first byte to the last: strangers first, then a member.
async fn live(at: SocketAddr, uid: &str, node: &str, life: usize) {
    for said in [&b"not a hello"[..], b"", &client_hello()[..100], &client_hello()] {
        let mut stranger = TcpStream::connect(at).await.unwrap();
        // The service may be done with it before it is done with saying it.
        let _ = stranger.write_all(said).await;
        let _ = stranger.shutdown().await;
        let _ = stranger.read_to_end(&mut Vec::new()).await;
    }

    let mut peer = enter(at, uid, node).await;
    let letter = [b'l'; 1_000];
    peer.post(&[uid], &letter).await.unwrap();
    assert_eq!(peer.receive("delivery").await.unwrap().data, letter);
    peer.request(json!({"op": 4, "id": "o", "type": "init", "for": [{"id": uid}]})).await.unwrap();
    peer.expect_ack("o").await.unwrap();
    peer.post(&["nobody"], b"refused").await.unwrap_err();
    peer.ping("not mine", "nobody", "refused").await.unwrap_err();
    match life % 3 {
        0 => peer.quit().await.unwrap(),
        1 => peer.drop_link(),
        _ => {
            peer.send_raw(b"zzzz").await.unwrap();
            peer.expect_quit("invalid header length").await.unwrap();
        }
    }
}

/// Logs in, as soon as the service has seen the end of the life before.
async fn enter(at: SocketAddr, uid: &str, node: &str) -> RawPeer {
    loop {
        match RawPeer::enter(at, uid, node).await {
            Ok(peer) => return peer,
            Err(error) => assert!(format!("{error:?}").contains("node already connected")),
        }
    }
}

/// So many lives of each member; comes back when all links have ended.
async fn lives(service: &ServiceProcess, members: &[(String, String)], count: usize) {
    let at = service.address();
    let living = members.iter().cloned().map(|(uid, node)| {
        tokio::spawn(async move {
            for life in 0..count {
                live(at, &uid, &node, life).await;
            }
        })
    });
    for living in living.collect::<Vec<_>>() {
        living.await.unwrap();
    }
    let monitor = http::address(&service.log_file());
    until("all links have ended", || figure(&monitor, "tmtpd_links_open") == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_links_do_not_leak() {
    // A cache that is full from the start does not fill up meanwhile.
    let config = format!("[store]\ncache_bytes = \"1 MiB\"\n{}", http::CONFIG);
    let service = ServiceProcess::start_with(&config, &[]).unwrap();
    let mut members = Vec::new();
    for number in 0..MEMBERS {
        let member = Member::join(&service, &format!("member {number:04}")).await;
        members.push((member.uid, member.node));
    }
    lives(&service, &members, WARM_UP).await;
    let warm = service.rss_kib().unwrap();
    let each = std::env::var("SOAK_LIVES").map_or(LIVES, |each| each.parse().unwrap());
    lives(&service, &members, each).await;
    let grown = service.rss_kib().unwrap().saturating_sub(warm);
    println!("{} lives left {grown} KiB", MEMBERS * each);
    assert!(grown < GROWN_KIB_MAX, "{} lives left {grown} KiB", MEMBERS * each);
}

/// Threads of the process.
fn threads(service: &ServiceProcess) -> usize {
    fs::read_dir(format!("/proc/{}/task", service.pid().unwrap())).unwrap().count()
}

/// While a thread waits for the disk another one goes on with the links, and each has buffers.
#[tokio::test]
async fn concurrent_large_letters_share_threads() {
    let service = service("");
    let before = (threads(&service), service.rss_kib().unwrap());
    let mut members = Vec::new();
    for number in 0..200 {
        members.push(Member::join(&service, &format!("member {number:04}")).await);
    }
    let chunk = [b'l'; 70_000];
    for member in &mut members {
        let uid = member.uid.clone();
        member.peer.start_large_post(&[&uid], &chunk, 3).await.unwrap();
    }
    for member in &mut members {
        member.peer.receive("delivery").await.unwrap();
    }
    let grown = threads(&service) - before.0;
    let rss = service.rss_kib().unwrap() - before.1;
    assert!(grown <= 40, "{grown} threads more");
    assert!(rss < 48 << 10, "200 long letters take {rss} KiB");
}

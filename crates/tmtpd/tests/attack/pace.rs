//! Attack: slow peers that send or take a byte now and then.

use std::time::Duration;

use serde_json::json;
use tmtp_testkit::peer::RawPeer;
use tokio::time::{sleep, timeout};

use crate::cast::{Bystanders, Member, service, until_logged};

/// A window short enough for a test; nobody honest is measured by it here.
const STRICT: &str = "rate_min_bytes_per_s = 1000\nrate_window_s = 1";
/// More than the system's buffers between two sockets of one machine hold.
const TOO_MUCH_TO_BUFFER: usize = 16 << 20;

/// Sends a byte ten times a second until the service has had enough.
async fn trickle(member: &mut Member) {
    while member.peer.send_raw(b" ").await.is_ok() {
        // Not synchronisation: the attacker's slowness.
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn trickled_header_ends_the_link() {
    let service = service(STRICT);
    let mut attacker = Member::join(&service, "slow attacker").await;
    attacker.peer.send_raw(b"ffff{").await.unwrap();
    trickle(&mut attacker).await;
    until_logged(&service, "sent too slowly").await;
    Bystanders::join(&service).await.are_served().await;
}

#[tokio::test]
async fn trickled_data_ends_the_link() {
    let service = service(STRICT);
    for announced in [60_000, 1 << 30] {
        let mut attacker = Member::join(&service, "_").await;
        let head = json!({"op": 7, "id": "1", "for": [], "datalen": announced});
        attacker.peer.request(head).await.unwrap();
        trickle(&mut attacker).await;
    }
    until_logged(&service, "sent too slowly").await;
    Bystanders::join(&service).await.are_served().await;
}

/// Sends requests until the service listens no more, and gives the bytes that it took.
async fn send_until_stuck(member: &mut Member, request: &str) -> usize {
    let frame = format!("{:04x}{request}", request.len());
    let mut sent = 0;
    // A service that takes nothing for so long while bytes are there does not read.
    let stuck = Duration::from_millis(500);
    while let Ok(Ok(())) = timeout(stuck, member.peer.send_raw(frame.as_bytes())).await {
        sent += frame.len();
        assert!(sent < 4 * TOO_MUCH_TO_BUFFER, "it listens to one who does not");
    }
    sent
}

#[tokio::test]
async fn non_reading_peer_is_bounded_and_disconnected() {
    let service = service(STRICT);
    let mut bystanders = Bystanders::join(&service).await;
    let mut attacker = Member::join(&service, "deaf attacker").await;
    // The answers wait for the end of a message that never ends.
    let mut author = Member::join(&service, "long author").await;
    let body = vec![b'x'; TOO_MUCH_TO_BUFFER];
    author.peer.post(&[&attacker.uid], &body).await.unwrap();
    let before = service.rss_kib().unwrap();
    let id = "\"".repeat(8_000).replace('"', "\\\"");
    let request = json!({"op": 6, "act": "join", "gid": "no such group", "id": "ID"});
    send_until_stuck(&mut attacker, &request.to_string().replace("ID", &id)).await;
    bystanders.are_served().await;
    let grown = service.peak_rss_kib().unwrap().saturating_sub(before);
    assert!(grown < 16 * 1_024, "it grew by {grown} KiB");
    until_logged(&service, "read too slowly").await;
    bystanders.are_served().await;
}

#[tokio::test]
async fn pulses_do_not_save_a_non_reading_peer() {
    let service = service(STRICT);
    let mut attacker = Member::join(&service, "deaf attacker").await;
    let mut author = Member::join(&service, "long author").await;
    let body = vec![b'x'; TOO_MUCH_TO_BUFFER];
    author.peer.post(&[&attacker.uid], &body).await.unwrap();
    while attacker.peer.pulse().await.is_ok() {
        // Not synchronisation: the attacker's slowness.
        sleep(Duration::from_millis(100)).await;
    }
    until_logged(&service, "read too slowly").await;
    // What it was owed it is still owed.
    let mut again = RawPeer::connect(service.address()).await.unwrap();
    again.greet().await.unwrap();
    let login = json!({"op": 2, "uid": attacker.uid, "node": attacker.node});
    again.request(login).await.unwrap();
    let delivery = again.receive("delivery").await.unwrap();
    assert_eq!(delivery.data.len(), TOO_MUCH_TO_BUFFER);
}

#[tokio::test]
async fn idle_peer_may_be_silent() {
    let service = service(STRICT);
    let mut bystanders = Bystanders::join(&service).await;
    bystanders.are_served().await;
    // Two are found too slow, one after the other, while those two say nothing.
    for _ in 0..2 {
        let mut attacker = Member::join(&service, "_").await;
        attacker.peer.send_raw(b"ffff{").await.unwrap();
        attacker.peer.expect_closed().await.unwrap();
    }
    bystanders.are_served().await;
}

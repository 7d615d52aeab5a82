//! Tests of full queues: nothing is lost, and one who fetches nothing stops nobody else.

use serde_json::json;
use tmtp_testkit::peer::RawPeer;

use super::{Member, start};

#[tokio::test]
async fn member_with_a_full_queue_refuses_posts_until_it_is_fetched() {
    for limit in ["owed_messages_max = 10", "owed_bytes_max = \"64 KiB\""] {
        let mut service = start(limit);
        let mut ada = Member::join(&service, "ada lovelace").await;
        let mut bob = Member::join(&service, "bob babbage").await;
        bob.peer.quit().await.unwrap();
        let to_bob = json!([{"id": bob.uid, "type": 1}]);
        let body = vec![b'x'; 8_000];
        let mut accepted = 0;
        while ada.ask(json!({"op": 7, "for": to_bob}), &body).await.is_empty() {
            accepted += 1;
            assert!(accepted <= 10, "{limit}");
        }
        assert!(accepted > 5, "{limit}: {accepted}");
        assert!(ada.posts(to_bob.clone()).await.contains("fetched nothing for long"));
        assert!(ada.pings(bob.alias).await.contains("fetched nothing for long"));
        assert!(ada.invites(bob.alias, "the engine").await.contains("fetched nothing for long"));

        // Counted anew after a crash, from what is on the disk.
        service.kill9().unwrap();
        service.restart().unwrap();
        ada.come_back(&service).await;
        assert!(ada.posts(to_bob.clone()).await.contains("fetched nothing for long"));

        bob.peer = RawPeer::enter(service.address(), &bob.uid, &bob.node).await.unwrap();
        for _ in 0..accepted {
            bob.peer.receive("delivery").await.unwrap();
        }
        // The service counts what he fetched within moments.
        while !ada.posts(to_bob.clone()).await.is_empty() {}
        let delivery = bob.peer.receive("delivery").await.unwrap();
        assert_eq!(delivery.data, b"letter");
    }
}

#[tokio::test]
async fn absent_device_blocks_nobody_and_gets_a_gap_notice() {
    let service = start("owed_messages_max = 100");
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    let tablet = bob.peer.add_device("tablet").await.unwrap();
    let uid = bob.uid.clone();
    for _ in 0..150 {
        // What the other device fetched is counted a moment later; until then both may be full.
        while !ada.posts(json!([{"id": uid, "type": 1}])).await.is_empty() {}
        assert_eq!(bob.peer.receive("delivery").await.unwrap().data, b"letter");
    }
    // One place of a hundred was taken by the word of the tablet's own making.
    let mut tablet = RawPeer::enter(service.address(), &uid, &tablet).await.unwrap();
    for _ in 0..99 {
        assert_eq!(tablet.receive("delivery").await.unwrap().data, b"letter");
    }
    let word = tablet.receive("delivery").await.unwrap();
    let text = String::from_utf8(word.data).unwrap();
    assert!(text.contains("that 51 messages for it had to be given up"), "{text}");
}

#[tokio::test]
async fn group_post_skips_full_queues_and_notifies_the_author() {
    let service = start("owed_messages_max = 200");
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    let mut eve = Member::join(&service, "eve malory").await;
    for member in [&mut bob, &mut eve] {
        assert_eq!(ada.invites(member.alias, "the engine").await, "");
        assert_eq!(member.joins("the engine").await, "");
    }
    bob.peer.quit().await.unwrap();
    let mut unreached = 0;
    for _ in 0..300 {
        assert_eq!(ada.posts(json!([{"id": "the engine", "type": 3}])).await, "");
        assert_eq!(eve.peer.receive("delivery").await.unwrap().data, b"letter");
    }
    // Her own device is told by the service, in the commit of each such post.
    assert_eq!(ada.posts(json!([{"id": ada.uid, "type": 1}])).await, "");
    loop {
        let frame = ada.peer.receive("delivery").await.unwrap();
        if frame.data == b"letter" {
            break;
        }
        let text = String::from_utf8(frame.data).unwrap();
        assert!(text.contains("was not delivered to bob babbage"), "{text}");
        unreached += 1;
    }
    assert!((100..150).contains(&unreached), "{unreached}");
}

//! Tests of the limits of one member, on the wire: every limit that is configured is told in
//! the ack, costs the member nothing but that request, and holds after a crash.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

#[path = "member_limits/full.rs"]
mod full;

use std::net::Ipv4Addr;

use serde_json::{Value, json};
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;

fn start(limits: &str) -> ServiceProcess {
    ServiceProcess::start_with(&format!("[limits]\n{limits}\n"), &[]).unwrap()
}

/// A member on the link.
struct Member {
    peer: RawPeer,
    alias: &'static str,
    uid: String,
    node: String,
}

impl Member {
    async fn join(service: &ServiceProcess, alias: &'static str) -> Self {
        let (peer, uid, node) = RawPeer::join(service.address(), alias).await.unwrap();
        Self { peer, alias, uid, node }
    }

    async fn join_from(service: &ServiceProcess, from: Ipv4Addr, alias: &'static str) -> Self {
        let mut peer = RawPeer::connect_from(from.into(), service.address()).await.unwrap();
        peer.greet().await.unwrap();
        let (uid, node) = peer.register(alias).await.unwrap();
        Self { peer, alias, uid, node }
    }

    async fn come_back(&mut self, service: &ServiceProcess) {
        self.peer = RawPeer::enter(service.address(), &self.uid, &self.node).await.unwrap();
    }

    /// What the ack of a request says; nothing if it is granted.
    async fn ask(&mut self, mut head: Value, data: &[u8]) -> String {
        let id = self.peer.request_id();
        head["id"] = json!(id);
        if !data.is_empty() {
            head["datalen"] = json!(data.len());
        }
        self.peer.send(&head.to_string(), data).await.unwrap();
        self.peer.expect_ack(&id).await.unwrap().text("error").to_owned()
    }

    async fn pings(&mut self, alias: &str) -> String {
        self.ask(json!({"op": 9, "from": self.alias, "to": alias}), b"").await
    }

    async fn invites(&mut self, alias: &str, gid: &str) -> String {
        self.ask(json!({"op": 5, "gid": gid, "from": self.alias, "to": alias}), b"").await
    }

    async fn joins(&mut self, gid: &str) -> String {
        self.ask(json!({"op": 6, "gid": gid, "act": "join"}), b"").await
    }

    async fn leaves(&mut self, gid: &str) -> String {
        self.ask(json!({"op": 6, "gid": gid, "act": "drop", "to": self.alias}), b"").await
    }

    async fn posts(&mut self, to: Value) -> String {
        self.ask(json!({"op": 7, "for": to}), b"letter").await
    }
}

#[tokio::test]
async fn unanswered_pings_are_limited() {
    let mut service = start("unanswered_pings_max = 2");
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    let _eve = Member::join(&service, "eve malory").await;

    assert_eq!(ada.pings(bob.alias).await, "");
    // An invitation is a ping too, and an alias more is no member more.
    assert_eq!(ada.invites(bob.alias, "the engine").await, "");
    let error = ada.pings(bob.alias).await;
    assert!(error.contains("has not answered your last pings"), "{error}");
    assert!(ada.invites(bob.alias, "the engine").await.contains("has not answered"));
    assert_eq!(ada.ask(json!({"op": 3, "newalias": "ada of the engine"}), b"").await, "");
    let head = json!({"op": 9, "from": "ada of the engine", "to": bob.alias});
    assert!(ada.ask(head, b"hello").await.contains("has not answered"));
    // Others are no matter of theirs.
    assert_eq!(ada.pings("eve malory").await, "");

    // A crash resets nothing.
    service.kill9().unwrap();
    service.restart().unwrap();
    ada.come_back(&service).await;
    bob.come_back(&service).await;
    assert!(ada.pings(bob.alias).await.contains("has not answered"));
    assert_eq!(ada.pings("eve malory").await, "");
    assert!(ada.pings("eve malory").await.contains("has not answered"));

    // A letter to her by name is an answer, and so is what comes after a crash.
    assert_eq!(bob.posts(json!([{"id": ada.uid, "type": 1}])).await, "");
    service.kill9().unwrap();
    service.restart().unwrap();
    ada.come_back(&service).await;
    for _ in 0..5 {
        assert_eq!(ada.pings(bob.alias).await, "");
    }
}

#[tokio::test]
async fn ping_back_is_an_answer() {
    let service = start("unanswered_pings_max = 1");
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    assert_eq!(ada.pings(bob.alias).await, "");
    assert!(ada.pings(bob.alias).await.contains("has not answered"));
    for _ in 0..3 {
        assert_eq!(bob.pings(ada.alias).await, "");
        assert_eq!(ada.pings(bob.alias).await, "");
    }
}

#[tokio::test]
async fn member_of_the_same_group_is_no_stranger() {
    let service = start("unanswered_pings_max = 1");
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    assert_eq!(ada.invites(bob.alias, "the engine").await, "");
    assert!(ada.pings(bob.alias).await.contains("has not answered"));
    assert_eq!(bob.joins("the engine").await, "");
    for _ in 0..3 {
        assert_eq!(ada.pings(bob.alias).await, "");
    }
}

#[tokio::test]
async fn daily_ping_count_survives_a_crash() {
    let mut service = start("pings_per_day = 3\nunanswered_pings_max = 1000");
    let mut ada = Member::join(&service, "ada lovelace").await;
    let bob = Member::join(&service, "bob babbage").await;
    assert_eq!(ada.pings(bob.alias).await, "");
    assert_eq!(ada.invites(bob.alias, "the engine").await, "");
    service.kill9().unwrap();
    service.restart().unwrap();
    ada.come_back(&service).await;
    assert_eq!(ada.pings(bob.alias).await, "");
    assert!(ada.pings(bob.alias).await.contains("too many pings and invitations today"));
    let error = ada.invites(bob.alias, "the engine").await;
    assert!(error.contains("too many pings and invitations today"), "{error}");
}

#[tokio::test]
async fn names_cannot_be_guessed() {
    let service = start("pings_per_day = 3");
    let mut ada = Member::join(&service, "ada lovelace").await;
    let bob = Member::join(&service, "bob babbage").await;
    let alias = json!({"op": 3, "newalias": bob.alias});
    assert!(ada.pings("nobody at all").await.contains("not a known alias"));
    assert!(ada.invites("nobody at all", "the engine").await.contains("not a known alias"));
    assert!(ada.ask(alias.clone(), b"").await.contains("already taken"));
    // From now on the answer is the same whether there is such a name or not.
    for name in ["nobody at all", bob.alias] {
        assert!(ada.pings(name).await.contains("too many pings and invitations today"));
        assert!(
            ada.invites(name, "the engine").await.contains("too many pings and invitations today")
        );
    }
    assert!(ada.ask(alias, b"").await.contains("too many pings and invitations today"));
    // Of a group nothing is told to who is not in it.
    let mut cyd = Member::join(&service, "cyd charisse").await;
    let mut dan = Member::join(&service, "dan dennett").await;
    assert_eq!(cyd.invites(bob.alias, "the engine").await, "");
    let answers = async |member: &mut Member, gid: &str| {
        let join = json!({"op": 6, "gid": gid, "act": "join"});
        let drop = |to: &str| json!({"op": 6, "gid": gid, "act": "drop", "to": to});
        let rename = json!({"op": 6, "gid": gid, "act": "alias", "newalias": member.alias});
        let post = json!({"op": 7, "for": [{"id": gid, "type": 3}]});
        let mut answers = Vec::new();
        for request in [join, drop(cyd.alias), drop("nobody at all"), rename] {
            answers.push(member.ask(request, b"").await);
        }
        answers.push(member.ask(post, b"letter").await);
        answers
    };
    let of_one = answers(&mut dan, "the engine").await;
    assert!(of_one.iter().all(|answer| !answer.is_empty()), "{of_one:?}");
    assert_eq!(answers(&mut dan, "no such group").await, of_one);
}

#[tokio::test]
async fn devices_and_aliases_of_a_member_are_limited() {
    let mut service = start("devices_per_member = 2\naliases_per_member = 2");
    let mut ada = Member::join(&service, "ada lovelace").await;
    assert_eq!(ada.ask(json!({"op": 3, "newnode": "second"}), b"").await, "");
    assert_eq!(ada.ask(json!({"op": 3, "newalias": "countess of it"}), b"").await, "");
    service.kill9().unwrap();
    service.restart().unwrap();
    ada.come_back(&service).await;
    let error = ada.ask(json!({"op": 3, "newnode": "third"}), b"").await;
    assert!(error.contains("no more devices"), "{error}");
    let error = ada.ask(json!({"op": 3, "newalias": "countess again"}), b"").await;
    assert!(error.contains("no more aliases"), "{error}");
    // One that is there already is no further one.
    assert_eq!(ada.ask(json!({"op": 3, "newalias": "countess of it"}), b"").await, "");
}

#[tokio::test]
async fn groups_of_a_member_and_members_of_a_group_are_limited() {
    let mut service = start("groups_per_member = 2\ngroup_members_max = 2");
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    let mut eve = Member::join(&service, "eve malory").await;
    assert_eq!(ada.invites(bob.alias, "the engine").await, "");
    let error = ada.invites(eve.alias, "the engine").await;
    assert!(error.contains("the group can have no more members"), "{error}");
    // Whoever leaves makes room, also for themselves.
    let leave = json!({"op": 6, "gid": "the engine", "act": "drop", "to": bob.alias});
    assert_eq!(bob.ask(leave, b"").await, "");
    assert_eq!(ada.invites(eve.alias, "the engine").await, "");
    assert_eq!(eve.joins("the engine").await, "");
    let error = bob.joins("the engine").await;
    assert!(error.contains("the group can have no more members"), "{error}");

    assert_eq!(ada.invites(bob.alias, "the second").await, "");
    service.kill9().unwrap();
    service.restart().unwrap();
    for member in [&mut ada, &mut bob, &mut eve] {
        member.come_back(&service).await;
    }
    // Who makes a group needs a place, and who joins one.
    let error = ada.invites(bob.alias, "the third").await;
    assert!(error.contains("in no more groups"), "{error}");
    assert_eq!(bob.invites(ada.alias, "the third").await, "");
    assert_eq!(bob.joins("the second").await, "");
    assert_eq!(eve.invites(bob.alias, "the fourth").await, "");
    let error = bob.joins("the fourth").await;
    assert!(error.contains("in no more groups"), "{error}");
    // Who is in one may say so again.
    assert_eq!(bob.joins("the second").await, "");
    assert_eq!(bob.leaves("the third").await, "");
    assert_eq!(bob.joins("the fourth").await, "");
}

#[tokio::test]
async fn invitations_do_not_count_as_groups_and_one_inviter_cannot_use_them_up() {
    let mut service = start("groups_per_member = 3\nunanswered_invitations_max = 2");
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut dora = Member::join(&service, "dora dorsch").await;
    let mut eve = Member::join(&service, "eve malory").await;
    assert_eq!(ada.pings(dora.alias).await, "");
    assert_eq!(dora.pings(ada.alias).await, "");
    for gid in ["of ada, one", "of ada, two"] {
        assert_eq!(ada.invites(dora.alias, gid).await, "");
    }
    service.kill9().unwrap();
    service.restart().unwrap();
    for member in [&mut ada, &mut dora, &mut eve] {
        member.come_back(&service).await;
    }
    let error = ada.invites(dora.alias, "of ada, three").await;
    assert!(error.contains("has not answered your last invitations to groups"), "{error}");
    // To the same group once more is no further one, and others are no matter of theirs.
    assert_eq!(ada.invites(dora.alias, "of ada, two").await, "");
    assert_eq!(ada.invites(eve.alias, "of ada, three").await, "");
    // In all they are bounded by the groups that one can be in.
    assert_eq!(eve.invites(dora.alias, "of eve, one").await, "");
    let error = eve.invites(dora.alias, "of eve, two").await;
    assert!(error.contains("is invited to many groups"), "{error}");
    // All the while she makes groups of her own.
    for gid in ["of dora, one", "of dora, two"] {
        assert_eq!(dora.invites(ada.alias, gid).await, "");
    }
    // Both a yes and a no are an answer.
    assert_eq!(dora.joins("of ada, one").await, "");
    assert_eq!(dora.leaves("of ada, two").await, "");
    assert_eq!(ada.invites(dora.alias, "of ada, two").await, "");
    assert_eq!(ada.invites(dora.alias, "of ada, three").await, "");
    assert!(dora.joins("of ada, two").await.contains("in no more groups"));
}

#[tokio::test]
async fn invitations_of_an_earlier_version_are_not_counted() {
    let mut service = start("groups_per_member = 3");
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut dora = Member::join(&service, "dora dorsch").await;
    service.sigterm().unwrap();
    let data = service.data_dir();
    tokio::task::spawn_blocking(move || invite_as_before(&data, 9)).await.unwrap();
    service.restart().unwrap();
    ada.come_back(&service).await;
    dora.come_back(&service).await;
    assert_eq!(dora.invites(ada.alias, "of dora, one").await, "");
    assert_eq!(ada.invites(dora.alias, "of ada, one").await, "");
    for joined in ["old group 1", "old group 9", "of ada, one"] {
        let granted = dora.joins(joined).await.is_empty();
        assert_eq!(granted, joined != "of ada, one", "{joined}");
    }
}

/// Writes rows as version 0.1.0 did: the second member is invited to so many groups.
fn invite_as_before(data: &std::path::Path, count: u32) {
    use tmtp_store::{Batch, StoreLimits};
    use tmtp_testkit::store::BlockingStore;
    let store = BlockingStore::open(data, StoreLimits::default()).unwrap();
    let mut rows = Batch::new();
    for number in 1..=count {
        let gid = format!("old group {number}");
        for (member, alias, standing) in
            [(0_u32, "ada lovelace", "left"), (1, "dora dorsch", "invited")]
        {
            let len = u16::try_from(gid.len()).unwrap().to_be_bytes();
            let key = [b"d/g/", &len[..], gid.as_bytes(), &member.to_be_bytes()].concat();
            rows.put(key, json!({"alias": alias, "standing": standing}).to_string().into_bytes());
        }
    }
    store.submit(rows).wait().unwrap();
    store.close().unwrap();
}

#[tokio::test]
async fn recipients_of_a_post_and_its_notification_are_limited() {
    let service = start("recipients_max = 2");
    let mut ada = Member::join(&service, "ada lovelace").await;
    let bob = Member::join(&service, "bob babbage").await;
    let named = |times: usize| json!(vec![json!({"id": bob.uid, "type": 1}); times]);
    assert_eq!(ada.posts(named(2)).await, "");
    let error = ada.posts(named(3)).await;
    assert!(error.contains("names too many recipients"), "{error}");
    let notify = json!({"op": 8, "for": named(1), "notefor": named(3), "notelen": 2});
    let error = ada.ask(notify, b"note and message").await;
    assert!(error.contains("names too many recipients"), "{error}");
}

#[tokio::test]
async fn data_of_one_message_is_limited() {
    let service = start("message_bytes_max = \"64 KiB\"");
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    let largest = vec![b'x'; 65_536];
    let id = ada.peer.post(&[&bob.uid], &largest).await.unwrap();
    assert_eq!(bob.peer.receive("delivery").await.unwrap().id(), id);
    // Announced only: the link ends before any of it is taken in.
    let head = json!({"op": 7, "id": "1", "for": [{"id": bob.uid, "type": 1}], "datalen": 65_537});
    ada.peer.request(head).await.unwrap();
    ada.peer.expect_quit("data too long for request type").await.unwrap();
}

#[tokio::test]
async fn notification_and_message_share_the_data_limit() {
    let service = start("message_bytes_max = \"64 KiB\"");
    let mut ada = Member::join(&service, "ada lovelace").await;
    let to = json!([{"id": ada.uid, "type": 1}]);
    let head = json!({"op": 8, "id": "1", "for": to, "notefor": [], "notelen": 40_000,
        "datalen": 80_000});
    ada.peer.request(head).await.unwrap();
    ada.peer.expect_quit("data too long for request type").await.unwrap();
}

/// By both limits four of them are.
#[tokio::test]
async fn messages_and_bytes_in_flight_are_limited() {
    let body = vec![b'x'; 20 * 1024];
    for limit in ["in_flight_messages = 4", "in_flight_bytes = \"64KiB\""] {
        let service = start(limit);
        let mut ada = Member::join(&service, "ada lovelace").await;
        let mut bob = Member::join(&service, "bob babbage").await;
        for _ in 0..6 {
            ada.peer.post(&[&bob.uid], &body).await.unwrap();
        }
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(bob.peer.expect_op("delivery").await.unwrap().id().to_owned());
        }
        for _ in 0..3 {
            let id = bob.peer.request_id();
            let refused = json!({"op": 6, "act": "join", "gid": "no such group", "id": id});
            bob.peer.request(refused).await.unwrap();
            let next = bob.peer.next().await.unwrap();
            assert_eq!(next.op(), "ack", "{limit}: {}", next.raw_head);
        }
        bob.peer.ack(&ids[2]).await.unwrap();
        let fifth = bob.peer.receive("delivery").await.unwrap();
        let sixth = bob.peer.receive("delivery").await.unwrap();
        assert!(!ids.iter().any(|id| id == fifth.id() || id == sixth.id()));
    }
}

/// A device that has no room for a long letter does not acknowledge it, and goes on with the next.
#[tokio::test]
async fn unacknowledged_message_does_not_block_later_ones() {
    let service = start("in_flight_bytes = \"64KiB\"\nresend_after_s = 3600");
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    let long = vec![b'x'; 100 * 1024];
    for _ in 0..6 {
        for body in [long.as_slice(), b"short"] {
            ada.peer.post(&[&bob.uid], body).await.unwrap();
            let delivery = bob.peer.expect_op("delivery").await.unwrap();
            assert_eq!(delivery.data.len(), body.len());
            if body.len() < long.len() {
                bob.peer.ack(delivery.id()).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn many_new_accounts_cannot_bury_a_member_in_pings() {
    let mut service = start("pings_received_per_day = 10");
    let mut bob = Member::join(&service, "bob babbage").await;
    let mut old = Member::join(&service, "old acquaintance").await;
    // The account of one is made out to be of another day.
    service.sigterm().unwrap();
    let data = service.data_dir();
    tokio::task::spawn_blocking(move || make_old(&data, b"d/m/\0\0\0\x01")).await.unwrap();
    service.restart().unwrap();
    bob.come_back(&service).await;
    old.come_back(&service).await;

    let mut refused = 0;
    for number in 0..20 {
        let alias: &'static str = format!("new account {number:02}").leak();
        // One machine makes sixteen of them, and others one each.
        let from = Ipv4Addr::new(127, 0, 0, if number < 16 { 2 } else { number });
        let mut new = Member::join_from(&service, from, alias).await;
        let error = new.pings(bob.alias).await;
        if !error.is_empty() {
            assert!(error.contains("has received many pings"), "{error}");
            assert!(
                new.invites(bob.alias, &format!("group of {alias}")).await.contains("many pings")
            );
            refused += 1;
        } else {
            assert!(number == 0 || number >= 16, "{number}");
        }
    }
    assert_eq!(refused, 18, "a fifth of ten is let through, and half of that to one machine");
    // Who has been here for long still reaches him, and those he writes to himself do too.
    assert_eq!(old.pings(bob.alias).await, "");
    let mut friend = Member::join(&service, "friend of his").await;
    assert!(friend.pings(bob.alias).await.contains("many pings"));
    assert_eq!(bob.pings(friend.alias).await, "");
    assert_eq!(friend.pings(bob.alias).await, "");
}

/// Sets the time at which an account was made to 1970.
fn make_old(data: &std::path::Path, key: &[u8]) {
    use tmtp_store::{Batch, StoreLimits};
    use tmtp_testkit::store::BlockingStore;
    let store = BlockingStore::open(data, StoreLimits::default()).unwrap();
    let mut row: Value = serde_json::from_slice(&store.get(key).unwrap().unwrap()).unwrap();
    row["devices"][0]["added_ms"] = json!(0);
    let mut rows = Batch::new();
    rows.put(key, row.to_string().into_bytes());
    store.submit(rows).wait().unwrap();
    store.close().unwrap();
}

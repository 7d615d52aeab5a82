//! Membership of groups on the wire: what the invited get of their own posts, and who may come back to a
//! group that all have left.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

use serde_json::{Value, json};
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;
use tmtp_testkit::wire::Frame;

const GROUP: &str = "the engine";

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

    async fn come_back(&mut self, service: &ServiceProcess) {
        self.peer = RawPeer::enter(service.address(), &self.uid, &self.node).await.unwrap();
    }

    /// What the ack says; nothing if it is granted.
    async fn ask(&mut self, mut head: Value, data: &[u8]) -> String {
        let id = self.peer.request_id();
        head["id"] = json!(id);
        if !data.is_empty() {
            head["datalen"] = json!(data.len());
        }
        self.peer.send(&head.to_string(), data).await.unwrap();
        self.peer.expect_ack(&id).await.unwrap().text("error").to_owned()
    }

    async fn invites(&mut self, to: &str) -> String {
        self.ask(json!({"op": 5, "gid": GROUP, "from": self.alias, "to": to}), b"").await
    }

    async fn enters(&mut self) -> String {
        self.ask(json!({"op": 6, "gid": GROUP, "act": "join"}), b"").await
    }

    async fn drops(&mut self, to: &str) -> String {
        self.ask(json!({"op": 6, "gid": GROUP, "act": "drop", "to": to}), b"").await
    }

    async fn posts(&mut self, kind: u8, text: &[u8]) {
        let post = json!({"op": 7, "for": [{"id": GROUP, "type": kind}]});
        assert_eq!(self.ask(post, text).await, "");
    }

    /// What the notices of the group say that came before a letter to it.
    async fn acts_told(&mut self) -> Vec<String> {
        let mut acts = Vec::new();
        loop {
            let of_group = |frame: &Frame| matches!(frame.op(), "member" | "delivery");
            let frame = self.peer.expect("of the group", of_group).await.unwrap();
            self.peer.ack(frame.id()).await.unwrap();
            if frame.op() == "delivery" {
                return acts;
            }
            acts.push(frame.text("act").to_owned());
        }
    }

    async fn receives(&mut self) -> Vec<u8> {
        self.peer.receive("delivery").await.unwrap().data
    }
}

#[tokio::test]
async fn invited_author_gets_no_copy_before_joining() {
    let service = ServiceProcess::start_plain().unwrap();
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    assert_eq!(ada.invites(bob.alias).await, "");
    bob.posts(2, b"invited").await;
    assert_eq!(ada.receives().await, b"invited");
    assert_eq!(bob.enters().await, "");
    bob.posts(2, b"joined").await;
    assert_eq!(ada.receives().await, b"joined");
    // The first that comes to him is of the time after.
    assert_eq!(bob.receives().await, b"joined");
}

#[tokio::test]
async fn empty_group_can_be_rejoined_by_former_members() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    let mut eve = Member::join(&service, "eve malory").await;
    let mut dan = Member::join(&service, "dan defoe").await;
    let mut fay = Member::join(&service, "fay foster").await;
    for member in [&mut bob, &mut dan, &mut fay] {
        assert_eq!(ada.invites(member.alias).await, "");
        assert_eq!(member.enters().await, "");
    }
    for removed in [ada.alias, fay.alias] {
        assert_eq!(bob.drops(removed).await, "");
    }
    assert!(ada.enters().await.contains("not invited"), "while others are in it");
    for member in [&mut dan, &mut bob] {
        let own = member.alias;
        assert_eq!(member.drops(own).await, "");
    }
    service.kill9().unwrap();
    service.restart().unwrap();
    for member in [&mut ada, &mut bob, &mut dan, &mut eve, &mut fay] {
        member.come_back(&service).await;
    }
    // Who was removed has to be invited, also where nobody is left who could stop them.
    assert!(fay.enters().await.contains("not invited"), "removed, and not its founder");
    assert!(eve.enters().await.contains("not invited"), "a stranger to it");
    assert_eq!(dan.enters().await, "", "who left when others were in it");
    assert_eq!(bob.enters().await, "", "the last who was in it");
    assert_eq!(dan.invites(fay.alias).await, "");
    assert_eq!(fay.enters().await, "");
    assert!(ada.enters().await.contains("not invited"), "while others are in it");
    for member in [&mut dan, &mut bob, &mut fay] {
        let own = member.alias;
        assert_eq!(member.drops(own).await, "");
    }
    assert_eq!(ada.enters().await, "", "its founder, who had been removed");
    assert_eq!(ada.invites(eve.alias).await, "");
}

#[tokio::test]
async fn renamed_member_is_reported_with_their_uid() {
    let service = ServiceProcess::start_plain().unwrap();
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    let mut eve = Member::join(&service, "eve malory").await;
    assert_eq!(bob.ask(json!({"op": 3, "newalias": "mister babbage"}), b"").await, "");
    assert_eq!(ada.invites(bob.alias).await, "");
    assert_eq!(bob.enters().await, "");
    // The invitation has the name by which the group knows whose it is.
    let invite = json!({"op": 5, "gid": GROUP, "from": "mister babbage", "to": eve.alias});
    assert_eq!(bob.ask(invite, b"").await, "");
    assert_eq!(eve.peer.receive("invite").await.unwrap().text("alias"), bob.alias);
    assert_eq!(eve.enters().await, "");
    let rename = json!({"op": 6, "gid": GROUP, "act": "alias", "newalias": "mister babbage"});
    assert_eq!(bob.ask(rename, b"").await, "");
    assert_eq!(ada.drops("mister babbage").await, "");
    let mut told = Vec::new();
    while told.last() != Some(&("drop".to_owned(), bob.uid.clone())) {
        let notice = eve.peer.receive("member").await.unwrap();
        told.push((notice.text("act").to_owned(), notice.text("uid").to_owned()));
    }
    let of = |act: &str, uid: &str| (act.to_owned(), uid.to_owned());
    assert_eq!(told, [of("join", ""), of("alias", ""), of("drop", &bob.uid)]);
    // Nobody learns by an invitation who has not answered it.
    assert_eq!(ada.invites(bob.alias).await, "");
    assert_eq!(ada.drops(bob.alias).await, "");
    for act in ["invite", "drop"] {
        let notice = eve.peer.receive("member").await.unwrap();
        assert_eq!((notice.text("act"), notice.text("uid")), (act, ""));
    }
}

#[tokio::test]
async fn edit_without_effect_notifies_nobody_else() {
    let service = ServiceProcess::start_plain().unwrap();
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    let mut eve = Member::join(&service, "eve malory").await;
    eve.peer.ping(eve.alias, ada.alias, "").await.unwrap();
    assert_eq!(ada.invites(bob.alias).await, "");
    assert_eq!(bob.enters().await, "");
    assert_eq!(ada.invites(eve.alias).await, "");
    for _ in 0..3 {
        assert_eq!(bob.enters().await, "");
        let rename = json!({"op": 6, "gid": GROUP, "act": "alias", "newalias": bob.alias});
        assert_eq!(bob.ask(rename, b"").await, "");
        assert_eq!(ada.invites(eve.alias).await, "", "invited already");
    }
    bob.posts(2, b"that is all").await;
    assert_eq!(ada.acts_told().await, ["invite", "join", "invite", "invite", "invite", "invite"]);
    // Whoever asks is told all the same: another device of theirs may not know it yet.
    let repeated = ["join", "alias"].repeat(3);
    assert_eq!(bob.acts_told().await, [&["join", "invite"][..], &repeated].concat());
}

#[tokio::test]
async fn removed_former_member_needs_an_invitation() {
    let service = ServiceProcess::start_plain().unwrap();
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    let mut cyd = Member::join(&service, "cyd charisse").await;
    let mut eve = Member::join(&service, "eve malory").await;
    for member in [&mut bob, &mut cyd] {
        assert_eq!(ada.invites(member.alias).await, "");
        assert_eq!(member.enters().await, "");
    }
    assert_eq!(bob.drops(bob.alias).await, "");
    for member in [&mut eve, &mut bob] {
        assert!(member.drops("bob babbage").await.contains("not a member"), "{}", member.alias);
    }
    assert_eq!(ada.drops(bob.alias).await, "");
    // Once more changes nothing, and is told to nobody else.
    assert_eq!(ada.drops(bob.alias).await, "");
    assert!(ada.drops(eve.alias).await.contains("not a member"), "never in it");
    ada.posts(2, b"that is all").await;
    assert_eq!(cyd.acts_told().await, ["join", "drop", "drop"]);
    assert!(bob.enters().await.contains("not invited"));
    assert_eq!(ada.invites(bob.alias).await, "");
    assert_eq!(bob.enters().await, "");
    ada.posts(2, b"that is all").await;
    let all = ["join", "invite", "join", "drop", "drop", "join"];
    assert_eq!(bob.acts_told().await, all, "he is told that he was removed");
}

//! Acquaintance, the policy of new services: the service itself refuses letters between members who were
//! never in contact (requirement A3a), and still lets everything through that an acquaintance needs.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

#[path = "acquaintance/beside_a_group.rs"]
mod beside_a_group;

use std::net::SocketAddr;

use serde_json::json;
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;

/// A member on the link.
struct Member {
    peer: RawPeer,
    alias: &'static str,
    uid: String,
    node: String,
}

impl Member {
    async fn join(address: SocketAddr, alias: &'static str) -> Self {
        let (peer, uid, node) = RawPeer::join(address, alias).await.unwrap();
        Self { peer, alias, uid, node }
    }

    async fn ping(&mut self, other: &mut Self) {
        self.peer.ping(self.alias, other.alias, "hello").await.unwrap();
        other.peer.receive("ping").await.unwrap();
    }

    /// A post to one member, which must arrive.
    async fn writes_to(&mut self, other: &mut Self) {
        let id = self.peer.post(&[&other.uid], b"letter").await.unwrap();
        // After a crash what was acknowledged just before it may come once more.
        while other.peer.receive("delivery").await.unwrap().id() < id.as_str() {}
    }

    /// A post that must be refused, as a whole.
    async fn may_not_write_to(&mut self, uids: &[&str]) {
        let error = self.peer.post(uids, b"letter").await.unwrap_err().to_string();
        assert!(error.contains("must be pinged first"), "{error}");
    }

    /// Invites another, who joins.
    async fn lets_in(&mut self, other: &mut Self, gid: &str) {
        let id = self.peer.request_id();
        let invite = json!({"op": 5, "id": id, "gid": gid, "from": self.alias, "to": other.alias});
        self.peer.request(invite).await.unwrap();
        self.peer.expect_done(&id).await.unwrap();
        other.joins(gid).await;
    }

    async fn joins(&mut self, gid: &str) {
        let id = self.peer.request_id();
        self.peer.request(json!({"op": 6, "id": id, "gid": gid, "act": "join"})).await.unwrap();
        self.peer.expect_done(&id).await.unwrap();
    }

    async fn come_back(&mut self, address: SocketAddr) {
        self.peer = RawPeer::enter(address, &self.uid, &self.node).await.unwrap();
    }
}

#[tokio::test]
async fn pinged_member_may_answer_and_be_answered() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let mut ada = Member::join(service.address(), "ada lovelace").await;
    let mut bob = Member::join(service.address(), "bob babbage").await;

    let (uid_of_ada, uid_of_bob) = (ada.uid.clone(), bob.uid.clone());
    ada.may_not_write_to(&[&uid_of_bob]).await;
    ada.ping(&mut bob).await;
    // A ping lets the other in, not oneself.
    ada.may_not_write_to(&[&uid_of_bob]).await;
    bob.writes_to(&mut ada).await;
    ada.writes_to(&mut bob).await;

    // It holds after a crash.
    service.kill9().unwrap();
    service.restart().unwrap();
    ada.come_back(service.address()).await;
    bob.come_back(service.address()).await;
    ada.writes_to(&mut bob).await;
    let mut eve = Member::join(service.address(), "eve malory").await;
    eve.may_not_write_to(&[&uid_of_ada]).await;
    eve.may_not_write_to(&[&uid_of_bob]).await;
}

#[tokio::test]
async fn recipients_of_one_letter_may_write_to_each_other() {
    let service = ServiceProcess::start_plain().unwrap();
    let mut ada = Member::join(service.address(), "ada lovelace").await;
    let mut bob = Member::join(service.address(), "bob babbage").await;
    let mut eve = Member::join(service.address(), "eve malory").await;
    bob.ping(&mut ada).await;
    eve.ping(&mut ada).await;

    let (uid_of_bob, uid_of_eve) = (bob.uid.clone(), eve.uid.clone());
    bob.may_not_write_to(&[&uid_of_eve]).await;
    ada.peer.post(&[&uid_of_bob, &uid_of_eve], b"to both").await.unwrap();
    bob.peer.receive("delivery").await.unwrap();
    eve.peer.receive("delivery").await.unwrap();
    bob.writes_to(&mut eve).await;
    eve.writes_to(&mut bob).await;
}

#[tokio::test]
async fn one_forbidden_recipient_refuses_the_whole_post() {
    let service = ServiceProcess::start_plain().unwrap();
    let mut ada = Member::join(service.address(), "ada lovelace").await;
    let mut bob = Member::join(service.address(), "bob babbage").await;
    let eve = Member::join(service.address(), "eve malory").await;
    bob.ping(&mut ada).await;
    let uid_of_bob = bob.uid.clone();
    ada.may_not_write_to(&[&uid_of_bob, &eve.uid]).await;
    // Nothing of it arrived: the next thing is the next letter.
    ada.writes_to(&mut bob).await;
}

#[tokio::test]
async fn joined_member_may_write_to_the_groups_members() {
    let service = ServiceProcess::start_plain().unwrap();
    let mut ada = Member::join(service.address(), "ada lovelace").await;
    let mut bob = Member::join(service.address(), "bob babbage").await;
    let invite =
        json!({"op": 5, "id": "i", "gid": "the engine", "from": ada.alias, "to": bob.alias});
    ada.peer.request(invite).await.unwrap();
    ada.peer.expect_done("i").await.unwrap();
    bob.peer.receive("invite").await.unwrap();
    let uid_of_ada = ada.uid.clone();
    bob.may_not_write_to(&[&uid_of_ada]).await;
    bob.joins("the engine").await;
    bob.writes_to(&mut ada).await;
    ada.writes_to(&mut bob).await;
}

#[tokio::test]
async fn strangers_introduce_nobody_under_the_uid_policy() {
    let mut service = ServiceProcess::start().unwrap();
    let mut ada = Member::join(service.address(), "ada lovelace").await;
    let mut bob = Member::join(service.address(), "bob babbage").await;
    let mut eve = Member::join(service.address(), "eve malory").await;
    let (uid_of_ada, uid_of_bob) = (ada.uid.clone(), bob.uid.clone());
    eve.peer.post(&[&uid_of_ada, &uid_of_bob], b"to both").await.unwrap();
    ada.peer.receive("delivery").await.unwrap();
    bob.peer.receive("delivery").await.unwrap();

    let config = "[service]\npost_policy = \"acquainted\"\n";
    std::fs::write(service.data_dir().with_file_name("tmtpd.toml"), config).unwrap();
    service.restart().unwrap();
    for member in [&mut ada, &mut bob, &mut eve] {
        member.come_back(service.address()).await;
    }
    // She has let both in; nobody has let her in, nor has her letter made them known to each other.
    ada.writes_to(&mut eve).await;
    eve.may_not_write_to(&[&uid_of_bob]).await;
    ada.may_not_write_to(&[&uid_of_bob]).await;
    eve.writes_to(&mut ada).await;
}

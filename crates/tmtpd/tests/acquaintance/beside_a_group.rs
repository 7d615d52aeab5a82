//! Tests of somebody outside of a group who is written to beside it, or to whom a thread of it is forwarded: the
//! group's members may answer, as many as a thread needs, and for as long as word of it may wait.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use tmtp_store::{Batch, StoreLimits};
use tmtp_testkit::process::ServiceProcess;
use tmtp_testkit::store::BlockingStore;

use super::Member;

const CREW: &str = "crew of the harbour";
/// Members of a group who are introduced by one letter, at most.
const INTRODUCED_MAX: usize = 32;

impl Member {
    /// Forwards a thread of a group to one who is not in it; gives the request's id.
    async fn forwards(&mut self, to: &Member, gid: &str) {
        let id = self.peer.request_id();
        let request = json!({
            "op": 8, "id": id, "for": [{ "id": to.uid, "type": 1 }],
            "notefor": [{ "id": gid, "type": 3 }], "fornotself": true,
            "notelen": 4, "datalen": 10,
        });
        self.peer.send(&request.to_string(), b"notethread").await.unwrap();
        self.peer.expect_done(&id).await.unwrap();
    }

    async fn pings_and_is_answered_by(&mut self, other: &mut Member) {
        self.ping(other).await;
        other.ping(self).await;
    }
}

#[tokio::test]
async fn group_authors_may_write_to_the_recipient_of_a_forward() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let mut ada = Member::join(service.address(), "ada lovelace").await;
    let mut dan = Member::join(service.address(), "dan defoe").await;
    let mut carol = Member::join(service.address(), "carol clarke").await;
    let mut eve = Member::join(service.address(), "eve malory").await;
    ada.lets_in(&mut dan, CREW).await;
    ada.pings_and_is_answered_by(&mut carol).await;
    ada.pings_and_is_answered_by(&mut eve).await;
    dan.may_not_write_to(&[&carol.uid.clone()]).await;

    ada.forwards(&carol, CREW).await;
    carol.peer.receive("delivery").await.unwrap();
    let note = dan.peer.receive("notify").await.unwrap();
    assert_eq!(note.head["groups"], json!([CREW]), "he is told that the forwarder is in the group");
    // It holds after a crash, and for nobody else; nor has she been told of him.
    service.kill9().unwrap();
    service.restart().unwrap();
    for member in [&mut ada, &mut dan, &mut carol, &mut eve] {
        member.come_back(service.address()).await;
    }
    eve.may_not_write_to(&[&carol.uid.clone()]).await;
    carol.may_not_write_to(&[&dan.uid.clone()]).await;
    dan.writes_to(&mut carol).await;
    carol.writes_to(&mut dan).await;
    // Who is invited and has not joined was reached by nothing.
    let id = ada.peer.request_id();
    let invite = json!({"op": 5, "id": id, "gid": CREW, "from": ada.alias, "to": eve.alias});
    ada.peer.request(invite).await.unwrap();
    ada.peer.expect_done(&id).await.unwrap();
    eve.may_not_write_to(&[&carol.uid.clone()]).await;
}

#[tokio::test]
async fn letter_to_a_group_and_an_outsider_is_answered_to_both() {
    let service = ServiceProcess::start_plain().unwrap();
    let mut ada = Member::join(service.address(), "ada lovelace").await;
    let mut dan = Member::join(service.address(), "dan defoe").await;
    let mut carol = Member::join(service.address(), "carol clarke").await;
    ada.lets_in(&mut dan, CREW).await;
    ada.pings_and_is_answered_by(&mut carol).await;
    let to = json!([{ "id": carol.uid, "type": 1 }, { "id": CREW, "type": 3 }]);
    let id = ada.peer.start_post(&to, b"to all of you").await.unwrap();
    ada.peer.expect_done(&id).await.unwrap();
    carol.peer.receive("delivery").await.unwrap();
    dan.writes_to(&mut carol).await;
}

#[tokio::test]
async fn unknown_sender_opens_nobody_to_a_group() {
    let mut service =
        ServiceProcess::start_with("[service]\npost_policy = \"uid\"\n", &[]).unwrap();
    let mut eve = Member::join(service.address(), "eve malory").await;
    let mut mal = Member::join(service.address(), "mal malory").await;
    let mut carol = Member::join(service.address(), "carol clarke").await;
    eve.lets_in(&mut mal, CREW).await;
    eve.forwards(&carol, CREW).await;
    carol.peer.receive("delivery").await.unwrap();

    let config = "[service]\npost_policy = \"acquainted\"\n";
    std::fs::write(service.data_dir().with_file_name("tmtpd.toml"), config).unwrap();
    service.restart().unwrap();
    for member in [&mut eve, &mut mal] {
        member.come_back(service.address()).await;
        member.may_not_write_to(&[&carol.uid]).await;
    }
}

#[tokio::test]
async fn opening_by_a_forward_is_limited_in_number_and_time() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let mut ada = Member::join(service.address(), "ada lovelace").await;
    let mut carol = Member::join(service.address(), "carol clarke").await;
    ada.pings_and_is_answered_by(&mut carol).await;
    let mut crew = Vec::new();
    for number in 0..=INTRODUCED_MAX {
        let alias = Box::leak(format!("sailor number {number}").into_boxed_str());
        let mut sailor = Member::join(service.address(), alias).await;
        ada.lets_in(&mut sailor, CREW).await;
        crew.push(sailor);
    }
    ada.forwards(&carol, CREW).await;
    carol.peer.receive("delivery").await.unwrap();
    let (last, others) = crew.split_last_mut().unwrap();
    for sailor in &mut *others {
        sailor.writes_to(&mut carol).await;
    }
    last.may_not_write_to(&[&carol.uid]).await;
    // Who has written goes on.
    others[0].writes_to(&mut carol).await;

    // On another day it opens again, until that is old.
    for (days, may_write) in [(31, false), (28, true)] {
        age(&mut service, 1).await;
        ada.come_back(service.address()).await;
        ada.forwards(&carol, CREW).await;
        age(&mut service, days).await;
        last.come_back(service.address()).await;
        if !may_write {
            last.may_not_write_to(&[&carol.uid]).await;
        }
    }
    carol.come_back(service.address()).await;
    last.writes_to(&mut carol).await;
}

#[tokio::test]
async fn members_who_write_at_the_same_time_take_no_more_places_than_there_are() {
    let service = ServiceProcess::start_plain().unwrap();
    let mut ada = Member::join(service.address(), "ada lovelace").await;
    let mut carol = Member::join(service.address(), "carol clarke").await;
    ada.pings_and_is_answered_by(&mut carol).await;
    let mut crew = Vec::new();
    for number in 0..2 * INTRODUCED_MAX {
        let alias = Box::leak(format!("sailor number {number}").into_boxed_str());
        let mut sailor = Member::join(service.address(), alias).await;
        ada.lets_in(&mut sailor, CREW).await;
        crew.push(sailor);
    }
    ada.forwards(&carol, CREW).await;
    carol.peer.receive("delivery").await.unwrap();
    let to = json!([{ "id": carol.uid, "type": 1 }]);
    let mut ids = Vec::new();
    for sailor in &mut crew {
        ids.push(sailor.peer.start_post(&to, b"letter").await.unwrap());
    }
    let mut accepted = 0;
    for (sailor, id) in crew.iter_mut().zip(&ids) {
        let ack = sailor.peer.expect_ack(id).await.unwrap();
        match ack.text("error") {
            "" => accepted += 1,
            error => assert!(error.contains("must be pinged first"), "{error}"),
        }
    }
    assert_eq!(accepted, INTRODUCED_MAX);
    // Whoever was let in goes on, and nobody else.
    let mut goes_on = 0;
    for sailor in &mut crew {
        let id = sailor.peer.start_post(&to, b"another").await.unwrap();
        let ack = sailor.peer.expect_ack(&id).await.unwrap();
        goes_on += usize::from(ack.text("error").is_empty());
    }
    assert_eq!(goes_on, INTRODUCED_MAX);
}

/// Changes the day in the rows `o/`, as they are written in `src/directory/opening.rs`, to so many days before today.
async fn age(service: &mut ServiceProcess, days: u32) {
    assert!(service.sigterm().unwrap().success());
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let day = u32::try_from(since / 86_400).unwrap() - days;
    let store = BlockingStore::open(&service.data_dir(), StoreLimits::default()).unwrap();
    let mut rows = Batch::new();
    for (key, value) in store.scan(b"o/").unwrap() {
        rows.put(key, [&day.to_be_bytes(), &value[4..]].concat());
    }
    store.submit(rows).await.unwrap();
    store.close().unwrap();
    service.restart().unwrap();
}

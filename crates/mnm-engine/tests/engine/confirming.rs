//! Tests of confirmations at the word of somebody who does not forward the thread at all.

use mnm_engine::command::{Command, Reply};
use mnm_engine::view::{Standing, Thread, ThreadId};
use serde_json::{Value, json};
use tmtp_testkit::process::ServiceProcess;

use crate::cast::{Person, ask};
use crate::forward::{Raw, STRICT, subscriber, taken_apart};

const CREW: &str = "crew of the harbour";

impl Raw {
    /// Sends `to` something as the thread, and says to `told` that it was forwarded to those named.
    async fn notice(&mut self, thread: &str, to: &Value, named: &Value, told: &Value) {
        let note = json!({ "ThreadId": thread, "Cc": named }).to_string();
        let head = json!({ "ThreadId": thread }).to_string();
        let id = self.peer.request_id();
        let request = json!({
            "op": 8, "id": id, "for": to, "notefor": [told], "notelen": note.len(),
            "notehead": note.len(), "datalen": note.len() + head.len() + 1, "datahead": head.len(),
        });
        let data = [note.as_bytes(), head.as_bytes(), b"x"].concat();
        self.peer.send(&request.to_string(), &data).await.unwrap();
        self.peer.expect_done(&id).await.unwrap();
    }

    async fn done(&mut self, mut request: Value) {
        let id = self.peer.request_id();
        request["id"] = json!(id);
        self.peer.request(request).await.unwrap();
        self.peer.expect_done(&id).await.unwrap();
    }

    /// The next letter that comes, and its header.
    async fn letter(&mut self) -> (Value, String) {
        taken_apart(&self.peer.receive("delivery").await.unwrap())
    }
}

async fn until_reader(ada: &Person, thread: ThreadId, uid: &str) -> Thread {
    ada.until("a reader", || async {
        let thread = ada.thread(thread).await;
        let is_in = thread.row.parties.iter().any(|party| party.uid == uid);
        is_in.then_some(thread)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_confirmed_only_to_recipients_of_the_thread() {
    let service = ServiceProcess::start_with(STRICT, &[]).unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let mut mallory = Raw::join(&service, "Mallory Four").await;
    let mut dora = Raw::join(&service, "Dora Dorsch").await;
    mallory.meet(&ada).await;
    dora.meet(&ada).await;
    let me = ada.state().await.uid;
    let opening = json!({ "ThreadId": "", "Alias": "Mallory Four", "Subject": "Just us",
        "Cc": [subscriber("ada lovelace", me.as_str())] });
    let first = mallory.post(&[me.as_str()], &opening, b"only you and me").await;
    let thread = ada.until_message("only you and me").await.thread;
    ada.sent(&ada.queue_reply(thread, "my private word", &[("a.bin", b"123")]).await).await;

    // Mallory may not even write to Dora.
    let named = json!([subscriber("Dora Dorsch", &dora.uid)]);
    mallory.notice(&first, &json!([]), &named, &json!({ "id": me, "type": 1 })).await;
    until_reader(&ada, thread, &dora.uid).await;
    ada.sent(&ada.queue_reply(thread, "behind it", &[]).await).await;
    assert_eq!(dora.letter().await.1, "behind it", "a confirmation would have gone before it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_group_member_gets_no_earlier_letters() {
    let service = ServiceProcess::start_with(STRICT, &[]).unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let mut bob = Raw::join(&service, "Bob Bruch").await;
    let mut max = Raw::join(&service, "Newcomer Max").await;
    let mut pia = Raw::join(&service, "Puppet Pia").await;
    for raw in [&mut bob, &mut max, &mut pia] {
        raw.meet(&ada).await;
    }
    let account = ada.account;
    let enter = json!({ "op": 6, "gid": CREW, "act": "join" });
    let invite = |to: &str| Command::Invite {
        account,
        group: CREW.into(),
        to: to.into(),
        text: String::new(),
    };
    ask!(ada, invite(bob.alias), Ping);
    bob.peer.receive("invite").await.unwrap();
    bob.done(enter.clone()).await;
    ada.until("his joining", || async {
        let groups = ask!(ada, Command::Groups { account: None }, Groups);
        let mut members = groups.iter().flat_map(|group| &group.members);
        let is_bob = members.any(|m| m.alias == "Bob Bruch" && m.standing == Standing::Joined);
        is_bob.then_some(())
    })
    .await;
    let old = ada.sent(&ada.queue(&[CREW], "salaries", &[("s.bin", b"123")]).await).await;
    let thread = old.thread;
    let (_, text) = bob.letter().await;
    assert_eq!(text, "salaries123");

    ask!(ada, invite(max.alias), Ping);
    max.peer.receive("invite").await.unwrap();
    max.done(enter).await;
    let first = old.msgid.clone().unwrap();
    let crew = json!({ "id": CREW, "type": 3 });
    max.notice(&first, &json!([]), &json!([subscriber(max.alias, &max.uid)]), &crew).await;
    let answer = json!({ "ThreadId": first, "Alias": max.alias });
    let id = max.peer.request_id();
    let data = [answer.to_string().as_bytes(), b"did it come?"].concat();
    let request = json!({ "op": 7, "id": id, "for": [crew],
        "datalen": data.len(), "datahead": answer.to_string().len() });
    max.peer.send(&request.to_string(), &data).await.unwrap();
    max.peer.expect_done(&id).await.unwrap();
    assert_eq!(ada.until_message("did it come?").await.thread, thread);
    let parties = ada.thread(thread).await.row.parties;
    assert!(parties.iter().all(|party| party.uid != *max.uid), "{parties:?}");
    ada.sent(&ada.queue_reply(thread, "hello max", &[]).await).await;
    assert_eq!(max.letter().await.1, "hello max", "a confirmation would have gone before it");

    // She is named, shown, and gets what he has had.
    pia.peer.ping(pia.alias, max.alias, "hello").await.unwrap();
    max.peer.ping(max.alias, pia.alias, "hello").await.unwrap();
    let (to, named) = (json!([{ "id": pia.uid, "type": 1 }]), [subscriber(pia.alias, &pia.uid)]);
    max.notice(&first, &to, &json!(named), &crew).await;
    pia.peer.receive("delivery").await.unwrap();
    until_reader(&ada, thread, &pia.uid).await;
    let (head, text) = pia.letter().await;
    assert_eq!((text.as_str(), head["ConfirmId"].is_string()), ("hello max", true));
}

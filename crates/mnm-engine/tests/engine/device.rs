//! Tests of one member with several devices.

use mnm_engine::ErrorCode;
use mnm_engine::command::{Command, Reply};
use mnm_engine::view::{MayReply, MessageState};
use tmtp_testkit::process::ServiceProcess;

use crate::cast::{Person, ask};

#[tokio::test(flavor = "multi_thread")]
async fn every_device_has_every_letter_once() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    ada.befriend(&bob).await;
    let tablet = ada.another_device("tablet").await;
    let phone = ada.another_device("phone").await;
    assert_eq!(tablet.state().await.alias, "ada lovelace");
    assert_eq!(tablet.state().await.device, "tablet");

    let letter = bob.queue(&["ada lovelace"], "to all of you", &[("a.txt", b"bytes")]).await;
    bob.sent(&letter).await;
    for device in [&ada, &tablet, &phone] {
        let got = device.until_message("to all of you").await;
        assert_eq!(device.bytes(&got.attachments[0]).await, b"bytes");
    }
    let thread = phone.until_message("to all of you").await.thread;
    let reply = phone.queue_reply(thread, "from my phone", &[]).await;
    phone.sent(&reply).await;
    bob.until_message("from my phone").await;
    for device in [&ada, &tablet] {
        let copy = device.until_message("from my phone").await;
        assert_eq!((copy.state, copy.unread), (MessageState::Sent, false));
    }
    let devices = ask!(ada, Command::Devices { account: None }, Devices);
    let labels: Vec<_> = devices.iter().map(|device| device.label.as_str()).collect();
    assert_eq!(labels[1..], ["tablet", "phone"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_code_works_once_per_home_and_not_when_altered() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let add = Command::AddDevice { account: ada.account, label: "tablet".into() };
    let code = ask!(ada, add, Code);
    let tablet = Person::new().await;
    let changed = code.expose().replacen("mnm1:ey", "mnm1:ez", 1).into();
    let error = tablet.refused(Command::JoinDevice { code: changed }).await;
    assert_eq!(error.code, ErrorCode::Invalid, "{error}");
    ask!(tablet, Command::JoinDevice { code: code.clone() }, Account);
    let error = tablet.refused(Command::JoinDevice { code }).await;
    assert_eq!(error.code, ErrorCode::Conflict, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_and_read_marks_reach_every_device() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    let eve = Person::join(&service, "eve ensemble").await;
    ada.befriend(&bob).await;
    let tablet = ada.another_device("tablet").await;
    // Known before the device was there, and met since.
    tablet.until_contact("bob babbage").await;
    eve.befriend(&ada).await;
    tablet.until_contact("eve ensemble").await;
    tablet
        .until("nothing to answer", || async { (tablet.state().await.pings == 0).then_some(()) })
        .await;

    let letter = bob.queue(&["ada lovelace"], "read me", &[]).await;
    bob.sent(&letter).await;
    let here = ada.until_message("read me").await;
    tablet.until_message("read me").await;
    assert_eq!(tablet.state().await.unread, 1);
    ada.engine
        .command(Command::MarkRead { thread: here.thread, messages: Some(vec![here.id]) })
        .await
        .unwrap();
    tablet.until("read", || async { (tablet.state().await.unread == 0).then_some(()) }).await;
    // None of it shows as a letter.
    assert_eq!((ada.threads().await.len(), tablet.threads().await.len()), (1, 1));
    // The new device writes by itself.
    let letter = tablet.queue(&["eve ensemble"], "from the tablet", &[]).await;
    tablet.sent(&letter).await;
    eve.until_message("from the tablet").await;
    ada.until_message("from the tablet").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_device_replies_to_all_readers_of_an_older_thread() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    let eve = Person::join(&service, "eve ensemble").await;
    ada.befriend(&bob).await;
    ada.befriend(&eve).await;
    let letter = ada.queue(&["bob babbage", "eve ensemble"], "to you both", &[]).await;
    let thread = ada.sent(&letter).await.thread;
    bob.until_message("to you both").await;
    eve.until_message("to you both").await;
    let tablet = ada.another_device("tablet").await;
    let reply = ada.queue_reply(thread, "from the laptop", &[]).await;
    ada.sent(&reply).await;
    let copy = tablet.until_message("from the laptop").await;
    let row = tablet
        .until("readers", || async {
            let row = tablet.thread(copy.thread).await.row;
            (row.may_reply == MayReply::Yes).then_some(row)
        })
        .await;
    assert_eq!(row.parties.len(), 3, "{:?}", row.parties);
    assert_eq!((&*row.subject, row.begun_elsewhere), ("about to you both", false));
    let reply = tablet.queue_reply(copy.thread, "from the tablet", &[]).await;
    tablet.sent(&reply).await;
    for person in [&bob, &eve, &ada] {
        let got = person.until_message("from the tablet").await;
        assert_eq!(person.thread(got.thread).await.messages.len(), 3);
    }
    // It stays when the thread goes on.
    let row = tablet.thread(copy.thread).await.row;
    assert_eq!((row.count, &*row.subject), (2, "about to you both"));
}

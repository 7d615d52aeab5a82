//! Tests of letters between two members: first contact, letters, replies, files, presence.

use mnm_engine::command::{Command, Reply};
use mnm_engine::error::Offer;
use mnm_engine::view::{MessageState, PartyKind, PingState};
use tmtp_testkit::process::{SITE, ServiceProcess};

use crate::cast::{Person, ask, noise};

#[tokio::test(flavor = "multi_thread")]
async fn strangers_become_contacts_and_write() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    let account = ada.state().await;
    assert_eq!((account.service.as_str(), account.alias.as_str()), (SITE, "ada lovelace"));
    assert_eq!(account.fingerprint.as_deref(), Some(service.fingerprint()));

    let ping = Command::Ping {
        account: ada.account,
        to: "bob babbage".into(),
        text: "Shall we write?".into(),
    };
    ask!(ada, ping, Ping);
    let received = bob.until_ping("ada lovelace").await;
    assert_eq!(received.text, "Shall we write?");
    assert_eq!(bob.state().await.pings, 1);
    let accepted = ask!(bob, Command::Accept { ping: received.id, text: None }, Ping);
    assert_eq!(accepted.state, PingState::Accepted);
    ada.until_contact("bob babbage").await;
    bob.until_contact("ada lovelace").await;
    assert_eq!(bob.state().await.pings, 0);

    let letter = ada.queue(&["bob babbage"], "first letter", &[]).await;
    let sent = ada.sent(&letter).await;
    let got = bob.until_message("first letter").await;
    assert_eq!((&got.msgid, got.at_ms), (&sent.msgid, sent.at_ms));
    assert_eq!((got.from.alias.as_str(), got.from.kind), ("ada lovelace", PartyKind::Contact));
    assert_eq!((got.state.clone(), got.unread), (MessageState::Received, true));
    assert_eq!(bob.state().await.unread, 1);

    let reply = bob.queue_reply(got.thread, "an answer", &[]).await;
    bob.sent(&reply).await;
    let answer = ada.until_message("an answer").await;
    assert_eq!(answer.thread, letter.thread);
    assert_eq!(bob.thread(got.thread).await.messages.len(), 2);
    expect_read(&bob, got.thread).await;

    ada.engine.close().await;
    bob.engine.close().await;
    let error = bob.refused(Command::State).await;
    assert!(error.message.contains("ending"), "{error}");
}

async fn expect_read(person: &Person, thread: i64) {
    person.engine.command(Command::MarkRead { thread, messages: None }).await.unwrap();
    assert_eq!(person.state().await.unread, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_files_go_both_ways_at_once() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    ada.befriend(&bob).await;
    let (there, back) = (noise(8 << 20), noise((8 << 20) + 12_345));
    let from_ada =
        ada.queue(&["bob babbage"], "there", &[("there.bin", &there), ("empty.txt", b"")]).await;
    let from_bob = bob.queue(&["ada lovelace"], "back", &[("back.bin", &back)]).await;
    ada.sent(&from_ada).await;
    bob.sent(&from_bob).await;
    let got = bob.until_message("there").await;
    let names: Vec<_> = got.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["there.bin", "empty.txt"]);
    assert!(bob.bytes(&got.attachments[0]).await == there);
    assert!(bob.bytes(&got.attachments[1]).await.is_empty());
    let got = ada.until_message("back").await;
    assert!(ada.bytes(&got.attachments[0]).await == back);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_say_what_to_do() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    // The alias is taken, the account is made all the same.
    let eve = Person::new().await;
    let join = |alias: &str| Command::Join {
        address: service.invitation().into(),
        alias: alias.into(),
        device: None,
        another: false,
    };
    let error = eve.refused(join("ada lovelace")).await;
    assert_eq!(error.code, mnm_engine::ErrorCode::AliasRefused, "{error}");
    assert!(!error.message.contains("mnm "), "{error}");
    let account = ask!(eve, Command::State, State).accounts.remove(0);
    assert_eq!(account.alias, "");
    let offered = error.offer.unwrap();
    assert!(
        matches!(&offered, Offer::Alias { account: made, .. } if *made == account.id),
        "{offered:?}"
    );
    // What is wrong with an answer is told by its code.
    let nowhere = Command::Join {
        address: "club example".into(),
        alias: "eve the second".into(),
        device: None,
        another: false,
    };
    assert_eq!(eve.refused(nowhere).await.code, mnm_engine::ErrorCode::BadAddress);
    assert_eq!(eve.refused(join("short")).await.code, mnm_engine::ErrorCode::BadAlias);
    // Joining again with another alias names that account and makes no second one.
    let named = ask!(eve, join("eve the second"), Account);
    assert_eq!((named.id, named.alias.as_str()), (account.id, "eve the second"));
    let add = Command::AddAlias { account: account.id, alias: "eve the third".into() };
    assert_eq!(ask!(eve, add, Account).aliases, ["eve the second", "eve the third"]);

    // Nobody is called so.
    let ping =
        Command::Ping { account: ada.account, to: "nobody at all".into(), text: String::new() };
    let id = ask!(ada, ping, Ping).id;
    let refused = ada
        .until("refused", || async {
            let pings = ask!(
                ada,
                Command::Pings { account: None, before: None, find: None, limit: None },
                Pings
            );
            pings.into_iter().find_map(|ping| match ping.state {
                PingState::Failed { error } if ping.id == id => Some(error),
                _ => None,
            })
        })
        .await;
    assert!(refused.contains("nobody at all"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_app_keeps_accounts_on_several_services() {
    let (first, second) =
        (ServiceProcess::start_plain().unwrap(), ServiceProcess::start().unwrap());
    let ada = Person::join(&first, "ada lovelace").await;
    let bob = Person::join(&first, "bob babbage").await;
    let eve = Person::join(&second, "eve ensemble").await;
    let join = Command::Join {
        address: second.invitation().into(),
        alias: "ada lovelace".into(),
        device: Some("desk".into()),
        another: false,
    };
    let there = ask!(ada, join, Account);
    assert_eq!((there.device.as_str(), there.queued), ("desk", 0));
    ada.befriend(&bob).await;
    let ping = Command::Ping { account: there.id, to: "eve ensemble".into(), text: "hi".into() };
    ask!(ada, ping, Ping);
    let received = eve.until_ping("ada lovelace").await;
    ask!(eve, Command::Accept { ping: received.id, text: None }, Ping);
    let contact = ada.until_contact("eve ensemble").await;
    assert_eq!(contact.account, there.id);
    // Nobody of one service is known on the other.
    let draft = Command::SaveDraft {
        draft: None,
        account: there.id,
        thread: None,
        to: vec!["bob babbage".into()],
        subject: String::new(),
        text: "wrong place".into(),
        version: None,
        leaving: false,
    };
    let draft = ask!(ada, draft, Draft);
    let error = ada.refused(Command::Send { draft: draft.id, version: None, hold_ms: None }).await;
    assert_eq!(error.code, mnm_engine::ErrorCode::UnknownRecipient);
    let both = ask!(ada, Command::State, State).accounts;
    assert_eq!(both.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_upload_leaves_the_draft_unchanged() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let save = Command::SaveDraft {
        draft: None,
        account: ada.account,
        thread: None,
        to: Vec::new(),
        subject: String::new(),
        text: String::new(),
        version: None,
        leaving: false,
    };
    let draft = ask!(ada, save, Draft).id;
    let (mut upload, bytes) = tokio::io::duplex(1 << 16);
    let engine = ada.engine.clone();
    let attaching =
        tokio::spawn(async move { engine.attach(draft, "half.bin", None, bytes).await });
    tokio::io::AsyncWriteExt::write_all(&mut upload, &noise(1 << 20)).await.unwrap();
    attaching.abort();
    assert!(attaching.await.unwrap_err().is_cancelled());
    let drafts = ask!(ada, Command::Drafts { account: None, before: None }, Drafts);
    assert_eq!(drafts, [], "nothing is in it, so it is shown nowhere");
    let draft = ada.engine.attach(draft, "whole.bin", None, &noise(3 << 20)[..]).await.unwrap();
    assert_eq!((draft.attachments.len(), draft.attachments[0].size), (1, 3 << 20));
    let error = ada.engine.attach(999, "x", None, &b"x"[..]).await.unwrap_err();
    assert_eq!(error.code, mnm_engine::ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_the_service_never_takes_does_not_block_the_outbox() {
    let limit = "[limits]\nmessage_bytes_max = \"1 MiB\"\n";
    let service = ServiceProcess::start_with(limit, &[]).unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    ada.befriend(&bob).await;
    // Long enough that it is still being sent when the service hangs up.
    let too_large =
        ada.queue(&["bob babbage"], "too large", &[("large.bin", &noise(8 << 20))]).await;
    let behind = ada.queue(&["bob babbage"], "behind it", &[]).await;
    ada.sent(&behind).await;
    bob.until_message("behind it").await;
    let found = ada.messages("too large").await;
    assert_eq!(found[0].id, too_large.id);
    let MessageState::Failed { error } = &found[0].state else { panic!("{:?}", found[0].state) };
    assert!(error.contains("data too long for request type"), "{error}");
    assert!(bob.messages("too large").await.is_empty());
}

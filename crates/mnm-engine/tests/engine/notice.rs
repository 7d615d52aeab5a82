//! Notices of what comes: told once, to those who have not seen it, as they have chosen.

use mnm_engine::command::{Command, Reply};
use mnm_engine::view::{NoticeChange, NoticeLevel};
use tmtp_testkit::process::ServiceProcess;

use crate::cast::{Person, ask};

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_is_told_once_as_chosen() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    let (mut to_ada, mut to_bob) =
        (ada.engine.notices().await.unwrap(), bob.engine.notices().await.unwrap());
    let (account, to) = (ada.account, "bob babbage".to_owned());
    ask!(ada, Command::Ping { account, to, text: "hello".into() }, Ping);
    let told = to_bob.recv().await.unwrap();
    assert_eq!((&*told.title, told.thread), ("ada lovelace", None));
    assert!(told.body.starts_with("New ping · "), "{told:?}");
    ask!(bob, Command::Accept { ping: told.ping.unwrap(), text: None }, Ping);
    bob.until_contact("ada lovelace").await;
    ada.until_contact("bob babbage").await;

    ada.sent(&ada.queue(&["bob babbage"], "first", &[]).await).await;
    let first = bob.until_message("first").await;
    let told = to_bob.recv().await.unwrap();
    assert_eq!((&*told.title, told.thread), ("ada lovelace", Some(first.thread)));
    assert!(!told.body.contains("first"), "content was not chosen: {told:?}");

    // Silent, for this thread; but not where she is named.
    let level = Some(NoticeLevel::Mentions);
    let change = NoticeChange::Thread { thread: first.thread, level };
    ask!(bob, Command::SetNotices { change }, Notices);
    ask!(bob, Command::SetNotices { change: NoticeChange::Content { shown: true } }, Notices);
    let thread = ada.until_message("first").await.thread;
    for text in ["nothing for him", "Bob Babbage, please"] {
        ada.sent(&ada.queue_reply(thread, text, &[]).await).await;
    }
    let told = to_bob.recv().await.unwrap();
    assert!(told.body.ends_with("about first\nBob Babbage, please"), "{told:?}");
    // Her own letters were told to nobody: the next that she is told of is his.
    bob.sent(&bob.queue(&["ada lovelace"], "second", &[]).await).await;
    let told = to_ada.recv().await.unwrap();
    assert_eq!((&*told.title, told.ping), ("bob babbage", None));
}

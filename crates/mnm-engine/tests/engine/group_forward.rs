//! Tests of a group's thread that one of its members forwards to somebody outside.

use mnm_engine::command::{Command, Reply};
use mnm_engine::view::{MayReply, Standing, Thread};
use tmtp_testkit::process::ServiceProcess;

use crate::cast::{Person, ask};

const CREW: &str = "crew of the harbour";

async fn lets_in(ada: &Person, other: &Person, alias: &str) {
    let (account, to, text) = (ada.account, alias.to_owned(), "Join us".to_owned());
    ask!(ada, Command::Invite { account, group: CREW.into(), to, text }, Ping);
    let invitation = other.until_ping("ada lovelace").await;
    ask!(other, Command::Accept { ping: invitation.id, text: None }, Ping);
    other
        .until("joined", || async {
            let groups = ask!(other, Command::Groups { account: None }, Groups);
            groups.into_iter().find(|group| group.standing == Standing::Joined)
        })
        .await;
}

async fn until_thread(person: &Person, what: &str, wanted: impl Fn(&Thread) -> bool) -> Thread {
    let wanted = &wanted;
    person
        .until(what, || async move {
            let row = person.threads().await.first()?.id;
            Some(person.thread(row).await).filter(wanted)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_group_thread_is_confirmed_and_replies_reach_its_named_readers() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    let carol = Person::join(&service, "carol cassini").await;
    let dan = Person::join(&service, "dan defoe").await;
    // Dan comes last and has heard nothing of Bob, who only reads.
    lets_in(&ada, &bob, "bob babbage").await;
    lets_in(&ada, &dan, "dan defoe").await;
    bob.befriend(&carol).await;
    ada.sent(&ada.queue(&[CREW], "all hands", &[("plan.bin", b"123")]).await).await;
    let thread = dan.until_message("all hands").await.thread;
    dan.sent(&dan.queue_reply(thread, "aye from dan", &[]).await).await;
    let at_bob = bob.until_message("aye from dan").await.thread;

    let to = vec!["carol cassini".to_owned()];
    ask!(bob, Command::Forward { thread: at_bob, to, timeout_ms: 60_000 }, Forward);
    let confirmed = |thread: &Thread| {
        thread.messages.len() == 2
            && thread.messages.iter().all(|message| message.forwarded.is_none())
    };
    let at_carol = until_thread(&carol, "both letters, confirmed", confirmed).await;
    assert_eq!(carol.bytes(&at_carol.messages[0].attachments[0]).await, b"123");

    // She is not in the group: her reply reaches those who are named, and she is told so.
    let groups = vec![CREW.into()];
    assert_eq!(at_carol.row.may_reply, MayReply::Others { groups });
    carol.sent(&carol.queue_reply(at_carol.row.id, "thank you", &[]).await).await;
    ada.until_message("thank you").await;
    bob.until_message("thank you").await;
    // What the group writes from now on reaches her too.
    dan.sent(&dan.queue_reply(thread, "welcome carol", &[]).await).await;
    assert_eq!(carol.until_message("welcome carol").await.thread, at_carol.row.id);
    assert!(dan.messages("thank you").await.is_empty(), "the group was not reached");
}

//! Groups: inviting, joining, posting, leaving.

use mnm_engine::command::{Command, Reply};
use mnm_engine::view::{Group, MayReply, MessageState, PartyKind, PingState, Standing};
use serde_json::json;
use tmtp::id::Gid;
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;

use crate::cast::{Person, ask};

const CREW: &str = "crew of the harbour";

fn drop_from_crew(person: &Person, alias: &str) -> Command {
    Command::Drop { account: person.account, group: CREW.into(), alias: alias.into() }
}

async fn until_standing(person: &Person, alias: &str, standing: Standing) -> Group {
    person
        .until("standing", || async {
            let groups = ask!(person, Command::Groups { account: None }, Groups);
            groups.into_iter().find(|group| {
                group.gid == CREW
                    && group.members.iter().any(|m| m.alias == alias && m.standing == standing)
            })
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_to_a_group_reaches_all_who_joined() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    let eve = Person::join(&service, "eve ensemble").await;
    for (person, alias) in [(&bob, "bob babbage"), (&eve, "eve ensemble")] {
        let invite = Command::Invite {
            account: ada.account,
            group: CREW.into(),
            to: alias.into(),
            text: "Join us".into(),
        };
        ask!(ada, invite, Ping);
        let invitation = person.until_ping("ada lovelace").await;
        assert_eq!(invitation.group, Some(CREW.into()));
        ask!(person, Command::Accept { ping: invitation.id, text: None }, Ping);
        let founders = until_standing(&ada, alias, Standing::Joined).await;
        let joiners = until_standing(person, alias, Standing::Joined).await;
        // Who joins is told only of those who join later.
        assert_eq!((founders.whole, joiners.whole), (true, false));
        // Who took up an invitation has answered it.
        let pings = ask!(
            ada,
            Command::Pings { account: None, before: None, limit: None, find: None },
            Pings
        );
        let invitation = pings.iter().find(|ping| !ping.incoming && ping.to == alias).unwrap();
        assert_eq!(invitation.state, PingState::Accepted);
    }

    let letter = ada.queue(&[CREW], "all hands", &[]).await;
    ada.sent(&letter).await;
    let got = bob.until_message("all hands").await;
    eve.until_message("all hands").await;
    let parties = bob.thread(got.thread).await.row.parties;
    assert!(parties.iter().any(|party| party.kind == PartyKind::Group && party.uid == CREW));
    let reply = bob.queue_reply(got.thread, "aye", &[]).await;
    bob.sent(&reply).await;
    ada.until_message("aye").await;
    eve.until_message("aye").await;
    assert_eq!(bob.messages("aye").await.len(), 1);

    eve.engine.command(drop_from_crew(&eve, "eve ensemble")).await.unwrap();
    until_standing(&ada, "eve ensemble", Standing::Left).await;
    // Who has left does not write into the void.
    let old = eve.until_message("all hands").await.thread;
    let groups = vec![CREW.into()];
    assert_eq!(eve.thread(old).await.row.may_reply, MayReply::LeftGroup { groups });
    let save = Command::SaveDraft {
        draft: None,
        version: None,
        leaving: false,
        account: eve.account,
        thread: Some(old),
        to: Vec::new(),
        subject: String::new(),
        text: "into the void".into(),
    };
    let draft = ask!(eve, save, Draft);
    let error = eve.refused(Command::Send { draft: draft.id, version: None, hold_ms: None }).await;
    assert!(error.message.contains("You have left crew of the harbour"), "{error}");
    let letter = ada.queue_reply(letter.thread, "without eve", &[]).await;
    ada.sent(&letter).await;
    bob.until_message("without eve").await;
    let rejoin = Command::JoinGroup { account: eve.account, group: CREW.into() };
    eve.engine.command(rejoin).await.unwrap();
    let letter = ada.queue_reply(letter.thread, "with eve again", &[]).await;
    ada.sent(&letter).await;
    let again = eve.until_message("with eve again").await;
    assert_eq!((again.thread, eve.thread(old).await.row.may_reply), (old, MayReply::Yes));
    assert!(eve.messages("without eve").await.is_empty());

    // Who founded it and was away for a while has missed who came.
    ada.engine.command(drop_from_crew(&ada, "ada lovelace")).await.unwrap();
    let rejoin = Command::JoinGroup { account: ada.account, group: CREW.into() };
    ada.engine.command(rejoin).await.unwrap();
    assert!(!until_standing(&ada, "ada lovelace", Standing::Joined).await.whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outsider_who_knows_a_groups_thread_does_not_get_into_it() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    let carol = Person::join(&service, "carol clarke").await;
    for (person, alias) in [(&carol, "carol clarke"), (&bob, "bob babbage")] {
        let (account, to, text) = (ada.account, alias.into(), "Join us".into());
        ask!(ada, Command::Invite { account, group: CREW.into(), to, text }, Ping);
        let invitation = person.until_ping("ada lovelace").await;
        ask!(person, Command::Accept { ping: invitation.id, text: None }, Ping);
        until_standing(&ada, alias, Standing::Joined).await;
        until_standing(person, alias, Standing::Joined).await;
    }
    let letter = ada.queue(&[CREW], "all hands", &[]).await;
    let letter = ada.sent(&letter).await;
    let thread = bob.until_message("all hands").await.thread;
    // Bob came after Carol and has heard nothing of her; that she may post to the group is vouched for.
    let carols = carol.until_message("all hands").await.thread;
    let reply = carol.queue_reply(carols, "aye from carol", &[]).await;
    carol.sent(&reply).await;
    assert_eq!(bob.until_message("aye from carol").await.thread, thread);

    let (mut mallory, ..) = RawPeer::join(service.address(), "raw stranger").await.unwrap();
    mallory.ping("raw stranger", "bob babbage", "hello").await.unwrap();
    let ping = bob.until_ping("raw stranger").await;
    ask!(bob, Command::Accept { ping: ping.id, text: None }, Ping);
    mallory.receive("ping").await.unwrap();
    let head = json!({
        "ThreadId": letter.msgid, "Alias": "carol clarke", "Subject": "Budget FINAL",
        "groups": [CREW], "Cc": [{"Who": CREW, "WhoUid": CREW, "Subscribe": true}],
    })
    .to_string();
    let (id, uid) = (mallory.request_id(), bob.state().await.uid);
    let request = json!({
        "op": 7, "id": id, "for": [{"id": uid, "type": 1}], "groups": [CREW],
        "datalen": head.len() + 4, "datahead": head.len(),
    });
    mallory.send(&request.to_string(), format!("{head}evil").as_bytes()).await.unwrap();
    mallory.expect_done(&id).await.unwrap();
    let outside = bob.until_message("evil").await;
    assert_ne!(outside.thread, thread);
    let row = bob.thread(thread).await.row;
    assert_eq!((row.subject.as_str(), row.count), ("about all hands", 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_outside_the_group_cannot_enter_its_unanswered_threads() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let carol = Person::join(&service, "carol clarke").await;
    let (account, to, text) = (ada.account, "carol clarke".into(), "Join us".into());
    ask!(ada, Command::Invite { account, group: CREW.into(), to, text }, Ping);
    let invitation = carol.until_ping("ada lovelace").await;
    ask!(carol, Command::Accept { ping: invitation.id, text: None }, Ping);
    until_standing(&ada, "carol clarke", Standing::Joined).await;
    let letter = ada.queue(&[CREW], "all hands", &[]).await;
    let letter = ada.sent(&letter).await;

    let (mut mallory, ..) = RawPeer::join(service.address(), "raw stranger").await.unwrap();
    mallory.ping("raw stranger", "ada lovelace", "hello").await.unwrap();
    let ping = ada.until_ping("raw stranger").await;
    ask!(ada, Command::Accept { ping: ping.id, text: None }, Ping);
    mallory.receive("ping").await.unwrap();
    let head = json!({
        "ThreadId": letter.msgid, "Alias": "raw stranger", "Subject": "Budget FINAL",
        "Cc": [{"Who": CREW, "WhoUid": CREW, "Subscribe": true}],
    })
    .to_string();
    let (id, uid) = (mallory.request_id(), ada.state().await.uid);
    let request = json!({
        "op": 7, "id": id, "for": [{"id": uid, "type": 1}],
        "datalen": head.len() + 4, "datahead": head.len(),
    });
    mallory.send(&request.to_string(), format!("{head}evil").as_bytes()).await.unwrap();
    mallory.expect_done(&id).await.unwrap();
    let outside = ada.until_message("evil").await;
    assert_ne!(outside.thread, letter.thread);
    let row = ada.thread(letter.thread).await.row;
    assert_eq!((row.subject.as_str(), row.count), ("about all hands", 1));
}

/// The name of the only group that the person knows, if they stand so in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_letter_to_an_empty_group_fails() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    let eve = Person::join(&service, "eve ensemble").await;
    for (person, alias) in [(&bob, "bob babbage"), (&eve, "eve ensemble")] {
        let (account, to, text) = (ada.account, alias.into(), "Join us".into());
        ask!(ada, Command::Invite { account, group: CREW.into(), to, text }, Ping);
        let invitation = person.until_ping("ada lovelace").await;
        ask!(person, Command::Accept { ping: invitation.id, text: None }, Ping);
        until_standing(&ada, alias, Standing::Joined).await;
    }
    let thread = bob.queue(&[CREW], "all hands", &[]).await.thread;
    let old = ada.until_message("all hands").await.thread;
    eve.until_message("all hands").await;
    // He comes back when there is nobody any more, of which nobody tells him.
    bob.engine.command(drop_from_crew(&bob, "bob babbage")).await.unwrap();
    ada.engine.command(drop_from_crew(&ada, "ada lovelace")).await.unwrap();
    eve.engine.command(drop_from_crew(&eve, "eve ensemble")).await.unwrap();
    let join = |person: &Person| Command::JoinGroup { account: person.account, group: CREW.into() };
    bob.engine.command(join(&bob)).await.unwrap();
    assert_eq!(bob.thread(thread).await.row.may_reply, MayReply::Yes);
    let reply = bob.queue_reply(thread, "is anybody there", &[]).await;
    let wait = Command::AwaitSent { message: reply.id, timeout_ms: 60_000 };
    let reply = ask!(bob, wait, Message);
    let MessageState::Failed { error } = reply.state else { panic!("{reply:?}") };
    assert!(
        error.contains("nobody else is in the group now") && error.contains("nothing was"),
        "{error}"
    );
    // He knows it from now on.
    let empty = MayReply::EmptyGroup { groups: vec![CREW.to_owned().into()] };
    assert_eq!(bob.thread(thread).await.row.may_reply, empty);
    let group = until_standing(&bob, "bob babbage", Standing::Joined).await;
    assert!(group.empty && group.whole);
    // Once somebody has come it can go.
    ada.engine.command(join(&ada)).await.unwrap();
    until_standing(&bob, "ada lovelace", Standing::Joined).await;
    assert_eq!(bob.thread(thread).await.row.may_reply, MayReply::Yes);
    ask!(bob, Command::Retry { message: reply.id }, Message);
    assert_eq!(ada.until_message("is anybody there").await.thread, old);
}

async fn only_group(person: &Person, standing: Standing) -> Option<Gid> {
    let groups = ask!(person, Command::Groups { account: None }, Groups);
    assert!(groups.len() <= 1, "{groups:?}");
    groups.into_iter().find(|group| group.standing == standing).map(|group| group.gid)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_one_however_its_name_is_spelled() {
    const NAME: &str = "\u{e9}quipe du port";
    const APART: &str = "e\u{301}quipe  du port";
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    let eve = Person::join(&service, "eve ensemble").await;
    for (person, to, group) in [(&bob, "bob babbage", NAME), (&eve, "eve ensemble", APART)] {
        let (account, text) = (ada.account, "Join us".to_owned());
        let invite = Command::Invite { account, group: group.into(), to: to.into(), text };
        ask!(ada, invite, Ping);
        let invitation = person.until_ping("ada lovelace").await;
        ask!(person, Command::Accept { ping: invitation.id, text: None }, Ping);
        person.until("the group", || only_group(person, Standing::Joined)).await;
    }
    let letter = ada.queue(&[APART], "all hands", &[]).await;
    ada.sent(&letter).await;
    eve.until_message("all hands").await;
    let (account, alias) = (ada.account, "eve ensemble".into());
    ada.engine.command(Command::Drop { account, group: APART.into(), alias }).await.unwrap();
    eve.until("the end", || only_group(&eve, Standing::Removed)).await;
    let (account, alias) = (ada.account, "ada lovelace".into());
    ada.engine.command(Command::Drop { account, group: APART.into(), alias }).await.unwrap();
    ada.engine.command(Command::JoinGroup { account, group: APART.into() }).await.unwrap();
    assert_eq!(only_group(&ada, Standing::Joined).await, Some(NAME.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_left_can_be_removed_and_needs_a_new_invitation() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    let (account, to, text) = (ada.account, "bob babbage".into(), "Join us".into());
    ask!(ada, Command::Invite { account, group: CREW.into(), to, text }, Ping);
    let invitation = bob.until_ping("ada lovelace").await;
    ask!(bob, Command::Accept { ping: invitation.id, text: None }, Ping);
    until_standing(&ada, "bob babbage", Standing::Joined).await;
    until_standing(&bob, "bob babbage", Standing::Joined).await;
    bob.engine.command(drop_from_crew(&bob, "bob babbage")).await.unwrap();
    until_standing(&ada, "bob babbage", Standing::Left).await;
    // Once more does no harm: the list does not tell who was removed.
    for _ in 0..2 {
        ada.engine.command(drop_from_crew(&ada, "bob babbage")).await.unwrap();
    }
    until_standing(&bob, "bob babbage", Standing::Removed).await;
    let error = bob.refused(Command::JoinGroup { account: bob.account, group: CREW.into() }).await;
    assert!(error.message.contains("not invited"), "{error}");
}

//! Groups: inviting, joining, posting, leaving.

use mnm_engine::command::{Command, Reply};
use mnm_engine::view::{Group, PartyKind, Standing};
use tmtp_testkit::process::ServiceProcess;

use crate::cast::{Person, ask};

const CREW: &str = "crew of the harbour";

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
        assert_eq!(invitation.group.as_deref(), Some(CREW));
        ask!(person, Command::Accept { ping: invitation.id, text: None }, Ping);
        until_standing(&ada, alias, Standing::Joined).await;
        until_standing(person, alias, Standing::Joined).await;
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

    let leave =
        Command::Drop { account: eve.account, group: CREW.into(), alias: "eve ensemble".into() };
    eve.engine.command(leave).await.unwrap();
    until_standing(&ada, "eve ensemble", Standing::Left).await;
    let letter = ada.queue_reply(letter.thread, "without eve", &[]).await;
    ada.sent(&letter).await;
    bob.until_message("without eve").await;
    let rejoin = Command::JoinGroup { account: eve.account, group: CREW.into() };
    eve.engine.command(rejoin).await.unwrap();
    let letter = ada.queue_reply(letter.thread, "with eve again", &[]).await;
    ada.sent(&letter).await;
    eve.until_message("with eve again").await;
    assert!(eve.messages("without eve").await.is_empty());
}

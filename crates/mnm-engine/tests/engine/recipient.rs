//! Tests of recipients: a waiting letter goes to those who read its thread when the member sent it.

use mnm_engine::command::{Command, Reply};
use mnm_engine::view::ForwardState;
use tmtp_testkit::process::ServiceProcess;

use crate::cast::{Person, ask};

#[tokio::test(flavor = "multi_thread")]
async fn a_held_letter_ignores_readers_added_meanwhile() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let hans = Person::join(&service, "hans holder").await;
    let dora = Person::join(&service, "dora dorsch").await;
    ada.befriend(&hans).await;
    hans.befriend(&dora).await;
    hans.queue(&["ada lovelace"], "only you and me", &[]).await;
    let thread = ada.until_message("only you and me").await.thread;
    let early = ada.queue_reply(thread, "said before", &[]).await;
    ada.sent(&early).await;
    let at_hans = hans.until_message("said before").await.thread;
    let save = Command::SaveDraft {
        draft: None,
        version: None,
        leaving: false,
        account: ada.account,
        thread: Some(thread),
        to: Vec::new(),
        subject: String::new(),
        text: "for hans alone".into(),
    };
    let draft = ask!(ada, save, Draft);
    let held = Command::Send { draft: draft.id, version: None, hold_ms: Some(5_000) };
    ask!(ada, held, Message);
    let to = vec!["dora dorsch".to_owned()];
    let forward = Command::Forward { thread: at_hans, to, timeout_ms: 20_000 };
    assert_eq!(ask!(hans, forward, Forward), ForwardState::Sent);
    ada.until("the newcomer", || async {
        let parties = ada.thread(thread).await.row.parties;
        parties.iter().any(|party| party.alias == "dora dorsch").then_some(())
    })
    .await;
    // What is written next has those that are held leave first.
    let later = ada.queue_reply(thread, "for both", &[]).await;
    ada.sent(&later).await;
    hans.until_message("for hans alone").await;
    dora.until_message("for both").await;
    dora.until("what was said before, from its author", || async {
        let said = dora.messages("said before").await;
        said.iter().any(|message| message.forwarded.is_none()).then_some(())
    })
    .await;
    // Whatever else would come is confirmed in the order in which it was written.
    assert!(dora.messages("for hans alone").await.is_empty());
}

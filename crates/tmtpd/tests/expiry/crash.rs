//! Crash test of expiry: the service is killed again and again while it gives up messages.

use std::time::Duration;

use tmtp_testkit::process::ServiceProcess;

use super::scene::{Member, age, letter};

/// Enough for several commits of the expiry.
const MESSAGES: usize = 3_000;

#[tokio::test]
async fn each_given_up_message_has_exactly_one_notice_despite_crashes() {
    let mut service = ServiceProcess::start().unwrap();
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    bob.leave().await;
    let first = ada.posts(&[&bob], &letter("", &[&bob], "body")).await;
    // All requests, then all answers.
    let data = letter(&first, &[], "body");
    let head_len = data.len() - "body".len();
    for count in 1..MESSAGES {
        let head = serde_json::json!({"op": 7, "id": format!("m{count}"), "datalen": data.len(),
            "datahead": head_len, "for": [{"id": bob.uid, "type": 1}]});
        ada.peer().send(&head.to_string(), &data).await.unwrap();
        if count % 100 == 0 {
            ada.peer().expect_done(&format!("m{count}")).await.unwrap();
        }
    }
    ada.peer().expect_done(&format!("m{}", MESSAGES - 1)).await.unwrap();
    ada.leave().await;
    service.kill9().unwrap();
    age(&service, 31).await;

    // Killed a little later each time, until a round finishes the work.
    let mut rounds = 0;
    while !is_done(&service) {
        service.restart().unwrap();
        // Not synchronisation: the moment of the kill is what is tried.
        std::thread::sleep(Duration::from_millis(2 * rounds));
        service.kill9().unwrap();
        rounds += 1;
    }
    assert!(rounds > 1, "the expiry was over before the first kill");

    service.restart().unwrap();
    ada.enter(&service).await;
    let mut told = 0;
    while told < MESSAGES {
        let text = ada.receive_word().await.text;
        assert!(text.contains("bob babbage"), "{text}");
        told += match text.split_whitespace().nth(1).unwrap() {
            "message" => 1,
            count => count.parse::<usize>().unwrap(),
        };
    }
    assert_eq!(told, MESSAGES);
    bob.enter(&service).await;
    let word = bob.receive_word().await;
    assert!(word.text.contains(&format!("{MESSAGES} messages for it")), "{}", word.text);
    let last = ada.posts(&[&bob], b"next").await;
    assert_eq!(bob.peer().receive("delivery").await.unwrap().id(), last);
    // And no further word for her.
    let next = bob.posts(&[&ada], b"next").await;
    assert_eq!(ada.peer().receive("delivery").await.unwrap().id(), next);
}

/// Whether nothing is owed any more but words of the service, on the disk of a killed service.
fn is_done(service: &ServiceProcess) -> bool {
    service.grep_data_dir("\"Alias\":\"whoever\"").unwrap().is_empty()
}

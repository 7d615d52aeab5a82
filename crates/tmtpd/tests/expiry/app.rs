//! Tests of returned letters in the real app.

use serde_json::Value;
use tmtp_testkit::process::{AppProcess, ServiceProcess};

use super::scene::{Member, pass};

#[tokio::test]
async fn app_shows_a_return_notice_in_its_thread() {
    let mut service = ServiceProcess::start().unwrap();
    let app = AppProcess::new().unwrap();
    app.json(&["join", service.handed_out_address(), "--alias", "ada lovelace"]).unwrap();
    let mut bob = Member::join(&service, "bob babbage").await;
    bob.peer().ping("bob babbage", "ada lovelace", "hello").await.unwrap();
    let ping = until("the ping", || first(app.json(&["pings"]).unwrap(), |_| true));
    app.ok(&["accept", &ping["id"].to_string()]).unwrap();
    bob.peer().receive("ping").await.unwrap();
    bob.leave().await;

    app.ok(&["send", "--to", "bob babbage", "--subject", "The plan", "Look."]).unwrap();
    pass(&mut service, 31).await;
    let row = until("the notice", || {
        first(app.json(&["inbox"]).unwrap(), |row| {
            row["subject"] == "The plan" && row["count"] == 2
        })
    });
    let id = row["id"].to_string();
    let shown = app.ok(&["read", &id]).unwrap();
    assert!(shown.contains("(the service itself)"), "{shown}");
    assert!(shown.contains("was not delivered to bob babbage"), "{shown}");

    // He is back, and a reply in that thread reaches him.
    bob.enter(&service).await;
    bob.receive_word().await;
    app.ok(&["reply", &id, "Look again."]).unwrap();
    let reply = bob.peer().receive("delivery").await.unwrap();
    assert!(reply.data.ends_with(b"Look again."), "{}", reply.raw_head);
}

fn first(list: Value, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
    list.as_array()?.iter().find(|item| wanted(item)).cloned()
}

/// Repeats a question until the answer satisfies; a service delivers when it delivers.
fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = std::time::Instant::now();
    while start.elapsed().as_secs() < 30 {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::yield_now();
    }
    panic!("waited in vain for {what}");
}

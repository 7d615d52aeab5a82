//! Tests of fairness: one member at full speed takes nothing from the others, and loses nothing.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

use std::time::{Duration, Instant};

use serde_json::json;
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;

/// Sent at once, without waiting for answers: at 50 a second, several seconds' worth.
const FLOOD: usize = 200;
/// Each waits for the answer of the one before.
const IN_TURN: usize = 10;

#[tokio::test]
async fn rate_limited_device_does_not_delay_others() {
    let service = ServiceProcess::start_with("[limits]\nrequests_per_second = 50\n", &[]).unwrap();
    let address = service.address();
    let (mut loud, _, _) = RawPeer::join(address, "loud lovelace").await.unwrap();
    let (mut quiet, _, _) = RawPeer::join(address, "quiet babbage").await.unwrap();
    let (mut reader, uid, _) = RawPeer::join(address, "reading hopper").await.unwrap();

    let to = json!([{"id": uid, "type": 1}]);
    let started = Instant::now();
    let mut asked = Vec::new();
    for number in 0..FLOOD {
        asked.push(loud.start_post(&to, format!("loud {number}").as_bytes()).await.unwrap());
    }
    for number in 0..IN_TURN {
        quiet.post(&[&uid], format!("quiet {number}").as_bytes()).await.unwrap();
    }

    // All that the reader gets, in order: the quiet one was not made to wait for the loud one.
    let (mut from_loud, mut from_quiet, mut loud_before_quiet_was_done) = (0, 0, 0);
    while from_loud + from_quiet < FLOOD + IN_TURN {
        let delivery = reader.receive("delivery").await.unwrap();
        let text = String::from_utf8(delivery.data.clone()).unwrap();
        if text.starts_with("quiet") {
            assert_eq!(text, format!("quiet {from_quiet}"));
            from_quiet += 1;
            loud_before_quiet_was_done = from_loud;
        } else {
            assert_eq!(text, format!("loud {from_loud}"));
            from_loud += 1;
        }
    }
    assert!(loud_before_quiet_was_done < FLOOD, "the quiet one came last");
    // 50 at once, the others at 50 a second: however slow the machine is, not sooner than this.
    assert!(started.elapsed() > Duration::from_secs(2), "nobody held the loud one back");
    for id in asked {
        assert_eq!(loud.expect_ack(&id).await.unwrap().text("id"), id);
    }
}

//! Tests of trust: which service an engine believes, and what it does when it does not.

use mnm_engine::ErrorCode;
use mnm_engine::command::{Command, Reply};
use mnm_engine::view::Link;
use tmtp_testkit::process::ServiceProcess;

use crate::cast::{Person, ask};

fn join(address: impl Into<String>) -> Command {
    Command::Join {
        address: address.into(),
        alias: "ada lovelace".into(),
        device: None,
        another: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_certificate_is_refused_before_anything_is_sent() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::new().await;
    let wrong = format!("{}#{}", service.handed_out_address(), "0".repeat(64));
    let error = ada.refused(join(wrong)).await;
    assert_eq!(error.code, ErrorCode::Untrusted);
    assert!(error.message.contains("another certificate"), "{error}");
    assert!(ask!(ada, Command::State, State).accounts.is_empty());
    let error = ada.refused(join("mail.example.org:1")).await;
    assert_eq!(error.code, ErrorCode::BadAddress);
    // A certificate that no public authority vouches for.
    let public = service.handed_out_address().replace('=', "+");
    assert_eq!(ada.refused(join(public)).await.code, ErrorCode::Untrusted);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_certificate_seen_is_pinned() {
    let mut service = ServiceProcess::start().unwrap();
    let mut ada = Person::new().await;
    let pasted = format!("  \"tmtp://{}\" ", service.handed_out_address());
    let account = ask!(ada, join(pasted), Account);
    ada.account = account.id;
    assert_eq!(account.fingerprint.as_deref(), Some(service.fingerprint()));
    ada.online().await;

    // Another service comes to stand at the same place.
    service.kill9().unwrap();
    std::fs::remove_dir_all(service.data_dir()).unwrap();
    service.restart().unwrap();
    let text = ada.until_link("refused", |link| matches!(link, Link::Refused { .. })).await;
    assert!(matches!(text, Link::Refused { error, .. } if error.contains("another certificate")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_unknown_to_the_service_is_reported() {
    let mut service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    service.kill9().unwrap();
    // The certificate stays, the members are gone.
    let bodies = service.data_dir().join("bodies");
    std::fs::remove_dir_all(bodies).unwrap();
    std::fs::remove_file(service.data_dir().join("rows.redb")).unwrap();
    service.restart().unwrap();
    let link = ada.until_link("refused", |link| matches!(link, Link::Refused { .. })).await;
    assert!(matches!(link, Link::Refused { error, .. } if error.contains("device")), "told so");
}

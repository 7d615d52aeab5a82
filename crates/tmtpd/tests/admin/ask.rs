//! What the commands say about a service with members on it.

use tempfile::tempdir;
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::{SITE, ServiceProcess};

use crate::tool::{ended, printed, rows, tmtpd};

#[test]
fn no_service_is_told_with_what_to_do() {
    let folder = tempdir().unwrap();
    for command in ["status", "links", "shutdown"] {
        let ended = ended(&mut tmtpd(command, folder.path()));
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(5), ""), "{command}");
        let data = folder.path().display();
        let told = format!("tmtpd: no service answers in {data}: it is not running");
        assert!(ended.stderr.starts_with(&told), "{ended:?}");
    }
}

#[tokio::test]
async fn status_and_links_tell_who_is_on_without_saying_whole_uids() {
    let service = ServiceProcess::start().unwrap();
    let (mut ada, ada_uid, _) = RawPeer::join(service.address(), "ada lovelace").await.unwrap();
    let (mut bob, bob_uid, _) = RawPeer::join(service.address(), "bob babbage").await.unwrap();
    ada.post(&[&bob_uid], b"a letter").await.unwrap();
    bob.expect_op("delivery").await.unwrap();

    let data = service.data_dir();
    let mut status = rows("status", &data, &[]).remove(0);
    while status["owed"] != 1 {
        // What the two acknowledged when they joined is still on its way to the disk.
        status = rows("status", &data, &[]).remove(0);
    }
    assert_eq!(status["name"], SITE);
    assert_eq!(status["state"], "serving");
    assert_eq!(status["addresses"][0], service.invitation());
    assert_eq!((&status["members"], &status["links"]), (&2.into(), &2.into()));
    assert_eq!(status["messages"], 1);
    assert!(status["disk_free_bytes"].as_u64().unwrap() > 0);

    let links = rows("links", &data, &[]);
    assert_eq!(links.len(), 2);
    assert_eq!(links[0]["member"], ada_uid[..8]);
    assert_eq!(links[1]["member"], bob_uid[..8]);
    assert_eq!((&links[0]["in_flight"], &links[1]["in_flight"]), (&0.into(), &1.into()));
    assert_eq!(links[1]["in_flight_bytes"], 8);
    assert!(links[1]["bytes_out"].as_u64() > links[0]["bytes_out"].as_u64());

    let text = printed("status", &data) + &printed("links", &data);
    for told in [SITE, "serving for ", service.invitation(), "1 (8 B)", &ada_uid[..8]] {
        assert!(text.contains(told), "{told:?} is not in {text}");
    }
    let json = format!("{status}{links:?}");
    for uid in [&ada_uid, &bob_uid] {
        assert!(!text.contains(uid.as_str()) && !json.contains(uid.as_str()), "a whole uid");
    }
}

#[tokio::test]
async fn a_link_that_ends_leaves_the_list() {
    let service = ServiceProcess::start().unwrap();
    let (ada, _, _) = RawPeer::join(service.address(), "ada lovelace").await.unwrap();
    assert_eq!(rows("links", &service.data_dir(), &[]).len(), 1);
    ada.quit().await.unwrap();
    while !rows("links", &service.data_dir(), &[]).is_empty() {}
}

#[tokio::test]
async fn shutdown_comes_back_when_the_service_is_down() {
    let mut service = ServiceProcess::start().unwrap();
    let (mut ada, _, _) = RawPeer::join(service.address(), "ada lovelace").await.unwrap();
    let pid = service.pid().unwrap();
    let said = printed("shutdown", &service.data_dir());
    assert!(said.starts_with(&format!("{SITE} has stopped after ")), "{said}");
    // Ended, if not yet waited for.
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    assert!(state.contains(") Z "), "{state}");
    ada.expect_closed().await.unwrap();
    assert_eq!(service.wait().unwrap().code(), Some(0));
    service.restart().unwrap();
}

#[test]
fn a_configuration_file_names_the_service_too() {
    let mut service = ServiceProcess::start().unwrap();
    let file = service.data_dir().with_extension("toml");
    let text = format!("[service]\ndata = {:?}\n", service.data_dir());
    std::fs::write(&file, text).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tmtpd"));
    let ended = ended(command.args(["status", "--config"]).arg(&file));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains(SITE), "{ended:?}");
    assert!(service.sigterm().unwrap().success());
}

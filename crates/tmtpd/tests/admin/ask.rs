//! Tests of what the commands say about a service with members.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;
use tempfile::tempdir;
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::{SITE, ServiceProcess};

use crate::backup::Served;
use crate::tool::{ended, printed, rows, tmtpd};

#[test]
fn missing_service_is_reported_with_advice() {
    let folder = tempdir().unwrap();
    let all = ["status", "members", "groups", "queues", "links", "services", "reload", "shutdown"];
    for command in all {
        let ended = ended(&mut tmtpd(command, folder.path()));
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(5), ""), "{command}");
        let data = folder.path().display();
        let told = format!("tmtpd: no service answers in {data}: it is not running");
        assert!(ended.stderr.starts_with(&told), "{ended:?}");
    }
}

#[tokio::test]
async fn status_and_links_show_no_whole_uids() {
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
async fn closed_link_leaves_the_list() {
    let service = ServiceProcess::start().unwrap();
    let (ada, _, _) = RawPeer::join(service.address(), "ada lovelace").await.unwrap();
    assert_eq!(rows("links", &service.data_dir(), &[]).len(), 1);
    ada.quit().await.unwrap();
    while !rows("links", &service.data_dir(), &[]).is_empty() {}
}

#[tokio::test]
async fn shutdown_returns_when_the_service_has_ended() {
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
fn commands_find_the_service_by_its_configuration_file() {
    let mut service = ServiceProcess::start().unwrap();
    let file = service.data_dir().with_extension("toml");
    let text = format!("[service]\ndata = {:?}\n", service.data_dir());
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tmtpd"));
    let ended = ended(command.args(["status", "--config"]).arg(&file));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains(SITE), "{ended:?}");
    assert!(service.sigterm().unwrap().success());
}

#[tokio::test]
async fn names_are_shown_only_on_request() {
    let service = ServiceProcess::start().unwrap();
    let (mut ada, ada_uid, _) = RawPeer::join(service.address(), "ada lovelace").await.unwrap();
    let (bob, bob_uid, _) = RawPeer::join(service.address(), "bob babbage").await.unwrap();
    let _phone = ada.add_device("adas telephone").await.unwrap();
    let invitation = json!({"op": 5, "id": "g1", "gid": "rowing eights", "from": "ada lovelace",
        "to": "bob babbage", "datalen": 4});
    ada.send(&invitation.to_string(), b"row!").await.unwrap();
    ada.expect_ack("g1").await.unwrap();
    ada.post(&[&bob_uid], b"12345").await.unwrap();
    ada.post(&[&bob_uid], b"67890").await.unwrap();
    bob.quit().await.unwrap();
    let data = service.data_dir();

    let mut members = rows("members", &data, &[]);
    while members[1]["devices"][0]["seen_ms"].is_null() {
        members = rows("members", &data, &[]);
    }
    assert_eq!(members.len(), 2);
    assert_eq!(members[0]["member"], ada_uid[..8]);
    assert_eq!(members[0]["devices"].as_array().unwrap().len(), 2);
    assert_eq!(members[0]["devices"][0]["online"], true);
    assert_eq!(members[1]["devices"][0]["online"], false);

    let queues = rows("queues", &data, &[]);
    let of_bob = queues.iter().find(|queue| queue["member"] == bob_uid[..8]).unwrap();
    assert_eq!(of_bob["online"], false);
    assert!(of_bob["messages"].as_u64().unwrap() >= 2, "{of_bob}");
    assert!(of_bob["bytes"].as_u64().unwrap() >= 10, "{of_bob}");
    let made_ms = members[0]["since_ms"].as_i64().unwrap();
    assert!(of_bob["oldest_ms"].as_i64().unwrap() >= made_ms, "{of_bob}");
    // The second device of Ada has never been on, and is owed what the first one is.
    assert!(queues.iter().any(|queue| queue["member"] == ada_uid[..8]), "{queues:?}");

    let groups = rows("groups", &data, &[]);
    assert_eq!(groups.len(), 1);
    let hash = groups[0]["group"].as_str().unwrap();
    assert!(hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");
    assert_eq!((&groups[0]["joined"], &groups[0]["invited"]), (&1.into(), &1.into()));

    let silent = ["members", "groups", "queues"].map(|command| printed(command, &data)).concat();
    for name in ["lovelace", "babbage", "telephone", "rowing"] {
        assert!(!silent.contains(name), "{name} is in {silent}");
    }
    let names = ["--names"];
    assert_eq!(rows("members", &data, &names)[0]["aliases"], json!(["ada lovelace"]));
    assert_eq!(rows("members", &data, &names)[0]["devices"][1]["label"], "adas telephone");
    assert_eq!(rows("groups", &data, &names)[0]["name"], "rowing eights");
    let told = ended(tmtpd("members", &data).args(names)).stdout
        + &ended(tmtpd("groups", &data).args(names)).stdout;
    assert!(told.contains("ada lovelace") && told.contains("rowing eights"), "{told}");
    for uid in [&ada_uid, &bob_uid] {
        assert!(!told.contains(uid.as_str()) && !silent.contains(uid.as_str()), "a whole uid");
    }
}

#[tokio::test]
async fn backup_of_a_running_service_can_be_served() {
    let service = ServiceProcess::start().unwrap();
    let (mut ada, _, _) = RawPeer::join(service.address(), "ada lovelace").await.unwrap();
    let (bob, bob_uid, bob_node) = RawPeer::join(service.address(), "bob babbage").await.unwrap();
    bob.quit().await.unwrap();
    ada.post(&[&bob_uid], b"a letter").await.unwrap();
    let folder = tempdir().unwrap();
    let to = folder.path().join("deep/copy");
    // A path from where the command is started.
    let mut command = tmtpd("backup", &service.data_dir());
    let made = ended(command.arg("deep/copy").current_dir(folder.path()));
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.stdout.starts_with(&format!("{} holds members, ", to.display())), "{made:?}");

    // A second one is not put over it.
    let again = ended(tmtpd("backup", &service.data_dir()).arg(&to));
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.stderr.contains("no backup was made in "), "{again:?}");

    let checked = ended(&mut tmtpd("check", &to));
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let copy = Served::start(&to);
    let mut bob = RawPeer::enter(copy.address, &bob_uid, &bob_node).await.unwrap();
    let letter = bob.receive("delivery").await.unwrap();
    assert_eq!(letter.data, b"a letter");
    copy.stop(&to);
}

#[test]
fn services_and_reload_cover_the_whole_process() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tmtpd.toml");
    let service = |name: &str| {
        format!("[[service]]\nname = {name:?}\ndata = {name:?}\nlisten = \"127.0.0.1:0\"\n")
    };
    std::fs::write(&file, service("one")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tmtpd"))
        .args(["serve", "--config"])
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut String::new()).unwrap();
    let named = |command: &str| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_tmtpd"));
        ended(program.args([command, "--config"]).arg(&file))
    };
    assert_eq!(named("reload").stdout, "nothing has changed\n");

    std::fs::write(&file, service("one") + &service("two")).unwrap();
    let reloaded = named("reload");
    assert_eq!((reloaded.code, reloaded.stdout.as_str()), (Some(0), "two: started\n"));
    let listed = rows("services", &folder.path().join("one"), &[]);
    let names: Vec<_> = listed.iter().map(|service| service["name"].clone()).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(listed[1]["state"], "running");
    assert!(named("services").stdout.contains("127.0.0.1:"));
    assert_eq!(rows("status", &folder.path().join("two"), &[])[0]["name"], "two");
    // Which of the two is not said.
    assert_eq!(named("members").code, Some(2));

    std::fs::write(&file, "nonsense").unwrap();
    let refused = ended(&mut tmtpd("reload", &folder.path().join("two")));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("nothing was reloaded: "), "{refused:?}");
    printed("shutdown", &folder.path().join("one"));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

//! Tests of `sd_notify`, by a path and by an abstract name.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use rustix::process::Signal;
use tempfile::tempdir;

use crate::process::{PATIENCE, Process, serve};

/// The next thing that is told.
fn told(manager: &UnixDatagram) -> String {
    let mut buffer = [0; 1_024];
    let length = manager.recv(&mut buffer).expect("something is told");
    String::from_utf8(buffer[..length].to_vec()).expect("UTF-8")
}

fn plays(name: &str, manager: &UnixDatagram, more: &[(&str, &str)]) -> Vec<String> {
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = serve(&["--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", name).envs(more.iter().copied());
    let process = Process::start(command);
    process.ready();
    let mut all = vec![told(manager)];
    process.signal(Signal::HUP);
    while all.iter().filter(|told| *told == "READY=1").count() < 2 {
        all.push(told(manager));
    }
    while !more.is_empty() && all.last().is_none_or(|told| told != "WATCHDOG=1") {
        all.push(told(manager));
    }
    process.signal(Signal::TERM);
    while all.last().is_none_or(|told| told != "STOPPING=1") {
        all.push(told(manager));
    }
    assert_eq!(process.end().code, Some(0));
    all
}

fn is_a_whole_story(all: &[String]) {
    let story: Vec<_> = all.iter().filter(|told| *told != "WATCHDOG=1").collect();
    assert_eq!(story.len(), 4, "{story:?}");
    let time = story[1].strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect("the time");
    assert!(time.parse::<u64>().is_ok_and(|time| time > 0), "{time}");
    assert_eq!([story[0], story[2], story[3]], ["READY=1", "READY=1", "STOPPING=1"]);
}

#[test]
fn service_manager_is_notified_by_path() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    is_a_whole_story(&plays(path.to_str().unwrap(), &manager, &[]));
}

#[test]
fn service_manager_is_notified_by_abstract_name_with_watchdog() {
    let name = format!("tmtpd-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let manager = UnixDatagram::bind_addr(&address).unwrap();
    is_a_whole_story(&plays(&format!("@{name}"), &manager, &[("WATCHDOG_USEC", "20000")]));
}

#[test]
fn missing_service_manager_is_ignored() {
    let folder = tempdir().unwrap();
    let mut command =
        serve(&["--data", folder.path().to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", folder.path().join("nobody"));
    let process = Process::start(command);
    process.ready();
    process.log_says("the service manager cannot be notified of");
    process.stop();
}

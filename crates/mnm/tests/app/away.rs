//! Tests of staleness notes: services that were not asked or not reached, and readers they did not reach.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::spawn;

use serde_json::json;
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::{AppProcess, ServiceProcess};

use crate::letters::{ADA, BJORN, introduce, join, thread, until};

/// The id of no member.
const NOBODY: &str = "BVC11111111111111111111111111111";
const CARL: &str = "Carl Carlsson";

#[test]
fn lists_show_their_age_while_offline() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let (mut ada, bjorn) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    join(&ada, &service, ADA);
    join(&bjorn, &service, BJORN);
    introduce(&ada, &bjorn);
    ada.ok(&["send", "--to", BJORN, "--subject", "Before", "hello"]).unwrap();
    let id = thread(&ada, "Before");
    let lists = ["inbox", "pings", "contacts", "groups", "devices"];
    for list in lists {
        assert_eq!(ada.run(&[list]).unwrap().stderr, "", "{list}: connected");
    }
    service.kill9().unwrap();
    let own = ["read", &id];
    for list in lists.iter().map(std::slice::from_ref).chain([&own[..]]) {
        assert_eq!(ada.run(&[list, &["--offline"]].concat()).unwrap().stderr, "", "{list:?}");
    }
    let why = |told: &str| told.contains("as of 20") && told.contains("could not be reached");
    for list in lists {
        let told = ada.run(&[list]).unwrap().stderr;
        assert!(told.contains("Not connected to") && why(&told), "{list}: {told}");
    }
    for stored in [&own[..], &["search", "hello"], &["people", &id]] {
        let told = ada.run(stored).unwrap();
        assert!(told.stderr.contains("The app is not running"), "{stored:?}: {told:?}");
        assert!(told.stderr.contains("as of 20"), "{stored:?}: {told:?}");
    }
    let queued = ada.run(&["reply", &id, "later", "--wait", "1"]).unwrap();
    assert_eq!(queued.status.code(), Some(4), "{queued:?}");
    assert!(queued.stderr.contains("Not connected to"), "why it waits: {queued:?}");

    ada.start().unwrap();
    for list in [&own[..], &["inbox"], &["search", "hello"]] {
        let told = until("the end of the attempt", || {
            let told = ada.run(list).unwrap().stderr;
            (!told.contains("has not answered so far")).then_some(told)
        });
        assert!(told.contains("Not connected to") && why(&told), "{list:?}: {told}");
    }
}

#[test]
fn waiting_messages_are_fetched_before_a_list_is_shown() {
    let service = ServiceProcess::start_plain().unwrap();
    let [ada, bjorn, carl, desk] = [(); 4].map(|()| AppProcess::new().unwrap());
    join(&ada, &service, ADA);
    join(&bjorn, &service, BJORN);
    join(&carl, &service, CARL);
    introduce(&ada, &bjorn);
    ada.ok(&["send", "--to", BJORN, "--subject", "To pass on", "hello"]).unwrap();
    let id = thread(&ada, "To pass on");
    ada.ok(&["ping", CARL, "hello"]).unwrap();
    let ping = until("the ping", || {
        let pings = carl.json(&["pings"]).unwrap();
        pings.as_array().unwrap().first().map(|ping| ping["id"].to_string())
    });
    carl.ok(&["accept", &ping]).unwrap();
    // Nothing was asked of the service since; and one option names several.
    ada.ok(&["forward", &id, "--to", &format!("{CARL}, {BJORN}")]).unwrap();
    thread(&carl, "To pass on");

    let code = ada.json(&["devices", "add", "desk"]).unwrap()["code"].as_str().unwrap().to_owned();
    desk.ok(&["join", "--device-code", &code]).unwrap();
    let devices = ada.ok(&["devices"]).unwrap();
    assert!(devices.contains("desk"), "{devices}");
    let there = desk.json(&["devices"]).unwrap();
    let labels = there.as_array().unwrap().iter().map(|device| (&device["label"], &device["this"]));
    let (own, others): (Vec<_>, Vec<_>) = labels.partition(|(_, this)| **this == true);
    assert_eq!((own.len(), others.len()), (1, 1), "each is listed once: {there}");
}

#[test]
fn a_file_on_its_way_is_waited_for_or_told() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    let most = Arc::new(AtomicUsize::new(usize::MAX));
    let line = thin_line(service.address(), Arc::clone(&most));
    join(&ada, &service, ADA);
    bjorn.ok(&["join", &format!("={line}"), "--alias", BJORN]).unwrap();
    introduce(&ada, &bjorn);
    std::fs::write(ada.desk().join("large"), vec![7; 12_000_000]).unwrap();
    ada.ok(&["send", "--to", BJORN, "--subject", "large", "--attach", "large", "x"]).unwrap();
    ada.ok(&["send", "--to", BJORN, "--subject", "behind it", "It comes."]).unwrap();

    most.store(1_000_000, Ordering::Relaxed);
    let cut = bjorn.run(&["inbox"]).unwrap();
    assert!(!cut.stdout.contains("behind it"), "{cut:?}");
    assert!(cut.stderr.contains("was not done sending after 5 seconds"), "{cut:?}");

    most.store(usize::MAX, Ordering::Relaxed);
    let whole = bjorn.run(&["inbox"]).unwrap();
    assert!(whole.stdout.contains("large") && whole.stdout.contains("behind it"), "{whole:?}");
    assert_eq!(whole.stderr, "", "{whole:?}");
}

/// A way to a service on which no more than `most` bytes of each link come in.
fn thin_line(service: SocketAddr, most: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    spawn(move || {
        for app in listener.incoming().flatten() {
            let Ok(there) = TcpStream::connect(service) else { continue };
            let (up, down) = (app.try_clone().unwrap(), there.try_clone().unwrap());
            let most = most.load(Ordering::Relaxed);
            spawn(move || carry(up, there, usize::MAX));
            spawn(move || carry(down, app, most));
        }
    });
    address
}

fn carry(mut from: TcpStream, mut to: TcpStream, most: usize) {
    let (mut buffer, mut carried) = (vec![0; 64 << 10], 0);
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        carried += count;
        // What is too much goes nowhere, and the link stays.
        if carried <= most && to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn send_names_unreached_recipients() {
    let service = ServiceProcess::start().unwrap();
    let ada = AppProcess::new().unwrap();
    join(&ada, &service, ADA);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let uid = ada.json(&["status"]).unwrap()["accounts"][0]["uid"].clone();
    let mut peer = runtime.block_on(async {
        let (mut peer, ..) = RawPeer::join(service.address(), BJORN).await.unwrap();
        peer.ping(BJORN, ADA, "hello").await.unwrap();
        peer
    });
    ada.ok(&["accept", &ada.json(&["pings"]).unwrap()[0]["id"].to_string()]).unwrap();
    runtime.block_on(async {
        peer.receive("ping").await.unwrap();
        let cc = json!([{ "Who": "Eve Ensemble", "WhoUid": NOBODY, "Subscribe": true }]);
        let head = json!({ "Subject": "For all", "Cc": cc }).to_string();
        let id = peer.request_id();
        let request = json!({ "Op": 7, "Id": id, "For": [{ "Id": uid, "Type": 1 }],
            "DataLen": head.len() + 2, "DataHead": head.len() });
        peer.send(&request.to_string(), format!("{head}hi").as_bytes()).await.unwrap();
        peer.expect_done(&id).await.unwrap();
    });
    let id = thread(&ada, "For all");
    let sent = ada.run(&["reply", &id, "to all of you"]).unwrap();
    assert_eq!(sent.status.code(), Some(0), "{sent:?}");
    assert!(sent.stdout.contains("Sent, but not to all"), "{sent:?}");
    assert!(sent.stdout.contains("not delivered to Eve Ensemble"), "{sent:?}");
}

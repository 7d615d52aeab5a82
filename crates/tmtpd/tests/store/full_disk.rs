//! Test of a whole service whose disk is full for a while.
//!
//! The full disk is the kernel's limit on the length of files, put on the running process and
//! taken away again: no file can be written at all, and no rights are needed.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tmtp_testkit::files::files_with;
use tmtp_testkit::peer::RawPeer;

struct Service {
    child: Child,
    address: SocketAddr,
    /// Holds the configuration, under which strangers may post.
    _config: tempfile::TempDir,
}

impl Service {
    /// Past its limit a process gets SIGXFSZ; ignored, the system call fails instead.
    fn start(data: &Path) -> Self {
        let config = tempfile::tempdir().unwrap();
        let file = config.path().join("tmtpd.toml");
        std::fs::write(&file, "[service]\npost_policy = \"uid\"\n").unwrap();
        let mut child = Command::new("sh")
            .args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#, env!("CARGO_BIN_EXE_tmtpd")])
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .arg("--config")
            .arg(file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let address = ready.strip_prefix("ready: =").and_then(|rest| rest.split_once('#'));
        Self { child, address: address.unwrap().0.parse().unwrap(), _config: config }
    }

    fn limit_files(&self, bytes: Option<u64>) {
        let pid = Pid::from_child(&self.child);
        let unlimited = Rlimit { current: None, maximum: None };
        prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, ..unlimited }).unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn repeated_request_is_recognised_on_a_full_disk() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path());
    let (mut ada, uid, secret) = RawPeer::join(service.address, "ada lovelace").await.unwrap();
    let (_bob, bob_uid, _) = RawPeer::join(service.address, "bob babbage").await.unwrap();
    // Longer than what is kept in memory.
    let data = vec![b'x'; 100_000];
    let head = serde_json::json!({"op": 7, "id": "9c0e6a5f24d1b837",
        "for": [{"id": bob_uid, "type": 1}], "datalen": data.len()});
    ada.send(&head.to_string(), &data).await.unwrap();
    let stored = ada.expect_done("9c0e6a5f24d1b837").await.unwrap().text("msgid").to_owned();
    ada.drop_link();

    let mut ada = loop {
        match RawPeer::enter(service.address, &uid, &secret).await {
            Ok(ada) => break ada,
            Err(error) => assert!(format!("{error:#}").contains("node already connected")),
        }
    };
    service.limit_files(Some(0));
    ada.send(&head.to_string(), &data).await.unwrap();
    let again = ada.expect_done("9c0e6a5f24d1b837").await.unwrap();
    assert_eq!(again.text("msgid"), stored, "the ack it would have got");
}

#[tokio::test]
async fn full_disk_refuses_posts_and_continues_deliveries() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path());
    let (mut ada, ..) = RawPeer::join(service.address, "ada lovelace").await.unwrap();
    let (bob, bob_uid, bob_secret) = RawPeer::join(service.address, "bob babbage").await.unwrap();
    bob.quit().await.unwrap();
    let before = ada.post(&[&bob_uid], b"MARKER before").await.unwrap();
    // In a file of its own.
    let large = ada.start_large_post(&[&bob_uid], &[b'x'; 10_000], 10).await.unwrap();
    let large = ada.expect_done(&large).await.unwrap().text("msgid").to_owned();

    service.limit_files(Some(0));
    let to_bob = serde_json::json!([{"id": bob_uid, "type": 1}]);
    for text in ["first", "second"] {
        let refused = ada.start_post(&to_bob, text.as_bytes()).await.unwrap();
        let ack = ada.expect_ack(&refused).await.unwrap();
        assert!(ack.text("error").contains("full"), "{}", ack.raw_head);
    }
    let refused = ada.start_large_post(&[&bob_uid], &[b'x'; 10_000], 10).await.unwrap();
    let ack = ada.expect_ack(&refused).await.unwrap();
    assert!(ack.text("error").contains("full"), "{}", ack.raw_head);

    // Who logs in now gets what is owed, and the acknowledgements are kept until they fit.
    let mut bob = RawPeer::connect(service.address).await.unwrap();
    bob.greet().await.unwrap();
    let login = serde_json::json!({"op": 2, "uid": bob_uid, "node": bob_secret});
    bob.request(login).await.unwrap();
    for id in [&before, &large] {
        assert_eq!(bob.receive("delivery").await.unwrap().id(), id);
    }

    service.limit_files(None);
    let after = ada.post(&[&bob_uid], b"after").await.unwrap();
    assert_eq!(bob.receive("delivery").await.unwrap().id(), &after);
    drop((ada, bob));
    let pid = Pid::from_child(&service.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let mut service = service;
    assert!(service.child.wait().unwrap().success());
    assert_eq!(
        files_with(dir.path(), b"MARKER").unwrap(),
        Vec::<&Path>::new(),
        "what was acknowledged is erased"
    );
}

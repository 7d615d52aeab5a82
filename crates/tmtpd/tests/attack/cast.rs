//! The service under attack, what it holds, and the members who must not notice.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;

use crate::http;

/// Far more than anything here takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service with these lines under `[limits]`, whose log tells of each link's end.
pub(crate) fn service(limits: &str) -> ServiceProcess {
    let config = format!("[limits]\n{limits}\n");
    ServiceProcess::start_with(&config, &["--log-level", "debug"]).unwrap()
}

/// Comes back when `holds` does; fails when it never does.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "it never came to this: {what}");
        // Not synchronisation: it looks again and again, with a deadline.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Comes back when the log has a line with this text.
pub(crate) async fn until_logged(service: &ServiceProcess, text: &str) {
    let log = service.log_file();
    until(text, || fs::read_to_string(&log).unwrap().contains(text)).await;
}

/// Open files of the process, sockets included.
pub(crate) fn open_files(service: &ServiceProcess) -> usize {
    fs::read_dir(format!("/proc/{}/fd", service.pid().unwrap())).unwrap().count()
}

/// The sum of a family of figures of the service at `address`, over all of its labels.
pub(crate) fn figure(address: &str, name: &str) -> u64 {
    let (_, page) = http::get(address, "/metrics");
    let of_name = |line: &&str| line.starts_with(name) && line[name.len()..].starts_with('{');
    let value = |line: &str| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap();
    page.lines().filter(of_name).map(value).sum()
}

/// Files of long bodies, finished or not.
pub(crate) fn large_files(service: &ServiceProcess) -> usize {
    fs::read_dir(service.data_dir().join("bodies/large")).map_or(0, Iterator::count)
}

/// Bytes that a folder takes on the disk.
pub(crate) fn disk_bytes(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let entries = fs::read_dir(folder).unwrap().filter_map(Result::ok);
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => disk_bytes(&entry.path()),
        Ok(metadata) => metadata.blocks() * 512,
        // Erased while we look.
        Err(_) => 0,
    });
    sizes.sum()
}

/// A member's link, with what logs its device in again.
pub(crate) struct Member {
    pub(crate) peer: RawPeer,
    pub(crate) uid: String,
    pub(crate) node: String,
}

impl Member {
    /// A new member who is online.
    pub(crate) async fn join(service: &ServiceProcess, alias: &str) -> Self {
        let (peer, uid, node) = RawPeer::join(service.address(), alias).await.unwrap();
        Self { peer, uid, node }
    }
}

/// Two members who write to each other while others misbehave.
pub(crate) struct Bystanders {
    author: Member,
    reader: Member,
    letters: u32,
}

impl Bystanders {
    pub(crate) async fn join(service: &ServiceProcess) -> Self {
        let author = Member::join(service, "bystander author").await;
        let reader = Member::join(service, "bystander reader").await;
        Self { author, reader, letters: 0 }
    }

    /// A letter is acknowledged to one, and reaches the other whole.
    pub(crate) async fn are_served(&mut self) {
        self.letters += 1;
        let letter = format!("letter {}", self.letters).repeat(100);
        self.author.peer.post(&[&self.reader.uid], letter.as_bytes()).await.unwrap();
        let received = self.reader.peer.receive("delivery").await.unwrap();
        assert_eq!(received.data, letter.as_bytes());
    }
}

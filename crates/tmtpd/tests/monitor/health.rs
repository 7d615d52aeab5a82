//! Tests of the health endpoint: 200 while every service takes messages, 503 with the reason when not.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::{TempDir, tempdir};
use tmtp_testkit::process::{SITE, ServiceProcess};

use crate::http::{CONFIG, address, get};

#[test]
fn service_that_accepts_messages_is_healthy() {
    let service = ServiceProcess::start_with(CONFIG, &[]).unwrap();
    let address = address(&service.log_file());
    assert_eq!(get(&address, "/healthz"), (200, format!("{SITE}: ok\n")));
}

#[test]
fn full_disk_is_unhealthy_until_there_is_room() {
    let Some(service) = OnSmallDisk::start() else {
        eprintln!("not tried: this system lets nobody mount a disk of their own");
        return;
    };
    assert_eq!(get(&service.address, "/healthz"), (200, "small: ok\n".to_owned()));
    let ballast = service.disk().join("ballast");
    fill(&ballast);
    let (status, text) = get(&service.address, "/healthz");
    assert_eq!(status, 503);
    assert!(text.starts_with("small: the disk is full: posts are refused"), "{text}");
    let figures = get(&service.address, "/metrics").1;
    assert!(figures.contains("tmtpd_healthy{service=\"small\"} 0\n"), "{figures}");
    fs::remove_file(ballast).unwrap();
    assert_eq!(get(&service.address, "/healthz"), (200, "small: ok\n".to_owned()));
}

/// Writes until there is no room.
fn fill(path: &PathBuf) {
    let mut file = File::create(path).unwrap();
    loop {
        match file.write_all(&[1; 64 * 1_024]) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::StorageFull => return,
            Err(error) => panic!("{error}"),
        }
    }
}

/// A service whose data lies on a disk of 64 MiB that only it sees.
struct OnSmallDisk {
    service: Child,
    address: String,
    folder: TempDir,
}

impl OnSmallDisk {
    fn start() -> Option<Self> {
        let folder = tempdir().unwrap();
        let (disk, log) = (folder.path().join("disk"), folder.path().join("log"));
        fs::create_dir(&disk).unwrap();
        let file = folder.path().join("tmtpd.toml");
        let service =
            "[service]\nname = \"small\"\ndata = \"disk/data\"\nlisten = \"127.0.0.1:0\"\n";
        fs::write(&file, format!("{service}{CONFIG}")).unwrap();
        let mount = "mount -t tmpfs -o size=64m none \"$0\" && exec \"$@\"";
        let mut service = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", mount])
            .arg(&disk)
            .args([env!("CARGO_BIN_EXE_tmtpd"), "serve", "--config"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .ok()?;
        while !fs::read_to_string(&log).unwrap().contains("a monitor may ask") {
            if service.try_wait().unwrap().is_some() {
                return None;
            }
        }
        Some(Self { service, address: address(&log), folder })
    }

    /// The disk as the service sees it.
    fn disk(&self) -> PathBuf {
        let disk = self.folder.path().join("disk");
        PathBuf::from(format!("/proc/{}/root{}", self.service.id(), disk.display()))
    }
}

impl Drop for OnSmallDisk {
    fn drop(&mut self) {
        let _ = self.service.kill();
        let _ = self.service.wait();
    }
}

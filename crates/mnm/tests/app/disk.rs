//! Tests of a full disk: reading works, nothing is lost, room comes back.
//!
//! The disks are file systems in memory, which only root can mount; without, these tests are left
//! out and say so.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tmtp_testkit::process::{AppProcess, ServiceProcess};

use crate::letters::{ADA, BJORN, introduce, join, thread, until};

/// A file system of its own size at the home of an app.
struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// None where this user can't mount.
    fn mount(at: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let options = format!("size={size},mode=0700");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&at).output();
        if mounted.is_ok_and(|done| done.status.success()) {
            return Some(Self { at });
        }
        eprintln!("left out: this user can't mount a small disk");
        None
    }

    fn resize(&self, size: &str) {
        let options = format!("remount,size={size}");
        let done = Command::new("mount").args(["-o", &options]).arg(&self.at).status().unwrap();
        assert!(done.success());
    }

    /// Fills it to the last byte, but for `spare`.
    fn fill(&self, spare: u64) -> PathBuf {
        let path = self.at.join("filler");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[7; 4096]).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(spare)).unwrap();
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).status();
    }
}

/// Bytes that a home takes, what else lies on its disk left out.
fn used(home: &Path) -> u64 {
    let files = fs::read_dir(home).unwrap().map(|entry| entry.unwrap());
    let own = files.filter(|file| file.file_name() != "filler");
    own.map(|file| file.metadata().unwrap().len()).sum()
}

fn write_file(app: &AppProcess, name: &str, bytes: usize) {
    fs::write(app.desk().join(name), vec![b'x'; bytes]).unwrap();
}

#[test]
fn a_file_larger_than_the_disk_is_refused_and_costs_nothing() {
    let service = ServiceProcess::start().unwrap();
    let (ada, bjorn) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    let Some(disk) = SmallDisk::mount(ada.home(), "12M") else { return };
    join(&ada, &service, ADA);
    join(&bjorn, &service, BJORN);
    introduce(&ada, &bjorn);
    ada.ok(&["send", "--to", BJORN, "--subject", "small", "It fits."]).unwrap();
    let before = used(&ada.home());

    write_file(&ada, "big", 20_000_000);
    let mut announced =
        ada.run(&["send", "--to", BJORN, "--subject", "big", "--attach", "big", "x"]);
    let refused = announced.as_mut().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stderr.contains("MB are missing"), "{refused:?}");
    let after = used(&ada.home());
    assert!(after <= before + (2 << 20), "{before} bytes before, {after} after");

    // Others fill the disk.
    disk.fill(0);
    let id = thread(&ada, "small");
    for command in [
        &["inbox"][..],
        &["inbox", "--offline"],
        &["read", &id],
        &["status"],
        &["search", "fits"],
        &["pings"],
        &["contacts"],
        &["drafts"],
    ] {
        ada.ok(command).unwrap();
    }
    let refused = ada.run(&["send", "--to", BJORN, "--subject", "no", "x"]).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stderr.contains("disk is full"), "{refused:?}");
    assert!(refused.stderr.lines().all(|line| line.starts_with("mnm: ")), "{refused:?}");
}

#[test]
fn a_letter_too_large_for_the_disk_waits_at_the_service_and_lets_others_through() {
    let service = ServiceProcess::start_with("[limits]\nresend_after_s = 1\n", &[]).unwrap();
    let (ada, mut bjorn) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    let Some(disk) = SmallDisk::mount(bjorn.home(), "8M") else { return };
    join(&ada, &service, ADA);
    join(&bjorn, &service, BJORN);
    introduce(&ada, &bjorn);
    write_file(&ada, "big", 12_000_000);
    ada.ok(&["send", "--to", BJORN, "--subject", "large", "--attach", "big", "x"]).unwrap();
    ada.ok(&["send", "--to", BJORN, "--subject", "behind it", "It comes."]).unwrap();

    bjorn.start().unwrap();
    thread(&bjorn, "behind it");
    let status = bjorn.json(&["status"]).unwrap();
    let account = &status["accounts"][0];
    assert_eq!(account["held"]["messages"], 1, "{account}");
    assert!(account["held"]["missing"].as_u64().unwrap() > 5_000_000, "{account}");
    assert_eq!(account["link"]["state"], "online", "{account}");
    assert!(bjorn.ok(&["status"]).unwrap().contains("wait at the service"));
    let inbox = bjorn.run(&["inbox"]).unwrap();
    assert!(!inbox.stdout.contains("large"), "{inbox:?}");
    assert!(inbox.stderr.contains("must wait at the service"), "{inbox:?}");

    disk.resize("40M");
    let id = thread(&bjorn, "large");
    bjorn.ok(&["save", &id, "big"]).unwrap();
    assert_eq!(fs::metadata(bjorn.desk().join("big")).unwrap().len(), 12_000_000);
    until("the word about it goes", || {
        bjorn.json(&["status"]).unwrap()["accounts"][0]["held"].is_null().then_some(())
    });
}

#[test]
fn a_file_that_changes_while_it_is_attached_is_refused_by_name() {
    let service = ServiceProcess::start().unwrap();
    let mut ada = AppProcess::new().unwrap();
    join(&ada, &service, ADA);
    let path = ada.desk().join("log.txt");
    for running in [false, true] {
        if running {
            ada.start().unwrap();
        }
        for change in ["cut", "grow", "remove"] {
            fs::write(&path, vec![b'x'; 40 << 20]).unwrap();
            // The change is made as soon as the command has read some of it.
            let watch = std::thread::spawn({
                let path = path.clone();
                move || {
                    until("the command reads it", || is_read_elsewhere(&path).then_some(()));
                    match change {
                        "cut" => {
                            File::options().write(true).open(&path).unwrap().set_len(9).unwrap()
                        }
                        "grow" => {
                            let mut file = File::options().append(true).open(&path).unwrap();
                            file.write_all(b"more").unwrap();
                        }
                        _ => fs::remove_file(&path).unwrap(),
                    }
                }
            });
            let note = ["send", "--to", ADA, "--subject", "log", "--attach", "log.txt", "x"];
            let refused = ada.run(&note).unwrap();
            watch.join().unwrap();
            assert_eq!(refused.status.code(), Some(1), "{change}, {running}: {refused:?}");
            assert!(refused.stderr.contains("log.txt"), "{change}, {running}: {refused:?}");
            assert!(refused.stderr.contains("changed"), "{change}, {running}: {refused:?}");
        }
        assert_eq!(ada.json(&["drafts"]).unwrap(), serde_json::json!([]), "no draft is left");
    }
}

/// Whether a process other than this one has read some of the file.
fn is_read_elsewhere(path: &Path) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let own = std::process::id().to_string();
    processes.filter(|process| process.file_name() != own.as_str()).any(|process| {
        let Ok(open) = fs::read_dir(process.path().join("fd")) else { return false };
        open.flatten().filter(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == path)).any(|fd| {
            let about = process.path().join("fdinfo").join(fd.file_name());
            fs::read_to_string(about).is_ok_and(|about| !about.starts_with("pos:\t0\n"))
        })
    })
}

#[test]
fn a_letter_queued_in_a_home_that_was_copied_leaves_once() {
    let mut service = ServiceProcess::start().unwrap();
    let (ada, bjorn, copy) =
        (AppProcess::new().unwrap(), AppProcess::new().unwrap(), AppProcess::new().unwrap());
    join(&ada, &service, ADA);
    join(&bjorn, &service, BJORN);
    introduce(&ada, &bjorn);
    service.kill9().unwrap();
    let letter = ["send", "--to", BJORN, "--subject", "once", "--wait", "0", "Only once."];
    assert_eq!(ada.run(&letter).unwrap().status.code(), Some(4));
    let copied = Command::new("cp").arg("-a").args([ada.home(), copy.home()]).status().unwrap();
    assert!(copied.success());
    service.restart().unwrap();

    // The home itself goes on as ever, over restarts.
    until("it is sent", || {
        let inbox = ada.json(&["inbox"]).unwrap();
        (inbox[0]["state"]["state"] == "sent").then_some(())
    });
    assert!(!ada.ok(&["status"]).unwrap().contains("copied"));
    let id = thread(&bjorn, "once");

    assert!(copy.ok(&["status"]).unwrap().contains("was copied or restored from a backup"));
    let inbox = copy.json(&["inbox"]).unwrap();
    assert_eq!(inbox[0]["state"]["state"], "failed", "{inbox}");
    assert!(copy.ok(&["inbox"]).unwrap().contains("may have been sent already"));
    bjorn.ok(&["inbox"]).unwrap();
    assert_eq!(bjorn.json(&["read", &id]).unwrap()["messages"].as_array().unwrap().len(), 1);
    // Said once; a copy that is used is a home like any other.
    assert!(!copy.ok(&["status"]).unwrap().contains("was copied"));
}

#[test]
fn a_damaged_page_leaves_the_inbox_usable() {
    let service = ServiceProcess::start().unwrap();
    let (mut ada, rescued) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    ada.start().unwrap();
    join(&ada, &service, ADA);
    for n in 0..40 {
        let text = format!("Number {n}. {}", "Words of it. ".repeat(150));
        let subject = format!("letter {n}");
        ada.ok(&["send", "--to", ADA, "--subject", &subject, &text]).unwrap();
    }
    assert!(ada.run(&["check"]).unwrap().stderr.contains("Another mnm is running"));
    ada.stop().unwrap();
    let whole = ada.ok(&["check"]).unwrap();
    assert!(whole.contains("The store is whole: 1 account, 40 letters"), "{whole}");
    let path = ada.home().join("vault.db");
    let mut bytes = fs::read(&path).unwrap();
    // The last pages hold the letters that came last.
    let byte = bytes.len() - 3 * 4096 + 7;
    bytes[byte] ^= 4;
    fs::write(&path, &bytes).unwrap();

    let inbox = ada.json(&["inbox", "--offline"]).unwrap();
    let rows = inbox.as_array().unwrap();
    assert!(rows.len() >= 30, "{} rows", rows.len());
    for row in rows {
        ada.ok(&["read", "--peek", &row["id"].to_string()]).unwrap();
    }
    let checked = ada.run(&["check"]).unwrap();
    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
    assert!(checked.stdout.contains("The store is damaged: 1 page can"), "{checked:?}");
    let to = rescued.home();
    let saved = ada.run(&["check", "--save-to", to.to_str().unwrap()]).unwrap();
    assert!(saved.stdout.contains("Everything that is whole was saved to"), "{saved:?}");
    let found = rescued.json(&["inbox", "--offline", "--all"]).unwrap();
    assert!(found.as_array().unwrap().len() >= rows.len());
    assert!(rescued.ok(&["check"]).unwrap().contains("is whole"));
}

#[test]
fn an_emptied_or_missing_store_is_reported_and_not_recreated() {
    let mut ada = AppProcess::new().unwrap();
    ada.start().unwrap();
    ada.stop().unwrap();
    let db = ada.home().join("vault.db");
    for (length, word) in [(Some(0), "cut short, at 0 bytes"), (None, "is missing")] {
        match length {
            Some(length) => File::options().write(true).open(&db).unwrap().set_len(length).unwrap(),
            None => fs::remove_file(&db).unwrap(),
        }
        for command in [
            &["inbox", "--offline"][..],
            &["status"],
            &["check"],
            &["check", "--save-to", "saved"],
            &["send", "--to", ADA, "--subject", "no", "x"],
            &["join", "=127.0.0.1:1", "--alias", ADA],
            // It serves the pages.
            &[],
        ] {
            let refused = ada.run(command).unwrap();
            assert_eq!(refused.status.code(), Some(1), "{command:?}: {refused:?}");
            assert!(refused.stderr.contains(word), "{command:?}: {refused:?}");
            assert_eq!(fs::metadata(&db).ok().map(|file| file.len()), length, "{command:?}");
        }
    }
    assert!(!ada.desk().join("saved").exists());
}

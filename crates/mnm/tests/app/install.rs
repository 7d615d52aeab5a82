//! `mnm install` and its removal, in a user directory of its own; completions, man pages, links.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use tmtp_testkit::process::AppProcess;

use crate::letters::until;

const LAUNCHER: &str = ".local/share/applications/mnm.desktop";
const ZSH: &str = ".local/share/zsh/site-functions/_mnm";
const UNIT: &str = ".config/systemd/user/mnm.service";
const AUTOSTART: &str = ".config/autostart/mnm.desktop";
const RECORD: &str = ".local/state/mnm/installed.json";

/// A user with a directory of their own, on a machine with or without systemd's user manager.
struct User {
    directory: TempDir,
}

impl User {
    fn new(has_systemd: bool) -> Self {
        let user = Self { directory: tempfile::tempdir().unwrap() };
        let tools = user.directory.path().join("tools");
        fs::create_dir(&tools).unwrap();
        let answer = if has_systemd { 0 } else { 1 };
        let script =
            format!("#!/bin/sh\necho \"$@\" >> '{}/calls'\nexit {answer}\n", tools.display());
        fs::write(tools.join("systemctl"), script).unwrap();
        fs::set_permissions(tools.join("systemctl"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(user.path("")).unwrap();
        user
    }

    /// A path below the user's directory.
    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join("user").join(path)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mnm"));
        command.args(arguments).env_clear().env("HOME", self.path(""));
        command.env("PATH", format!("{}:/usr/bin:/bin", self.tools().display()));
        command.output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let done = self.run(&[arguments, &["--json"]].concat());
        assert!(done.status.success(), "{done:?}");
        serde_json::from_slice(&done.stdout).unwrap()
    }

    fn tools(&self) -> PathBuf {
        self.directory.path().join("tools")
    }

    /// How systemctl was called since the last time.
    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.tools().join("calls")).unwrap_or_default();
        fs::write(self.tools().join("calls"), "").unwrap();
        calls.lines().map(|call| call.trim_start_matches("--user ").to_owned()).collect()
    }

    /// Every file and directory, with what the files hold.
    fn everything(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(&self.path(""), &mut found);
        found
    }
}

fn collect(directory: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
            found.insert(path, Vec::new());
        } else {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, bytes);
        }
    }
}

fn count(document: &Value, key: &str) -> usize {
    document[key].as_array().unwrap().len()
}

#[test]
fn install_is_taken_away_without_a_trace() {
    let user = User::new(true);
    fs::create_dir_all(user.path(".local/share/mnm")).unwrap();
    fs::write(user.path(".local/share/mnm/vault.db"), "letters").unwrap();
    fs::create_dir_all(user.path(".config/systemd/user")).unwrap();
    let before = user.everything();

    let installed = user.json(&["install"]);
    assert_eq!(installed["background"], "systemd");
    assert_eq!(installed["started"], true);
    let written = count(&installed, "written");
    assert!(written > 30, "with a man page for each command: {installed}");
    assert_eq!(
        user.calls(),
        ["show-environment", "daemon-reload", "enable mnm.service", "restart mnm.service"]
    );
    let program = env!("CARGO_BIN_EXE_mnm");
    let launcher = fs::read_to_string(user.path(LAUNCHER)).unwrap();
    assert!(launcher.contains(&format!("Exec=\"{program}\" --link %u\n")), "{launcher}");
    assert!(launcher.contains("MimeType=x-scheme-handler/tmtp;"), "{launcher}");
    let unit = fs::read_to_string(user.path(UNIT)).unwrap();
    assert!(unit.contains(&format!("ExecStart=\"{program}\" --background\n")), "{unit}");
    assert!(user.path(".local/share/man/man1/mnm-devices-add.1").is_file());
    assert!(user.path(".local/share/icons/hicolor/scalable/apps/mnm.svg").is_file());

    let again = user.json(&["install"]);
    assert_eq!((count(&again, "written"), count(&again, "unchanged")), (0, written));
    assert_eq!(user.calls().last().unwrap(), "start mnm.service");

    let removed = user.run(&["install", "--remove"]);
    let told = String::from_utf8(removed.stdout).unwrap();
    assert!(told.contains(&format!("Removed: {written} files.")), "{told}");
    assert!(
        told.contains("Your letters are where they were") && told.contains(".local/share/mnm"),
        "{told}"
    );
    assert_eq!(user.calls(), ["disable --now mnm.service", "daemon-reload"]);
    assert_eq!(user.everything(), before);
    let nothing = user.run(&["install", "--remove"]);
    assert_eq!(nothing.status.code(), Some(3), "{nothing:?}");
}

#[test]
fn files_of_others_and_changed_files_are_left() {
    let user = User::new(false);
    fs::create_dir_all(user.path(ZSH).parent().unwrap()).unwrap();
    fs::write(user.path(ZSH), "#compdef mnm, by somebody").unwrap();
    // What somebody put where a file is written before it is renamed.
    let foreign = user.path("foreign");
    fs::write(&foreign, "precious").unwrap();
    let trap = user.path(&format!("{LAUNCHER}.mnm-new"));
    fs::create_dir_all(trap.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&foreign, &trap).unwrap();
    let installed = user.json(&["install"]);
    assert_eq!(fs::read_to_string(&foreign).unwrap(), "precious");
    assert_eq!(fs::read_link(&trap).unwrap(), foreign);
    assert_eq!(installed["background"], "autostart");
    assert_eq!(installed["left"], serde_json::json!([user.path(ZSH)]));

    fs::write(user.path(LAUNCHER), "my own").unwrap();
    // A link leads to where the member keeps it.
    let kept = user.path("kept.desktop");
    fs::rename(user.path(AUTOSTART), &kept).unwrap();
    std::os::unix::fs::symlink(&kept, user.path(AUTOSTART)).unwrap();
    let before = fs::read(&kept).unwrap();
    let again = user.json(&["install"]);
    assert_eq!(count(&again, "left"), 3, "{again}");
    let removed = String::from_utf8(user.run(&["install", "--remove"]).stdout).unwrap();
    assert!(removed.contains("Left as it is") && removed.contains(LAUNCHER), "{removed}");
    assert!(!removed.contains("_mnm"), "it never was ours: {removed}");
    assert_eq!(fs::read_to_string(user.path(LAUNCHER)).unwrap(), "my own");
    assert_eq!(fs::read_to_string(user.path(ZSH)).unwrap(), "#compdef mnm, by somebody");
    assert_eq!(fs::read(user.path(AUTOSTART)).unwrap(), before);
    assert!(!user.path(".local/share/man").exists());
}

#[test]
fn an_upgrade_renews_what_an_earlier_version_put() {
    let user = User::new(false);
    user.json(&["install"]);
    let launcher = fs::read(user.path(LAUNCHER)).unwrap();
    // As an earlier version would have left it: another launcher, and a file that is no more.
    let old = user.path(".local/share/man/man1/mnm-old.1");
    fs::write(&old, "old").unwrap();
    fs::write(user.path(LAUNCHER), "old").unwrap();
    let mut record: Value = serde_json::from_slice(&fs::read(user.path(RECORD)).unwrap()).unwrap();
    // SHA-256 of "old".
    let digest = "cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4";
    for path in [user.path(LAUNCHER), old.clone()] {
        record["files"][path.to_str().unwrap()] = digest.into();
    }
    fs::write(user.path(RECORD), record.to_string()).unwrap();

    let renewed = user.json(&["install"]);
    assert_eq!(renewed["written"], serde_json::json!([user.path(LAUNCHER)]));
    assert_eq!(renewed["removed"], serde_json::json!([old]));
    assert_eq!(fs::read(user.path(LAUNCHER)).unwrap(), launcher);
}

#[test]
fn completions_and_man_pages_can_be_printed() {
    let user = User::new(false);
    let script = user.run(&["completions", "bash"]).stdout;
    fs::write(user.path("mnm.bash"), script).unwrap();
    let complete = ". ./mnm.bash; COMP_WORDS=(mnm inb); COMP_CWORD=1; _mnm mnm inb mnm; echo \"${COMPREPLY[@]}\"";
    let completed =
        Command::new("bash").args(["-c", complete]).current_dir(user.path("")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&completed.stdout).trim(), "inbox", "{completed:?}");
    let page = String::from_utf8(user.run(&["man"]).stdout).unwrap();
    assert!(page.contains(".TH mnm 1"), "{page}");
    let pages = user.json(&["man", user.path("pages").to_str().unwrap()]);
    assert!(count(&pages, "written") > 30, "{pages}");
    let send = fs::read_to_string(user.path("pages/mnm-send.1")).unwrap();
    assert!(send.contains("mnm\\-send \\- Send a letter"), "{send}");
}

#[test]
fn a_link_opens_the_page_that_joins_its_service() {
    let mut ada = AppProcess::new().unwrap();
    ada.start().unwrap();
    let link = "tmtp://=club.example:5050#74fc";
    let opened = ada.ok(&["--no-open", "--link", link]).unwrap();
    assert!(
        opened.trim().ends_with("#/join/tmtp%3A%2F%2F%3Dclub.example%3A5050%2374fc"),
        "{opened}"
    );
    // A desktop that has no link gives none.
    let opened = ada.ok(&["--no-open", "--link"]).unwrap();
    assert!(opened.contains("token=") && !opened.contains('#'), "{opened}");
    let refused = ada.run(&["--no-open", "--link", "https://club.example"]).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    // A service that finds the app running ends without a word.
    let found = ada.run(&["--background"]).unwrap();
    assert!(found.status.success() && found.stdout.is_empty(), "{found:?}");
}

#[test]
fn pages_open_in_a_window_of_their_own() {
    let mut ada = AppProcess::new().unwrap();
    ada.start().unwrap();
    let noted = ada.desk().join("noted");
    let browser = ada.desk().join("chromium");
    let script =
        format!("#!/bin/sh\necho \"$1\" > '{0}.new'; mv '{0}.new' '{0}'\n", noted.display());
    fs::write(&browser, script).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/bin", ada.desk().display());
    ada.set_env("PATH", &path);
    let opened = ada.ok(&["--window"]).unwrap();
    let url = opened.trim().trim_start_matches("open: ").to_owned();
    let started = until("the window", || fs::read_to_string(&noted).ok());
    assert_eq!(started.trim(), format!("--app={url}"));
}

//! Tests of the write-ahead log that a killed app leaves: damage in it is told, a cut end is not.

use std::fs;
use std::path::Path;

use mnm_engine::error::OpenError;
use mnm_engine::vault::Vault;
use mnm_native::check;
use tempfile::TempDir;

use crate::cast::{App, BOB};

const LETTERS: usize = 12;
const FRAME: usize = 24 + 4096;

/// A home as a kill leaves it: its letters are in the log.
fn killed(dir: &Path) {
    let mut app = App::with_bob();
    for n in 0..LETTERS {
        let letter = app.letter(BOB, "Bob Jones", &format!("letter {n}"));
        app.receive(&letter);
    }
    fs::create_dir(dir).unwrap();
    for file in fs::read_dir(app.home.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), dir.join(file.file_name())).unwrap();
    }
}

fn letters(vault: &Vault) -> usize {
    let rows = vault.threads(None, None, Some(500)).unwrap();
    rows.iter().map(|row| vault.thread(row.id).unwrap().messages.len()).sum()
}

#[test]
fn a_damaged_wal_is_reported_and_recovered() {
    let dir = TempDir::new().unwrap();
    let home = dir.path().join("home");
    killed(&home);
    assert!(check::check(&home).unwrap().is_whole());
    let log = fs::read(home.join("vault.db-wal")).unwrap();
    let frames = (log.len() - 32) / FRAME;
    for (name, byte) in [
        ("a page", 32 + frames / 2 * FRAME + 1000),
        ("its checksum", 32 + frames / 2 * FRAME + 17),
        ("its salt", 32 + frames / 2 * FRAME + 9),
        ("the beginning", 17),
    ] {
        let mut damaged = log.clone();
        damaged[byte] ^= 1;
        fs::write(home.join("vault.db-wal"), &damaged).unwrap();
        let refused = mnm_native::open_vault(&home).map(drop).unwrap_err();
        assert!(matches!(refused, OpenError::Damaged { .. }), "{name}: {refused}");
        assert!(refused.to_string().contains("mnm check --save-to"), "{name}: {refused}");
        let found = check::check(&home).unwrap();
        assert!(!found.is_whole() && found.commits_lost > 1, "{name}: {found:?}");
        let to = dir.path().join(name);
        let saved = check::save(&home, &to).unwrap();
        assert_eq!(fs::read(home.join("vault.db-wal")).unwrap(), damaged, "{name}: left as it is");
        let saved_letters = letters(&mnm_native::open_vault(&to).unwrap());
        assert!(saved_letters + 3 >= LETTERS, "{name}: {saved_letters}, {saved:?}");
    }
}

#[test]
fn a_wal_truncated_by_power_loss_is_no_damage() {
    let dir = TempDir::new().unwrap();
    let home = dir.path().join("home");
    killed(&home);
    let log = fs::read(home.join("vault.db-wal")).unwrap();
    // The end of the last transaction is not there, or is something else.
    fs::write(home.join("vault.db-wal"), &log[..log.len() - 100]).unwrap();
    assert!(check::check(&home).unwrap().is_whole());
    let mut torn = log;
    let end = torn.len() - 200;
    torn[end..].fill(0);
    fs::write(home.join("vault.db-wal"), torn).unwrap();
    assert!(check::check(&home).unwrap().is_whole());
    assert_eq!(letters(&mnm_native::open_vault(&home).unwrap()), LETTERS - 1);
}

#[test]
fn after_a_reboot_a_gap_in_the_wal_is_skipped() {
    let dir = TempDir::new().unwrap();
    let home = dir.path().join("home");
    killed(&home);
    let mut log = fs::read(home.join("vault.db-wal")).unwrap();
    // What was not waited for reaches the disk in any order.
    let middle = 32 + (log.len() - 32) / FRAME / 2 * FRAME;
    log[middle..middle + FRAME].fill(0);
    fs::write(home.join("vault.db-wal"), &log).unwrap();
    assert!(matches!(
        mnm_native::open_vault(&home).map(drop).unwrap_err(),
        OpenError::Damaged { .. }
    ));
    fs::write(home.join("lock"), "another run of the machine").unwrap();
    assert!(check::check(&home).unwrap().commits_lost > 1);
    assert!((1..LETTERS).contains(&letters(&mnm_native::open_vault(&home).unwrap())));
}

//! Bits that flip in the file of the store: always noticed, never wrong text, and what lies on other
//! pages stays within reach.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mnm_engine::command::Place;
use mnm_engine::error::OpenError;
use mnm_engine::vault::{IncomingAttachment, Vault, check};
use tempfile::TempDir;

use crate::cast::{App, BOB};

const LETTERS: usize = 200;

/// A home with letters in many threads, closed, and the texts of all of them by their ids.
fn full_home() -> (TempDir, BTreeMap<String, String>) {
    let mut app = App::with_bob();
    let mut texts = BTreeMap::new();
    for n in 0..LETTERS {
        let mut letter = app.letter(BOB, "Bob Jones", &format!("{n} {}", "words ".repeat(n % 90)));
        if n % 20 == 0 {
            let mut writer = app.vault.begin_blob().unwrap();
            app.vault.append_blob(&mut writer, &vec![n as u8; 9_000]).unwrap();
            let blob = app.vault.finish_blob(writer).unwrap();
            letter.attachments =
                vec![IncomingAttachment { name: format!("{n}.bin"), form: None, blob }];
        }
        texts.insert(letter.msgid.clone(), letter.text.clone());
        app.receive(&letter);
    }
    let App { vault, home, .. } = app;
    drop(vault);
    (home, texts)
}

fn copy_of(home: &Path) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let copy = dir.path().join("home");
    fs::create_dir(&copy).unwrap();
    for name in ["vault.db", "vault.key"] {
        fs::copy(home.join(name), copy.join(name)).unwrap();
    }
    (dir, copy)
}

fn flip(home: &Path, byte: usize) {
    let path = home.join("vault.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[byte] ^= 1 << (byte % 8);
    fs::write(&path, bytes).unwrap();
}

/// Letters that the inbox leads to; their texts must be those that were written.
fn letters_in(vault: &Vault, texts: &BTreeMap<String, String>) -> usize {
    let mut count = 0;
    let mut before = None;
    loop {
        let rows = vault.threads(None, before, Some(500)).unwrap();
        let Some(last) = rows.last() else { return count };
        before = Some(last.last_at_ms);
        for row in &rows {
            for message in vault.thread(row.id).unwrap().messages {
                assert_eq!(texts[&message.msgid.unwrap()], message.text, "never wrong text");
                count += 1;
            }
        }
    }
}

#[test]
fn a_store_that_is_whole_is_said_to_be() {
    let (home, texts) = full_home();
    let found = check::check(home.path()).unwrap();
    assert!(found.is_whole(), "{found:?}");
    assert_eq!((found.letters, found.files), (LETTERS as u64, 10));
    let dir = TempDir::new().unwrap();
    let to = dir.path().join("saved");
    assert_eq!(check::save(home.path(), &to).unwrap(), found);
    assert_eq!(letters_in(&Vault::open(&to).unwrap(), &texts), LETTERS);
    let again = check::save(home.path(), &to).unwrap_err();
    assert!(matches!(again, OpenError::StoreExists { .. }), "{again}");
}

#[test]
fn a_flipped_bit_costs_a_page_and_what_is_whole_is_saved() {
    let (home, texts) = full_home();
    let length = fs::metadata(home.path().join("vault.db")).unwrap().len() as usize;
    let (mut opened, mut saved, mut least) = (0, 0, LETTERS);
    const FLIPS: usize = 30;
    for flipped in 0..FLIPS {
        let byte = (length * flipped / FLIPS + flipped * 997) % length;
        let (_dir, damaged) = copy_of(home.path());
        flip(&damaged, byte);
        let before = fs::read(damaged.join("vault.db")).unwrap();
        let to = damaged.with_file_name("saved");
        match check::save(&damaged, &to) {
            Ok(checked) => {
                assert!(!checked.is_whole(), "the flip at {byte} is noticed: {checked:?}");
                let vault = Vault::open(&to).unwrap();
                let found = letters_in(&vault, &texts);
                assert_eq!(found as u64, checked.letters, "{byte}: {checked:?}");
                least = least.min(found);
                saved += 1;
            }
            // The pages of the schema say how to read all others.
            Err(error) => println!("{byte}: {error}"),
        }
        assert!(before == fs::read(damaged.join("vault.db")).unwrap(), "nothing is written to it");
        let read = Vault::open(&damaged).map(|mut vault| {
            let accounts = vault.state_left("").map(|state| state.accounts.len());
            let mut letters = 0;
            for row in vault.threads_left(None, None, Some(500)).unwrap() {
                for message in vault.thread_left(row.id, Place::End, None).unwrap().messages {
                    assert_eq!(texts[&message.msgid.unwrap()], message.text, "never wrong text");
                    letters += 1;
                }
            }
            (accounts, letters)
        });
        match read {
            Ok((Ok(1), letters)) if letters + 60 >= LETTERS => opened += 1,
            other => println!("{byte}: {other:?}"),
        }
    }
    println!("{FLIPS} flips: {opened} open, {saved} saved, with {least} letters or more");
    assert!(saved >= FLIPS - 4 && least >= LETTERS - 60, "{saved} saved, {least} letters or more");
    assert!(opened >= FLIPS - 8, "{opened} of {FLIPS} open");
}

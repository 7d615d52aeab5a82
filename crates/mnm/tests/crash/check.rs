//! What every device must have in the end: each letter it is owed once, byte for byte, in order,
//! and nothing that nobody wrote.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::cast::{Member, Terminal};
use crate::letter::{Fate, Ledger, Letter};
use crate::raw::Stored;

/// A message as a device shows it.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    /// None while it is only here.
    msgid: Option<String>,
    subject: String,
    author: Member,
    text: String,
    /// Number of its thread.
    thread: String,
    files: Vec<(String, u64)>,
}

/// Everything an app shows, or none when it does not answer.
pub(crate) fn shown(app: &Terminal, device: usize) -> Option<Vec<Shown>> {
    let mut all = Vec::new();
    for row in app.list(&["inbox", "--limit", "500"])? {
        let thread = row["id"].to_string();
        let subject = text(&row["subject"]);
        let messages = app.ask(&["read", &thread, "--peek"])?["messages"].as_array()?.clone();
        for message in messages {
            let alias = match message["from"]["kind"] == "me" {
                true => Member::of(device).alias(),
                false => message["from"]["alias"].as_str()?,
            };
            let author = Member::ALL.into_iter().find(|member| member.alias() == alias);
            let files = message["attachments"].as_array()?.iter();
            all.push(Shown {
                msgid: message["msgid"].as_str().map(str::to_owned),
                subject: subject.clone(),
                author: author.unwrap_or_else(|| panic!("nobody is called so: {message}")),
                text: text(&message["text"]),
                thread: thread.clone(),
                files: files
                    .map(|file| (text(&file["name"]), file["size"].as_u64().unwrap_or_default()))
                    .collect(),
            });
        }
    }
    Some(all)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Letters that must be on all devices: those that were acknowledged or queued, and those that
/// their author's device shows as sent although the command died.
pub(crate) fn due<'a>(letters: &'a [Letter], apps: &[Vec<Shown>]) -> Vec<&'a Letter> {
    let is_due = |letter: &&Letter| {
        let own = apps.get(letter.device).into_iter().flatten();
        letter.fate != Fate::Unknown
            || own.into_iter().any(|shown| shown.text.starts_with(&letter.marker))
    };
    letters.iter().filter(is_due).collect()
}

/// What a device still lacks. What waiting cannot mend is a panic: a second copy, a change, or
/// something that nobody wrote.
pub(crate) fn lacks(
    device: usize,
    shown: &[Shown],
    ledger: &[Letter],
    due: &[&Letter],
) -> Vec<String> {
    let mut copies: BTreeMap<&str, &Shown> = BTreeMap::new();
    for message in shown {
        let letter = letter_of(ledger, &message.text);
        let letter = letter.unwrap_or_else(|| panic!("device {device}, from nobody: {message:?}"));
        assert!(is_owed(letter, device), "device {device} is not owed it: {message:?}");
        let told = (&letter.text, &letter.subject, Member::of(letter.device));
        assert_eq!((&message.text, &message.subject, message.author), told, "device {device}");
        let size = letter.file.as_ref().map(|file| fs::metadata(file).unwrap().len());
        let files: Vec<_> = letter.file_name().into_iter().zip(size).collect();
        assert_eq!(message.files, files, "device {device}");
        let other = copies.insert(&letter.marker, message);
        assert!(other.is_none(), "device {device} has it twice: {message:?}\nand {other:?}");
    }
    let owed = due.iter().filter(|letter| is_owed(letter, device));
    let arrived =
        |letter: &Letter| copies.get(letter.marker.as_str()).is_some_and(|m| m.msgid.is_some());
    owed.filter(|letter| !arrived(letter)).map(|letter| letter.marker.clone()).collect()
}

/// Letters of one device in one thread have ids in the order in which they were written.
pub(crate) fn check_order(device: usize, shown: &[Shown], ledger: &[Letter]) {
    let mut last: BTreeMap<(&str, usize), (u64, &str)> = BTreeMap::new();
    let mut messages: Vec<_> = shown
        .iter()
        .filter_map(|message| Some((letter_of(ledger, &message.text)?, message.msgid.as_deref()?)))
        .collect();
    messages.sort_by_key(|(letter, _)| letter.number);
    for (letter, msgid) in messages {
        let place = (letter.subject.as_str(), letter.device);
        let before = last.insert(place, (letter.number, msgid));
        assert!(
            before.is_none_or(|(_, earlier)| earlier < msgid),
            "device {device}: {} has the id {msgid}, and came after {before:?}",
            letter.marker
        );
    }
}

/// Saves every attachment and compares its bytes; gives how many bytes were compared.
pub(crate) fn check_files(app: &Terminal, shown: &[Shown], ledger: &[Letter]) -> usize {
    let mut bytes = 0;
    for message in shown.iter().filter(|message| !message.files.is_empty()) {
        let letter = letter_of(ledger, &message.text).unwrap();
        let (name, written) = (letter.file_name().unwrap(), letter.file.as_ref().unwrap());
        let saved = app.desk().join("saved").join(&name);
        fs::create_dir_all(saved.parent().unwrap()).unwrap();
        let done = app.run(&["save", &message.thread, saved.to_str().unwrap()]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
        let (written, saved) = (fs::read(written).unwrap(), fs::read(saved).unwrap());
        assert!(written == saved, "the bytes of {name} differ");
        bytes += saved.len();
    }
    bytes
}

/// The same for a device of the raw member, which has nothing left to wait for.
pub(crate) fn check_raw(device: usize, stored: &Stored, ledger: &Ledger, due: &[&Letter]) {
    let letters = ledger.letters();
    let mut copies: BTreeMap<&str, &str> = BTreeMap::new();
    for (msgid, (_, content)) in stored {
        if !content.starts_with(ledger.run.as_bytes()) {
            panic!("device {device}, from nobody: {}", String::from_utf8_lossy(content));
        }
        let letter = letters.iter().find(|letter| content.starts_with(letter.marker.as_bytes()));
        let letter = letter.unwrap_or_else(|| panic!("device {device}: {msgid} is unknown"));
        assert!(is_owed(letter, device), "device {device} is not owed {}", letter.marker);
        assert!(*content == letter.content(), "device {device}: {} differs", letter.marker);
        let other = copies.insert(&letter.marker, msgid);
        assert!(other.is_none(), "device {device}: {} is {other:?} and {msgid}", letter.marker);
    }
    for letter in due.iter().filter(|letter| is_owed(letter, device)) {
        assert!(copies.contains_key(letter.marker.as_str()), "device {device}: {letter:?} lacks");
    }
}

fn is_owed(letter: &Letter, device: usize) -> bool {
    letter.audience.contains(&Member::of(device))
}

fn letter_of<'a>(ledger: &'a [Letter], text: &str) -> Option<&'a Letter> {
    let marker = text.split_whitespace().next()?;
    ledger.iter().find(|letter| letter.marker == marker)
}

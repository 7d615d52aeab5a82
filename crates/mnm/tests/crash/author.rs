//! Author in the crash test, who writes at the command line of one app, whether it runs or not.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use serde_json::Value;

use crate::cast::{GROUP, Member, Terminal};
use tmtp_testkit::dice::Dice;

use crate::letter::{Fate, Ledger, MARKED_EVERY_BYTES, TrackedLetter};

/// The exit code for "in the outbox, not acknowledged".
const QUEUED: i32 = 4;
/// Threads of one author, so that most letters are replies.
const OWN_THREADS: u64 = 3;
const FILE_MIN_BYTES: u64 = 100 * 1024;
const FILE_MAX_BYTES: u64 = 3 * 1024 * 1024;

/// Writes by one app.
pub(crate) struct Author<'a> {
    pub(crate) device: usize,
    pub(crate) terminal: Terminal,
    pub(crate) ledger: &'a Ledger,
    pub(crate) dice: Dice,
    /// Commands under way that carry an attachment.
    pub(crate) uploads: &'a AtomicU32,
}

impl Author<'_> {
    /// Writes one letter after the other until it is told to stop.
    pub(crate) fn write_on(mut self, stop: &AtomicBool) {
        let mut number = 0;
        while !stop.load(Ordering::SeqCst) {
            number += 1;
            let begins = number <= OWN_THREADS;
            let reply = if begins { None } else { self.thread() };
            if let Some((thread, subject, audience)) = reply {
                let letter = self.letter(number, subject, audience);
                self.send(&letter, &["reply", &thread, "--discard-draft"]);
            } else {
                let (to, audience) = self.addressees();
                let marker = self.ledger.marker(self.device, number);
                let letter = self.letter(number, marker, audience);
                self.send(&letter, &["send", "--to", &to, "--subject", &letter.subject]);
            }
        }
    }

    /// A thread that is here: its number, subject and audience.
    fn thread(&mut self) -> Option<(String, String, BTreeSet<Member>)> {
        let inbox = self.terminal.list(&["inbox", "--offline"])?;
        let row: &Value = self.dice.pick(&inbox)?;
        let subject = row["subject"].as_str()?;
        Some((row["id"].to_string(), subject.to_owned(), self.ledger.audience(subject)?))
    }

    /// Aliases for a new letter, and whom they mean with the author.
    fn addressees(&mut self) -> (String, BTreeSet<Member>) {
        if self.dice.once_in(3) {
            return (GROUP.to_owned(), Member::ALL.into());
        }
        let own = Member::of(self.device);
        let others: Vec<_> = Member::ALL.into_iter().filter(|member| *member != own).collect();
        let mut named: BTreeSet<_> = self.dice.pick(&others).copied().into_iter().collect();
        if self.dice.once_in(2) {
            named.extend(self.dice.pick(&others));
        }
        let to: Vec<_> = named.iter().map(|member| member.alias()).collect();
        (to.join(","), named.iter().copied().chain([own]).collect())
    }

    fn letter(
        &mut self,
        number: u64,
        subject: String,
        audience: BTreeSet<Member>,
    ) -> TrackedLetter {
        let marker = self.ledger.marker(self.device, number);
        let text = self.ledger.text(&marker, &mut self.dice);
        let file = self.dice.once_in(3).then(|| self.file(&marker));
        let (device, fate) = (self.device, Fate::Unknown);
        let letter = TrackedLetter { marker, device, number, subject, audience, text, file, fate };
        self.ledger.note(letter.clone());
        letter
    }

    fn file(&mut self, marker: &str) -> PathBuf {
        let path = self.terminal.desk().join(format!("{marker}.bin"));
        let len = self.dice.between(FILE_MIN_BYTES, FILE_MAX_BYTES) as usize;
        fs::write(&path, self.dice.marked_bytes(len, marker, MARKED_EVERY_BYTES)).unwrap();
        path
    }

    fn send(&self, letter: &TrackedLetter, command: &[&str]) {
        let mut arguments = command.to_vec();
        let file = letter.file_name();
        arguments.extend(file.iter().flat_map(|file| ["--attach", file.as_str()]));
        arguments.extend(["--wait", "2", &letter.text]);
        let carries = u32::from(file.is_some());
        self.uploads.fetch_add(carries, Ordering::SeqCst);
        let output = self.terminal.run(&arguments);
        self.uploads.fetch_sub(carries, Ordering::SeqCst);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let state = answer["state"]["state"].as_str().unwrap_or_default();
        let fate = match (output.status.code(), state) {
            (Some(0), "sent") | (Some(QUEUED), "queued" | "sending") => Fate::Due,
            (_, "failed") => panic!("a service that crashes does not refuse: {answer}"),
            _ => Fate::Unknown,
        };
        self.ledger.settle(&letter.marker, fate);
    }
}

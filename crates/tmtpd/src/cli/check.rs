//! `tmtpd check`: reads a stopped store from end to end and reports damage.
//!
//! It writes nothing, so that a copy on a read-only medium can be checked as well.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::exit;
use super::table::{count, size, things};
use crate::directory::{Directory, rows};
use tmtp_store::disk::SystemDisk;
use tmtp_store::{Damage, Findings, Inspection, StoreError};

const EXIT_CODES: &str = "\
Exit codes:
  0  all of it is whole
  1  something is damaged: it is named
  2  there is no store, or the command line is wrong
  3  a service runs on it: stop it, or make a copy with `tmtpd backup` and check that
  4  the disk could not be read";

/// Most damaged messages shown in plain text; `--json` names all.
const SHOWN_MAX: usize = 100;

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// The data folder of a service that is stopped, or a copy of one
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// One JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// Why the check failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckError {
    /// Damage was found, and printed.
    #[error("{} is damaged. Restore it from a copy; messages that are not named above can be served as they are", path.display())]
    Damaged { path: PathBuf },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the answer cannot be written")]
    Output(#[from] io::Error),
}

impl CheckError {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Damaged { .. } => exit::FAILED,
            Self::Store(StoreError::NoStore { .. } | StoreError::NewerFormat { .. }) => exit::WRONG,
            Self::Store(StoreError::InUse { .. }) => exit::IN_USE,
            Self::Store(_) | Self::Output(_) => exit::UNREADABLE,
        }
    }
}

/// The result of a check; `--json` prints exactly this.
#[derive(Debug, Serialize)]
struct Report {
    whole: bool,
    closed_in_order: bool,
    newest_commit_undone: bool,
    members: u64,
    messages: u64,
    messages_whole: u64,
    /// Queue entries: one for each message and device.
    #[serde(rename = "owed")]
    queued: u64,
    body_bytes: u64,
    dead_files: u64,
    damage: Vec<NamedDamage>,
}

#[derive(Debug, Serialize)]
struct NamedDamage {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<u64>,
    what: String,
}

/// Checks, and prints the report to stdout.
pub(super) fn run(arguments: &Arguments) -> Result<(), CheckError> {
    let report = match inspect(&arguments.data) {
        // Nothing else can be known then; report it like any other damage.
        Err(StoreError::Corrupt { what }) => {
            let damage = vec![Damage { message: None, what }];
            Report::new(Findings { damage, ..Findings::default() }, 0)
        }
        report => report?,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.json {
        serde_json::to_writer(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        report.write(&mut out)?;
    }
    out.flush()?;
    match report.whole {
        true => Ok(()),
        false => Err(CheckError::Damaged { path: arguments.data.clone() }),
    }
}

fn inspect(data: &Path) -> Result<Report, StoreError> {
    let inspection = Inspection::open(Arc::new(SystemDisk), data)?;
    let mut findings = inspection.check()?;
    let mut directory = Directory::default();
    inspection.scan(rows::PREFIX, |key, value| {
        if let Err(error) = rows::read_row(&mut directory, key, value) {
            findings.damage.push(Damage { message: None, what: error.to_string() });
        }
        true
    })?;
    Ok(Report::new(findings, directory.member_count() as u64))
}

impl Report {
    fn new(findings: Findings, members: u64) -> Self {
        let damage = findings.damage.into_iter();
        Self {
            whole: damage.len() == 0,
            closed_in_order: findings.closed_in_order,
            newest_commit_undone: findings.newest_commit_undone,
            members,
            messages: findings.messages,
            messages_whole: findings.messages_whole,
            queued: findings.queued,
            body_bytes: findings.body_bytes,
            dead_files: findings.dead_files,
            damage: damage
                .map(|Damage { message, what }| NamedDamage {
                    message: message.map(|position| position.0),
                    what,
                })
                .collect(),
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{}", if self.whole { "whole" } else { "damaged" })?;
        writeln!(out, "members:  {}", count(self.members))?;
        writeln!(
            out,
            "messages: {} waiting ({}), {} of them whole; {} deliveries in all",
            count(self.messages),
            size(self.body_bytes),
            count(self.messages_whole),
            count(self.queued)
        )?;
        if self.whole && self.newest_commit_undone {
            writeln!(
                out,
                "The service was killed or lost power during a commit, which the next start undoes. \
                 That is ordinary: nothing that was acknowledged is lost. After anything else, check \
                 the disk."
            )?;
        } else if self.whole && !self.closed_in_order {
            writeln!(
                out,
                "The service was killed or lost power. That is ordinary: nothing that was \
                 acknowledged is lost, and the next start tidies up."
            )?;
        }
        if self.dead_files > 0 {
            let files = things(self.dead_files, "file");
            writeln!(out, "Without content: {files}; the next start erases what holds nothing.")?;
        }
        for NamedDamage { message, what } in self.damage.iter().take(SHOWN_MAX) {
            match message {
                Some(id) => writeln!(out, "damaged: message {id}: {what}")?,
                None => writeln!(out, "damaged: {what}")?,
            }
        }
        match self.damage.len().saturating_sub(SHOWN_MAX) {
            0 => Ok(()),
            more => writeln!(out, "and {more} more; --json names all"),
        }
    }
}

//! Saving attachments as files. Their names were chosen by the sender.
//!
//! A file gets its name only when it is complete: the name is reserved first, so that nothing is
//! overwritten without `--force`, the bytes go into a hidden file beside it, and a rename completes
//! it.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
};

use mnm_engine::view::{Attachment, Message, ThreadId};
use serde::Serialize;
use tokio::{
    fs::{self, OpenOptions},
    io::AsyncWriteExt as _,
};

use super::letter::whole_thread;
use crate::{
    exit::{Exit, Failure},
    print::{Answer, inline, plural, size},
    session::Session,
};

#[cfg(test)]
mod save_tests;

/// Longest name of a saved file, bytes.
const NAME_MAX: usize = 200;

/// A file of the thread that was not saved, and why.
#[derive(Debug, Serialize)]
struct NotSaved {
    /// Name of the attachment.
    name: String,
    /// Why, for people.
    why: String,
}

/// One file that was saved.
#[derive(Debug, Serialize)]
struct Saved {
    /// Name of the attachment.
    name: String,
    /// Where it is now.
    path: PathBuf,
    /// Bytes.
    size: u64,
}

pub(super) async fn save(
    session: &Session,
    thread: ThreadId,
    target: &Path,
    force: bool,
) -> Result<Answer, Failure> {
    let thread = whole_thread(session, thread).await?;
    let (absent, unnamed) = not_here(&thread.messages);
    let attachments: Vec<Attachment> =
        thread.messages.into_iter().flat_map(|message| message.attachments).collect();
    let into = target.is_dir();
    let plan = if into {
        into_directory(&attachments, &absent, target)?
    } else {
        vec![one(&attachments, &absent, target)?]
    };
    let (mut saved, mut not_saved) = (Vec::new(), Vec::new());
    for (attachment, path) in plan {
        let name = attachment.name.clone();
        match write(session, attachment, &path, force).await {
            Ok(()) => saved.push(Saved { name, path, size: attachment.size }),
            Err(failure) if into => not_saved.push(NotSaved { name, why: failure.message }),
            Err(failure) => return Err(failure),
        }
    }
    let exit = if not_saved.is_empty() { Exit::Ok } else { Exit::Failed };
    if into {
        not_saved.extend(absent);
    }
    let mut text = String::new();
    for saved in &saved {
        let path = inline(&saved.path.display().to_string());
        text.push_str(&format!("Saved {path} ({})\n", size(saved.size)));
    }
    text.push_str(&lines(&not_saved));
    if into && unnamed > 0 {
        text.push_str(&format!("Not saved: {}, not sent along\n", plural(unnamed, "further file")));
    }
    let document = serde_json::json!({ "saved": saved, "not_saved": not_saved });
    Ok(Answer::new(&document, text).with_exit(exit))
}

fn lines(not_saved: &[NotSaved]) -> String {
    let line =
        |file: &NotSaved| format!("Not saved: {}: {}\n", inline(&file.name), inline(&file.why));
    not_saved.iter().map(line).collect()
}

/// Absent files of the letters, and how many more that are not named.
fn not_here(messages: &[Message]) -> (Vec<NotSaved>, u64) {
    let (mut named, mut more) = (Vec::new(), 0);
    let mut note = |names: &[String], why: &str| {
        let files = names.iter().map(|name| NotSaved { name: name.clone(), why: why.to_owned() });
        named.extend(files);
    };
    for message in messages {
        note(&message.lost_files, "it was lost when the store was damaged");
        if let Some(forwarded) = &message.forwarded {
            note(&forwarded.files, "it was not sent along when its letter was forwarded");
            more += forwarded.more_files;
        }
    }
    (named, more)
}

/// The newest attachment with the name of the target.
fn one<'a>(
    attachments: &'a [Attachment],
    absent: &[NotSaved],
    target: &Path,
) -> Result<(&'a Attachment, PathBuf), Failure> {
    if target.as_os_str().as_encoded_bytes().ends_with(std::path::MAIN_SEPARATOR_STR.as_bytes()) {
        let why = format!(
            "There is no directory {}. Make it first, or name a file of the thread.",
            inline(&target.display().to_string())
        );
        return Err(Failure::new(Exit::NotFound, "not_found", why));
    }
    let name =
        target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let found = attachments.iter().rev().find(|attachment| attachment.name == name);
    let found =
        found.or_else(|| attachments.iter().rev().find(|file| safe_name(&file.name) == name));
    let found = found.ok_or_else(|| {
        if let Some(absent) = absent.iter().find(|file| file.name == name) {
            let why = format!("{} is not here: {}.", inline(&name), absent.why);
            return Failure::new(Exit::NotFound, "not_found", why);
        }
        let names: String =
            attachments.iter().map(|file| format!("\n{}", inline(&file.name))).collect();
        let why = if names.is_empty() {
            "The thread has no attachments.".to_owned()
        } else {
            format!("No attachment of the thread is called that. There are:{names}")
        };
        Failure::new(Exit::NotFound, "not_found", why)
    })?;
    Ok((found, target.to_owned()))
}

/// All attachments, each under a name of its own.
fn into_directory<'a>(
    attachments: &'a [Attachment],
    absent: &[NotSaved],
    directory: &Path,
) -> Result<Vec<(&'a Attachment, PathBuf)>, Failure> {
    if attachments.is_empty() {
        let why = match absent {
            [] => "The thread has no attachments.".to_owned(),
            absent => format!("No file of the thread is here.\n{}", lines(absent).trim_end()),
        };
        return Err(Failure::new(Exit::NotFound, "not_found", why));
    }
    let mut taken = HashSet::new();
    let mut plan = Vec::new();
    for attachment in attachments {
        let name = own_name(&safe_name(&attachment.name), &mut taken);
        plan.push((attachment, directory.join(name)));
    }
    Ok(plan)
}

/// The name, or the name with a number. They must differ also on file systems that ignore case.
fn own_name(name: &str, taken: &mut HashSet<String>) -> String {
    let (stem, extension) = match name.rfind('.') {
        Some(at) if at > 0 => name.split_at(at),
        _ => (name, ""),
    };
    let mut candidate = name.to_owned();
    let mut number = 2;
    while !taken.insert(candidate.to_lowercase()) {
        candidate = format!("{stem} ({number}){extension}");
        number += 1;
    }
    candidate
}

/// A sender's file name made harmless on every system: no directories, nothing hidden, nothing
/// special to a shell or to Windows.
fn safe_name(name: &str) -> String {
    let mut safe: String = inline(name)
        .chars()
        .map(|c| {
            if matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') { '_' } else { c }
        })
        .collect();
    while safe.len() > NAME_MAX {
        // The extension says what it is, so the beginning is cut.
        safe.remove(0);
    }
    let safe = safe.trim_end_matches(['.', ' ']).trim_start();
    let stem = safe.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |name: &str| {
        stem.len() == 4 && stem.starts_with(name) && stem.ends_with(|c: char| c.is_ascii_digit())
    };
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || numbered("COM")
        || numbered("LPT");
    if safe.is_empty() || safe.starts_with(['.', '-', '~']) || device {
        format!("_{safe}")
    } else {
        safe.to_owned()
    }
}

async fn write(
    session: &Session,
    attachment: &Attachment,
    path: &Path,
    force: bool,
) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            let why = format!("{} exists. --force overwrites it.", path.display());
            Failure::new(Exit::Failed, "exists", why)
        } else {
            Failure::io(format_args!("Can't save {}", path.display()), &error)
        }
    };
    let mut bytes = session.attachment(attachment).await?;
    let reserved = !force;
    if reserved {
        create(path).await.map_err(failed)?;
    }
    let part = part_path(path);
    let copied = async {
        let mut file = create(&part).await?;
        let copied = tokio::io::copy(&mut bytes, &mut file).await?;
        if copied != attachment.size {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it broke off"));
        }
        file.flush().await?;
        fs::rename(&part, path).await
    };
    if let Err(error) = copied.await {
        let _ = fs::remove_file(&part).await;
        if reserved {
            let _ = fs::remove_file(path).await;
        }
        return Err(Failure::io(format_args!("Can't save {}", path.display()), &error));
    }
    Ok(())
}

/// A new file that only its owner can read: its content was private.
async fn create(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await
}

fn part_path(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

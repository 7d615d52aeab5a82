//! Saving attachments as files. Their names were chosen by whoever sent them.
//!
//! A file appears under its name only when it is complete: the name is reserved first, so that
//! nothing is overwritten unasked, the bytes go into a hidden file beside it, and a rename ends it.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
};

use mnm_engine::view::{Attachment, ThreadId};
use serde::Serialize;
use tokio::{
    fs::{self, OpenOptions},
    io::AsyncWriteExt as _,
};

use super::letter::whole_thread;
use crate::{
    exit::{Exit, Failure},
    print::{Answer, inline, size},
    session::Session,
};

#[cfg(test)]
mod save_tests;

/// Longest name of a saved file, bytes.
const NAME_MAX: usize = 200;

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
    let attachments: Vec<Attachment> =
        thread.messages.into_iter().flat_map(|message| message.attachments).collect();
    let plan = if target.is_dir() {
        into_directory(&attachments, target)?
    } else {
        vec![one(&attachments, target)?]
    };
    let mut saved = Vec::new();
    for (attachment, path) in plan {
        write(session, attachment, &path, force).await?;
        saved.push(Saved { name: attachment.name.clone(), path, size: attachment.size });
    }
    let line = |saved: &Saved| {
        format!("Saved {} ({})\n", inline(&saved.path.display().to_string()), size(saved.size))
    };
    let text: String = saved.iter().map(line).collect();
    Ok(Answer::new(&serde_json::json!({ "saved": saved }), text))
}

/// The newest attachment with the name of the target.
fn one<'a>(
    attachments: &'a [Attachment],
    target: &Path,
) -> Result<(&'a Attachment, PathBuf), Failure> {
    let name =
        target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let found = attachments.iter().rev().find(|attachment| attachment.name == name);
    let found =
        found.or_else(|| attachments.iter().rev().find(|file| safe_name(&file.name) == name));
    let found = found.ok_or_else(|| {
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
    directory: &Path,
) -> Result<Vec<(&'a Attachment, PathBuf)>, Failure> {
    if attachments.is_empty() {
        let why = "The thread has no attachments.";
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

/// The name, or the name with a number. File systems that ignore case must not mix two up.
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

/// A sender's name as one that is harmless on every system: no directories, nothing hidden,
/// nothing that a shell or Windows treats as something else.
fn safe_name(name: &str) -> String {
    let mut safe: String = inline(name)
        .chars()
        .map(|c| {
            if matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') { '_' } else { c }
        })
        .collect();
    while safe.len() > NAME_MAX {
        // The extension says what it is, so the beginning gives way.
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

/// A new file that only its owner can read: it was a private letter a moment ago.
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

//! Final check of the demo: every device shows each message of its member exactly once, byte for byte.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::app::App;
use super::letter::Letter;
use super::member::Member;
use super::workdir::Workdir;

/// How a device stands against what was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Everything once, nothing else.
    Complete,
    /// Nothing is wrong, but so many messages have not come yet.
    Lacks(usize),
}

/// A message as a device shows it, or as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    subject: String,
    author: String,
    text: String,
    /// Name and size of each attachment.
    files: Vec<(String, u64)>,
}

/// Compares one device with what was written. A copy too many, or a message that nobody wrote, is
/// an error at once: waiting cannot mend it.
pub(crate) fn compare(app: &App, letters: &[Letter]) -> Result<Standing> {
    let concerned = letters.iter().filter(|letter| letter.concerns(app.member));
    let expected = concerned.map(written).collect::<Result<_>>()?;
    reckon(expected, messages(app)?).with_context(|| format!("on {}", app.label))
}

fn reckon(expected: Vec<Shown>, shown: Vec<Shown>) -> Result<Standing> {
    let mut seen: BTreeMap<Shown, bool> = BTreeMap::new();
    for written in expected {
        ensure!(!seen.contains_key(&written), "two letters are alike: {}", brief(&written));
        seen.insert(written, false);
    }
    for message in shown {
        match seen.get_mut(&message) {
            Some(seen @ false) => *seen = true,
            Some(true) => bail!("it is there twice: {}", brief(&message)),
            None => bail!("nobody wrote this: {}", brief(&message)),
        }
    }
    match seen.values().filter(|seen| !**seen).count() {
        0 => Ok(Standing::Complete),
        missing => Ok(Standing::Lacks(missing)),
    }
}

/// Saves every attachment that concerns a device's member from that device, and compares its bytes.
/// Gives how many bytes were compared.
pub(crate) fn compare_files(app: &App, letters: &[Letter], workdir: &Workdir) -> Result<u64> {
    let copies = workdir.folder("copies")?;
    let mut bytes = 0;
    for letter in letters.iter().filter(|letter| letter.concerns(app.member)) {
        for file in &letter.files {
            let thread = app.thread(&letter.subject)?.context("its thread was there before")?;
            let copy = copies.join(name(file));
            app.save(thread, &copy)?;
            bytes += same(file, &copy).with_context(|| {
                format!("{} on {} is not what was sent", file.display(), app.label)
            })?;
            std::fs::remove_file(&copy)?;
        }
    }
    Ok(bytes)
}

fn written(letter: &Letter) -> Result<Shown> {
    let files = letter.files.iter().map(|file| Ok((name(file), std::fs::metadata(file)?.len())));
    Ok(Shown {
        subject: letter.subject.clone(),
        author: letter.from.alias().to_owned(),
        text: letter.text.clone(),
        files: files.collect::<Result<_>>()?,
    })
}

fn messages(app: &App) -> Result<Vec<Shown>> {
    let mut all = Vec::new();
    for row in app.list(["inbox"])? {
        let id = row["id"].as_i64().context("a thread without id")?.to_string();
        let thread = app.ask(["read", &id, "--peek"])?;
        let messages = thread["messages"].as_array().context("a thread without messages")?;
        for message in messages {
            all.push(shown(app.member, &row, message)?);
        }
    }
    Ok(all)
}

fn shown(member: Member, row: &Value, message: &Value) -> Result<Shown> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let from = &message["from"];
    let author =
        if from["kind"] == "me" { member.alias().to_owned() } else { text(&from["alias"]) };
    let files = message["attachments"].as_array().context("a message without attachments")?;
    Ok(Shown {
        subject: text(&row["subject"]),
        author,
        text: text(&message["text"]),
        files: files
            .iter()
            .map(|file| (text(&file["name"]), file["size"].as_u64().unwrap_or_default()))
            .collect(),
    })
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn brief(shown: &Shown) -> String {
    let start: String = shown.text.chars().take(60).collect();
    let (from, subject) = (&shown.author, &shown.subject);
    let (bytes, files) = (shown.text.len(), &shown.files);
    format!(
        "from {from:?}, subject {subject:?}, {bytes} bytes beginning {start:?}, files {files:?}"
    )
}

/// Compares two files to the last byte; gives their size.
fn same(one: &Path, other: &Path) -> Result<u64> {
    let open = |path: &Path| -> Result<_> { Ok(BufReader::new(File::open(path)?)) };
    let (mut one, mut other) = (open(one)?, open(other)?);
    let mut at = 0;
    let (mut ours, mut theirs) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let read = fill(&mut one, &mut ours)?;
        ensure!(read == fill(&mut other, &mut theirs)?, "the sizes differ");
        ensure!(ours[..read] == theirs[..read], "the bytes differ after byte {at}");
        at += read as u64;
        if read < ours.len() {
            return Ok(at);
        }
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::{Shown, Standing, reckon};

    fn letter(text: &str) -> Shown {
        Shown {
            subject: "Boats".to_owned(),
            author: "Ada Lindqvist".to_owned(),
            text: text.to_owned(),
            files: vec![("tides.csv".to_owned(), 52)],
        }
    }

    #[test]
    fn once_each_is_complete_and_fewer_are_lacking() {
        let both = || vec![letter("one"), letter("two")];
        assert_eq!(reckon(both(), both()).ok(), Some(Standing::Complete));
        assert_eq!(reckon(both(), vec![letter("two")]).ok(), Some(Standing::Lacks(1)));
    }

    #[test]
    fn a_copy_and_any_change_are_errors() {
        let one = || vec![letter("one")];
        assert!(reckon(one(), vec![letter("one"), letter("one")]).is_err());
        assert!(reckon(one(), vec![letter("one\n")]).is_err());
        assert!(reckon(one(), vec![Shown { subject: String::new(), ..letter("one") }]).is_err());
        assert!(
            reckon(one(), vec![Shown { author: "Björn".to_owned(), ..letter("one") }]).is_err()
        );
        assert!(reckon(one(), vec![Shown { files: Vec::new(), ..letter("one") }]).is_err());
        assert!(reckon(vec![letter("one"), letter("one")], one()).is_err());
    }
}

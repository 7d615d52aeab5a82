//! Final check of the crash test: what every device shows, for the ledger to compare.

use std::fs;

use serde_json::Value;
use tmtp_testkit::ledger::{File, Home, LedgerEntry, Shown};

use crate::cast::{Member, Terminal};
use crate::raw::Stored;

/// Everything an app shows, attachments by their size, or none when it does not answer.
pub(crate) fn shown(app: &Terminal, device: usize) -> Option<Home> {
    let mut home = Home { device, ..Home::default() };
    for row in app.list(&["inbox", "--limit", "500"])? {
        let thread = app.ask(&["read", &row["id"].to_string(), "--peek"])?;
        for message in thread["messages"].as_array()? {
            let alias = match message["from"]["kind"] == "me" {
                true => Member::of(device).alias(),
                false => message["from"]["alias"].as_str()?,
            };
            let files = message["attachments"].as_array()?.iter();
            home.shown.push(Shown {
                msgid: message["msgid"].as_str().map(str::to_owned),
                place: message["id"].as_u64()?,
                from: alias.to_owned(),
                subject: text(&row["subject"]),
                text: text(&message["text"]),
                files: files.map(file).collect(),
            });
        }
    }
    Some(home)
}

fn file(value: &Value) -> File {
    File { name: text(&value["name"]), len: value["size"].as_u64().unwrap_or_default(), sum: None }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Saves every attachment of an app, so that its bytes are compared too; gives how many there are.
pub(crate) fn read_files(app: &Terminal, home: &mut Home) -> u64 {
    let mut bytes = 0;
    let threads = app.list(&["inbox", "--limit", "500"]).unwrap();
    for row in threads.iter().filter(|row| row["attachments"] == true) {
        let dir = app.desk().join("saved").join(row["id"].to_string());
        fs::create_dir_all(&dir).unwrap();
        let done = app.run(&["save", &row["id"].to_string(), dir.to_str().unwrap()]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
        for saved in fs::read_dir(&dir).unwrap() {
            let saved = saved.unwrap();
            let name = saved.file_name().to_string_lossy().into_owned();
            let read = File::of(&name, &fs::read(saved.path()).unwrap());
            bytes += read.len;
            let files = home.shown.iter_mut().flat_map(|shown| &mut shown.files);
            files.filter(|file| file.name == name).for_each(|file| *file = read.clone());
        }
    }
    bytes
}

/// What a device of the raw member has stored: whole content, which its letter's text divides.
pub(crate) fn raw_home(
    device: usize,
    stored: &Stored,
    uids: &[String],
    letters: &[LedgerEntry],
) -> Home {
    let shown = stored.iter().map(|(msgid, (from, content))| {
        let letter = letters.iter().find(|letter| content.starts_with(letter.marker.as_bytes()));
        let (text, rest) = content
            .split_at(letter.map_or(content.len(), |letter| letter.text.len().min(content.len())));
        let author = uids.iter().position(|uid| uid == from).map(|at| Member::ALL[at].alias());
        let name = letter.and_then(|letter| Some(letter.files.first()?.name.as_str()));
        Shown {
            msgid: Some(msgid.clone()),
            place: u64::from_str_radix(msgid, 16).unwrap_or_default(),
            from: author.unwrap_or(from).to_owned(),
            subject: letter.map(|letter| letter.subject.clone()).unwrap_or_default(),
            text: String::from_utf8_lossy(text).into_owned(),
            files: match rest.is_empty() {
                true => Vec::new(),
                false => vec![File::of(name.unwrap_or_default(), rest)],
            },
        }
    });
    Home { device, shown: shown.collect(), ..Home::default() }
}

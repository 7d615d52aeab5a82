//! Launcher in the desktop's menu, and its icon: desktop entries of the freedesktop.org specification.
//! The launcher also takes `tmtp:` links.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{file::File, place::Places};
use crate::exit::{Exit, Failure};

const ICON: &[u8] = include_bytes!("../../../../web/public/favicon.svg");
/// What a cache of no entries holds.
const EMPTY_CACHE: &str = "[MIME Cache]\n";

/// How `mnm` is started from outside of a terminal: its path and, where it is not the default, its
/// home.
#[derive(Debug)]
pub(crate) struct Program {
    pub(super) words: Vec<String>,
}

impl Program {
    /// This program, on a home if one was named.
    pub(crate) fn here(home: Option<&Path>) -> Result<Self, Failure> {
        let path = std::env::current_exe()
            .map_err(|error| Failure::io("Can't tell where this program is", &error))?;
        let mut words = vec![word(&path)?];
        if let Some(home) = home {
            words.extend(["--home".to_owned(), word(home)?]);
        }
        Ok(Self { words })
    }

    /// As a desktop entry has it.
    fn as_exec(&self) -> String {
        let quoted = self.words.iter().map(|word| exec_quoted(word));
        quoted.collect::<Vec<_>>().join(" ")
    }
}

/// A path that entries of desktops and services can hold.
fn word(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().filter(|text| !text.chars().any(char::is_control));
    text.map(str::to_owned).ok_or_else(|| {
        let why = format!(
            "The path {} has characters that launchers can't hold, so nothing was installed. Move it \
             to another path and try again.",
            path.display()
        );
        Failure::new(Exit::Failed, "path", why)
    })
}

/// Quoted for `Exec`; backslashes once more, since the value is a string of the file too.
fn exec_quoted(word: &str) -> String {
    let mut quoted = String::from("\"");
    for c in word.chars() {
        match c {
            '\\' => quoted.push_str(r"\\\\"),
            '"' | '`' | '$' => quoted.extend([r"\\", c.encode_utf8(&mut [0; 4])]),
            '%' => quoted.push_str("%%"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Launcher and icon.
pub(crate) fn files(places: &Places, program: &Program) -> [File; 2] {
    let entry = format!(
        "[Desktop Entry]\nType=Application\nName=mnm\nGenericName=Messages\n\
         Comment=Letters and chat with the members of your services\n\
         Exec={} --link %u\nIcon=mnm\nTerminal=false\nStartupNotify=false\n\
         Categories=Network;InstantMessaging;Email;\nMimeType=x-scheme-handler/tmtp;\n",
        program.as_exec()
    );
    [
        File { path: places.applications().join("mnm.desktop"), bytes: entry.into_bytes() },
        File { path: places.datum("icons/hicolor/scalable/apps/mnm.svg"), bytes: ICON.to_vec() },
    ]
}

/// The entry by which desktops start the app when the user logs in.
pub(super) fn autostart(path: PathBuf, program: &Program) -> File {
    let entry = format!(
        "[Desktop Entry]\nType=Application\nName=mnm\nComment=Receives your messages\n\
         Exec={} --background\nIcon=mnm\nTerminal=false\nNoDisplay=true\n",
        program.as_exec()
    );
    File { path, bytes: entry.into_bytes() }
}

/// Desktops look up who takes `tmtp:` links in a cache, which a tool of theirs makes. Without the
/// tool they read the entries themselves, or there is no desktop.
pub(crate) fn renew_link_cache(places: &Places) {
    let directory = places.applications();
    let mut tool = Command::new("update-desktop-database");
    tool.arg(&directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _ = tool.status();
    let cache = directory.join("mimeinfo.cache");
    if fs::read_to_string(&cache).is_ok_and(|text| text == EMPTY_CACHE) {
        let _ = fs::remove_file(cache);
    }
}

#[cfg(test)]
mod tests {
    use super::exec_quoted;

    #[test]
    fn paths_are_quoted_for_desktop_entries() {
        let cases = [
            ("/usr/bin/mnm", r#""/usr/bin/mnm""#),
            ("/a b/100%", r#""/a b/100%%""#),
            (r#"/a"$`\z"#, r#""/a\\"\\$\\`\\\\z""#),
        ];
        for (path, quoted) in cases {
            assert_eq!(exec_quoted(path), quoted);
        }
    }
}

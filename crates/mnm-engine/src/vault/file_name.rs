//! File names: safe to show and to save under, and unique within a letter.

use std::collections::{HashMap, HashSet};

use tmtp::text::without_heaps;

use super::text::{cut, is_deceptive};

/// Longest file name, bytes.
const BYTES_MAX: usize = 255;
/// Room that a number before the extension may need, bytes.
const MARK_BYTES_MAX: usize = " (1000000)".len();
/// Longest extension that is kept whole, bytes with its dot.
const EXTENSION_BYTES_MAX: usize = 16;

/// The names used in one letter. Each further one costs the same, whatever its sender chose: names
/// with the same stem and extension share one counter, which only goes up.
#[derive(Debug, Default)]
pub(super) struct FileNames {
    /// In lower case.
    taken: HashSet<String>,
    /// The last number given, by stem and extension, in lower case.
    numbers: HashMap<(String, String), u32>,
    /// Numbers tried, for all files.
    #[cfg(test)]
    tries: usize,
}

impl FileNames {
    /// With these names in use.
    pub(super) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let taken = names.into_iter().map(str::to_lowercase).collect();
        Self { taken, ..Self::default() }
    }

    /// `name` made safe, and unique (ignoring case) by a number before its extension.
    pub(super) fn add(&mut self, name: &str) -> String {
        let name = clean_file_name(name);
        if self.taken.insert(name.to_lowercase()) {
            return name;
        }
        let (stem, extension) = split(&name);
        let stem = cut(stem, BYTES_MAX.saturating_sub(MARK_BYTES_MAX + extension.len()));
        let number =
            self.numbers.entry((stem.to_lowercase(), extension.to_lowercase())).or_insert(1);
        loop {
            *number += 1;
            #[cfg(test)]
            {
                self.tries += 1;
            }
            let numbered = format!("{stem} ({number}){extension}");
            if self.taken.insert(numbered.to_lowercase()) {
                return numbered;
            }
        }
    }
}

/// The name under which a file may be shown and saved: no directories, no invisible characters,
/// nothing that file systems reject, at most 255 bytes with the extension kept.
pub(super) fn clean_file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|&c| !(c.is_control() || is_deceptive(c)))
        .map(|c| if ":*?\"<>|".contains(c) { '_' } else { c })
        .collect();
    let clean = without_heaps(&clean);
    // A leading dot would hide the file; some systems drop trailing ones.
    let clean = clean.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if clean.is_empty() {
        return "file".into();
    }
    let (stem, extension) = split(clean);
    format!("{}{extension}", cut(stem, BYTES_MAX.saturating_sub(extension.len())))
}

/// Stem and extension of a clean name, which begins with no dot; the extension with its own, empty if there
/// is none worth keeping.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if name.len() - dot <= EXTENSION_BYTES_MAX => name.split_at(dot),
        _ => (name, ""),
    }
}

#[cfg(test)]
#[path = "file_name/file_name_tests.rs"]
mod tests;

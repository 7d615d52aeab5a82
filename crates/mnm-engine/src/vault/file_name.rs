//! Names of files: safe to show and to save under, and unique within one letter.

use std::collections::{HashMap, HashSet};

use tmtp::text::without_heaps;

use super::text::{cut, is_deceptive};

/// Longest file name, bytes.
const BYTES_MAX: usize = 255;
/// Room that a number before the extension may need, bytes.
const MARK_BYTES_MAX: usize = " (1000000)".len();
/// Longest extension that is kept whole, bytes with its dot.
const EXTENSION_BYTES_MAX: usize = 16;

/// The names one letter has so far. Each further one costs the same, whatever its sender chose:
/// all names that are numbered alike share one counter, which never goes back.
#[derive(Debug, Default)]
pub(super) struct FileNames {
    /// In lower case.
    taken: HashSet<String>,
    /// The last number given, by what stands before and behind it, in lower case.
    numbers: HashMap<(String, String), u32>,
    /// Numbers tried, over all files.
    #[cfg(test)]
    tries: usize,
}

impl FileNames {
    /// Those of files that are there already.
    pub(super) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let taken = names.into_iter().map(str::to_lowercase).collect();
        Self { taken, ..Self::default() }
    }

    /// `name` made safe, and made different from all others (ignoring case) by a number before its
    /// extension.
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

/// The name under which a file may be shown and saved: no directories, nothing invisible, nothing a
/// file system chokes on, at most 255 bytes with its extension kept.
pub(super) fn clean_file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|&c| !(c.is_control() || is_deceptive(c)))
        .map(|c| if ":*?\"<>|".contains(c) { '_' } else { c })
        .collect();
    let clean = without_heaps(&clean);
    // A leading dot would hide the file; trailing ones are dropped by some systems.
    let clean = clean.trim().trim_matches('.').trim();
    if clean.is_empty() {
        return "file".into();
    }
    let (stem, extension) = split(clean);
    format!("{}{extension}", cut(stem, BYTES_MAX.saturating_sub(extension.len())))
}

/// Stem and extension, the latter with its dot; empty when there is none worth keeping.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= EXTENSION_BYTES_MAX => name.split_at(dot),
        _ => (name, ""),
    }
}

#[cfg(test)]
#[path = "file_name/file_name_tests.rs"]
mod tests;

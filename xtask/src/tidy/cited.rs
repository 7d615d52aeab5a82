//! Citations in documents: the files and tests that they name must exist, so that renaming one without the
//! other fails.
//!
//! Checked is text in `code`: the path of a source or its end, a name of three words or more (a test, a
//! setting, a metric), and both together as `file.rs::name`. Decisions and the changelog describe the
//! past and are skipped.

use std::collections::BTreeSet;
use std::path::Path;

/// Extensions of files that are checked.
const SOURCES: &[&str] = &[".rs", ".ts", ".svelte", ".sql"];
/// Fewest words of a name that is checked.
const WORDS_MIN: usize = 3;

/// Files and names that may be cited.
#[derive(Debug, Default)]
pub(crate) struct Known {
    files: Vec<String>,
    names: BTreeSet<String>,
}

impl Known {
    /// Adds a file; `path` is relative to the top.
    pub(crate) fn add(&mut self, path: &Path, text: &str) {
        self.files.push(format!("/{}", path.display()));
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        self.names.extend(words.filter(|word| is_name(word)).map(str::to_owned));
    }

    /// Adds every citation of one document that does not exist.
    pub(crate) fn check(&self, path: &Path, text: &str, offences: &mut Vec<String>) {
        if path.starts_with("docs/decisions") || path.ends_with("CHANGELOG.md") {
            return;
        }
        for (index, line) in text.lines().enumerate() {
            for code in line.split('`').skip(1).step_by(2) {
                if !self.has(code) {
                    offences.push(format!("{}:{}: there is no {code}", path.display(), index + 1));
                }
            }
        }
    }

    fn has(&self, code: &str) -> bool {
        if let Some((file, name)) = code.split_once(".rs::") {
            return self.has(&format!("{file}.rs")) && self.names.contains(name);
        }
        let is_path = SOURCES.iter().any(|end| code.ends_with(end) && code.len() > end.len());
        if is_path && code.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*') {
            return is_pattern(code)
                || self.files.iter().any(|file| file.ends_with(&format!("/{code}")));
        }
        !is_name(code) || self.names.contains(code)
    }
}

/// Whether a path stands for several, as `request/NAME.rs` does.
fn is_pattern(path: &str) -> bool {
    path.as_bytes().windows(3).any(|letters| letters.iter().all(u8::is_ascii_uppercase))
}

fn is_name(word: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    word.split('_').filter(|part| !part.is_empty()).count() >= WORDS_MIN
        && word.bytes().all(letters)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Known;

    fn offences(paper: &str, text: &str) -> Vec<String> {
        let mut known = Known::default();
        known.add(Path::new("crates/a/tests/b.rs"), "fn a_closed_link_leaks_nothing() {}");
        let mut offences = Vec::new();
        known.check(Path::new(paper), text, &mut offences);
        offences
    }

    #[test]
    fn a_test_or_file_that_is_not_there_is_an_offence() {
        let text = "`a_closed_link_leaks_nothing` in `crates/a/tests/b.rs`, `tests/b.rs`, `b.rs`, `x_y`, \
                    `a/NAME.rs`, `b.rs::a_closed_link_leaks_nothing`, `.rs`";
        assert!(offences("docs/security.md", text).is_empty());
        let renamed =
            "`a_closed_link_leaks_much` in `tests/c.rs`, `c.rs`, `b.rs::a_closed_link_leaks_much`";
        let found = offences("docs/security.md", renamed);
        let missing =
            ["a_closed_link_leaks_much", "tests/c.rs", "c.rs", "b.rs::a_closed_link_leaks_much"];
        assert_eq!(found, missing.map(|code| format!("docs/security.md:1: there is no {code}")));
        assert!(offences("docs/decisions/0001-x.md", renamed).is_empty());
    }
}

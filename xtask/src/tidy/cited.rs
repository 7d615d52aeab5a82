//! Rules for what papers cite: files and tests that exist, so that a paper follows when they are renamed.
//!
//! Looked at is what stands in `code`: a path of a source, or the end of one, and a name of four words or
//! more, which is a test's, a setting's or a figure's. Decisions and the changelog say what was, and are
//! passed over.

use std::collections::BTreeSet;
use std::path::Path;

/// Extensions of files that are cited.
const SOURCES: &[&str] = &[".rs", ".ts", ".svelte", ".sql"];
/// Words of a name from which on it is looked for.
const WORDS_MIN: usize = 4;

/// What there is to cite.
#[derive(Debug, Default)]
pub(crate) struct Known {
    files: Vec<String>,
    names: BTreeSet<String>,
}

impl Known {
    /// Takes a file, `path` being relative to the top.
    pub(crate) fn add(&mut self, path: &Path, text: &str) {
        self.files.push(format!("/{}", path.display()));
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        self.names.extend(words.filter(|word| is_name(word)).map(str::to_owned));
    }

    /// Adds all that one paper cites and that is not there.
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
        let is_path = code.contains('/') && SOURCES.iter().any(|end| code.ends_with(end));
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
        let text = "`a_closed_link_leaks_nothing` in `crates/a/tests/b.rs`, `tests/b.rs`, `x_y_z`, `a/NAME.rs`";
        assert!(offences("docs/security.md", text).is_empty());
        let renamed = "See\n`a_closed_link_leaks_much` in `tests/c.rs`";
        let found = offences("docs/security.md", renamed);
        assert_eq!(
            found,
            [
                "docs/security.md:2: there is no a_closed_link_leaks_much",
                "docs/security.md:2: there is no tests/c.rs"
            ]
        );
        assert!(offences("docs/decisions/0001-x.md", renamed).is_empty());
    }
}

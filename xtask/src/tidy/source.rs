//! Rules for Rust sources.

use std::path::Path;

/// A file with more lines has more than one subject.
const MAX_LINES: usize = 1_000;

/// Text that may not occur, and what to do instead. Taken apart so that this file passes.
const NOWHERE: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "write an issue"),
    (concat!("FIX", "ME"), "write an issue"),
    (concat!("todo", "!("), "write it, or leave it out"),
    (concat!("unimplemented", "!("), "write it, or leave it out"),
    (concat!("#[", "ignore"), "a test runs always, or is deleted"),
];

/// Text that may not occur in tests, and what to do instead.
const NOT_IN_TESTS: &[(&str, &str)] = &[
    (concat!("thread::", "sleep"), "wait for what should happen, with a deadline"),
    (concat!("time::", "sleep"), "wait for what should happen, with a deadline"),
];

/// A comment that says why the next line may sleep in a test all the same: to choose the moment of
/// a crash, say.
const EXCUSE: &str = "// Not synchronisation:";

/// Adds what is wrong with one source, `path` being relative to the top.
pub(crate) fn check(path: &Path, text: &str, offences: &mut Vec<String>) {
    let shown = path.display();
    if path.file_name().is_some_and(|name| name == "mod.rs") {
        offences.push(format!("{shown}: name it after its folder, beside the folder"));
    }
    let lines = text.lines().count();
    if lines > MAX_LINES {
        offences.push(format!("{shown}: {lines} lines; split it by subject, {MAX_LINES} at most"));
    }
    if is_in(path, "src") && !text.starts_with("//!") {
        offences.push(format!("{shown}: opens without `//!` saying what it is"));
    }
    forbid(path, text, NOWHERE, offences);
    if is_test(path) {
        forbid(path, text, NOT_IN_TESTS, offences);
    }
}

fn forbid(path: &Path, text: &str, words: &[(&str, &str)], offences: &mut Vec<String>) {
    let mut above = "";
    for (index, line) in text.lines().enumerate() {
        if std::mem::replace(&mut above, line).trim_start().starts_with(EXCUSE) {
            continue;
        }
        for (word, instead) in words.iter().filter(|(word, _)| line.contains(word)) {
            let place = format!("{}:{}", path.display(), index + 1);
            offences.push(format!("{place}: `{word}`: {instead}"));
        }
    }
}

/// Whether a source is of tests only.
pub(super) fn is_test(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    stem == "tests" || stem.ends_with("_tests") || is_in(path, "tests")
}

fn is_in(path: &Path, folder: &str) -> bool {
    path.iter().any(|part| part == folder)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{MAX_LINES, check};

    fn offences(path: &str, text: &str) -> usize {
        let mut offences = Vec::new();
        check(Path::new(path), text, &mut offences);
        offences.len()
    }

    #[test]
    fn each_rule_finds_its_offence() {
        assert_eq!(offences("crates/a/src/b.rs", "//! What it is.\n"), 0);
        assert_eq!(offences("crates/a/src/b/mod.rs", "//! What it is.\n"), 1);
        assert_eq!(offences("crates/a/src/b.rs", "fn b() {}\n"), 1);
        assert_eq!(offences("crates/a/src/b.rs", &"//! Long.\n".repeat(MAX_LINES + 1)), 1);
        let ignored = concat!("//! A test.\n#[", "ignore]\n");
        assert_eq!(offences("crates/a/tests/b.rs", ignored), 1);
    }

    #[test]
    fn only_tests_may_not_sleep() {
        let sleeps = concat!("//! Sleeps.\nstd::thread::", "sleep(MOMENT);\n");
        assert_eq!(offences("crates/a/src/b.rs", sleeps), 0);
        assert_eq!(offences("crates/a/src/b_tests.rs", sleeps), 1);
        let excused = sleeps.replace("std", "// Not synchronisation: it is late.\nstd");
        assert_eq!(offences("crates/a/src/b_tests.rs", &excused), 0);
        assert_eq!(offences("crates/a/tests/b/c.rs", sleeps), 1);
    }
}

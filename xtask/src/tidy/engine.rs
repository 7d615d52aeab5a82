//! Rule for the app's engine: only its modules `time` and `task` name the runtime, and nothing in it names
//! files, threads, sockets or processes, which its platform has.
//!
//! Comments and tests are skipped. What the compiler alone can see, such as a method of a value that is
//! handed in, `clippy.toml` refuses.

use std::path::Path;

use super::source::is_test;

const ENGINE: &str = "crates/mnm-engine/src";
/// Where the runtime may be named.
const RUNTIME: &[&str] = &["crates/mnm-engine/src/time", "crates/mnm-engine/src/task"];
/// Modules of a library that may not be named, and what to do instead.
const REFUSED: &[(&str, &str)] = &[
    ("std::fs", "the platform has files"),
    ("std::thread", "the platform has threads"),
    ("std::net", "the platform has links"),
    ("std::process", "the platform has processes"),
    ("std::{", "name each module of std in a line of its own"),
];
/// Parts of tokio that need no runtime, and so may be named.
const WITHOUT_RUNTIME: &[&str] = &["io", "select", "sync"];
/// Names below a refused module that are plain data.
const PLAIN: &[&str] = &["std::net::IpAddr"];

/// Adds what a source of the engine may not name, `path` being relative to the top.
pub(crate) fn check(path: &Path, text: &str, offences: &mut Vec<String>) {
    if !path.starts_with(ENGINE) || is_test(path) || path.ends_with("testing.rs") {
        return;
    }
    let is_runtime = RUNTIME.iter().any(|folder| path.starts_with(folder));
    let lines = text.lines().enumerate().take_while(|(_, line)| *line != "mod tests {");
    for (index, line) in lines.filter(|(_, line)| !line.trim_start().starts_with("//")) {
        let mut offend = |word: &str, instead: &str| {
            offences.push(format!("{}:{}: `{word}`: {instead}", path.display(), index + 1));
        };
        for (word, instead) in REFUSED {
            let mut found = line.match_indices(word);
            if found.any(|(at, _)| !PLAIN.iter().any(|plain| line[at..].starts_with(plain))) {
                offend(word, instead);
            }
        }
        for (_, rest) in
            line.match_indices("tokio::").map(|(at, word)| line.split_at(at + word.len()))
        {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let module = &rest[..end.unwrap_or(rest.len())];
            if !is_runtime && !WITHOUT_RUNTIME.contains(&module) {
                offend(&format!("tokio::{module}"), "crate::time and crate::task have a runtime");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::check;

    fn offences(path: &str, text: &str) -> usize {
        let mut offences = Vec::new();
        check(Path::new(path), text, &mut offences);
        offences.len()
    }

    #[test]
    fn files_threads_sockets_and_processes_are_refused_everywhere() {
        for line in [
            "use std::fs::{read_dir, rename};",
            "std::thread::scope(|_| ());",
            "use std::net::TcpListener;",
            "use std::process::Command;",
            "use std::{fs, thread};",
        ] {
            for file in ["outbox.rs", "time/native.rs", "task/native.rs"] {
                assert_eq!(offences(&format!("crates/mnm-engine/src/{file}"), line), 1, "{line}");
            }
            assert_eq!(offences("crates/mnm-native/src/home.rs", line), 0, "{line}");
        }
        assert_eq!(offences("crates/mnm-engine/src/platform.rs", "use std::net::IpAddr;"), 0);
    }

    #[test]
    fn runtime_is_named_in_time_and_task_only() {
        for line in [
            "tokio::time::interval_at(start, period);",
            "let mut tasks = tokio::task::JoinSet::new();",
            "use tokio::runtime::Builder;",
            "tokio::fs::read(path).await;",
            "tokio::net::TcpStream::connect(address).await;",
            "use tokio::{task, time};",
        ] {
            assert_eq!(offences("crates/mnm-engine/src/link/writer.rs", line), 1, "{line}");
            assert_eq!(offences("crates/mnm-engine/src/task/native.rs", line), 0, "{line}");
        }
        assert_eq!(offences("crates/mnm-engine/src/link.rs", "use tokio::sync::watch;"), 0);
    }

    #[test]
    fn comments_and_tests_of_the_engine_name_anything() {
        let inside =
            "//! As tokio::time.\nuse x;\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        assert_eq!(offences("crates/mnm-engine/src/address.rs", inside), 0);
        assert_eq!(offences("crates/mnm-engine/src/vault/cost_tests.rs", "use std::fs;"), 0);
    }
}

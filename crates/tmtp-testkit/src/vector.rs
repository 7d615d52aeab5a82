//! Dialogs in text files, replayed byte for byte against a real service over TLS.
//!
//! A file is one case. It names its links as it likes; a link opens where it is first named. Empty
//! lines and lines that begin with `#` mean nothing. The others, `ada` being a link:
//!
//! ```text
//! config resend_after_s = 1        a line of [limits], before the service is started
//! ada registers "ada lovelace"     TmtpRev and Register; makes $uid.ada and $node.ada
//! pad enters $uid.ada $node.ada    TmtpRev and Login, until the info; the login message is next
//! ada -> {"op":11}                 sends this header, as it stands
//!   + "text" 3 * "ab\x00"          … and this data, which may go on in more such lines
//! ada -> split 3 {"op":11}         … in writes of 3 bytes
//! ada -> raw "0008{\"op\":1}"      sends these bytes
//! ada -> close                     ends the link without a word
//! ada <- {"id":"1","op":"ack"}     the next message must have exactly this header
//!   + "text"                       … and this data
//! ada <= {…}                       as <-, then acknowledges it (op 10)
//! ada <- any {                     the next messages, in whatever order
//!   {…}
//!     + "text"
//! }
//! ada <- closed                    the service closes the link
//! restart                          SIGKILL, and the service is started again on its data
//! check $msg.1 < $msg.2            ids and moments that rise
//! ```
//!
//! A placeholder takes what it stands for where it is first received, and is compared, or sent,
//! from then on: `$uid.NAME`, `$node.NAME`, `$msg.NAME`, `$posted.NAME`, `$text.NAME` (up to the
//! next quote). `$headsum` is any number: every header's sum is checked for itself, as are its
//! order of keys, its compactness and its escapes. A link that is still open at the end of the
//! file sends Quit, and must get the answer to that and nothing before it.

mod player;
mod script;
mod template;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context as _, Result, ensure};

/// How many services run at once: they mostly wait for their disk or for a clock.
const AT_ONCE: usize = 8;

/// Replays one file with a service of its own.
///
/// # Errors
/// The line, what it wanted and what came instead.
pub fn replay(path: &Path) -> Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let script = script::parse(&text)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(player::play(script))
}

/// Replays all files of a directory whose names hold `only` and end in `.tmtp`, several at once;
/// gives the number of files and what went wrong.
///
/// # Errors
/// When the directory cannot be read or holds none.
pub fn replay_all(dir: &Path, only: &str) -> Result<(usize, Vec<String>)> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".tmtp") && name.contains(only) {
            paths.push(path);
        }
    }
    ensure!(!paths.is_empty(), "no vectors in {}", dir.display());
    // Those that wait for a clock have the last names: they begin first.
    paths.sort();
    paths.reverse();
    let count = paths.len();
    let left = Mutex::new(paths.into_iter());
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(path) = next(&left) {
                    if let Err(error) = replay(&path) {
                        let name = path.file_name().unwrap_or_default().to_string_lossy();
                        let failure = format!("{name}: {error:#}");
                        failures.lock().unwrap_or_else(|lock| lock.into_inner()).push(failure);
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap_or_else(|lock| lock.into_inner());
    failures.sort();
    Ok((count, failures))
}

fn next(left: &Mutex<impl Iterator<Item = PathBuf>>) -> Option<PathBuf> {
    left.lock().unwrap_or_else(|lock| lock.into_inner()).next()
}

//! Maker of the vault that stands for all homes of this version, with rows of every table and kind, and writes
//! beside it what it shows. `cargo xtask keep-vault` runs it; later versions open what it made in
//! `tests/vault/kept.rs`.
//!
//!     cargo run -p mnm-engine --example keep_vault -- DIRECTORY
//!
//! It begins with a home of version 0.1.0, as members' homes did, and goes on in it with a second account.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program for those who change the schema"
)]

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../../tests/vault/cast.rs"]
mod cast;
#[allow(dead_code, reason = "likewise")]
#[path = "../../tests/vault/kept/kinds.rs"]
mod kinds;
#[path = "../../tests/vault/kept/shown.rs"]
mod shown;
mod story;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::cast::{App, alice};

/// What takes thousands of rows to come about by itself.
const BY_HAND: &str = "
    -- More than 1,000 readers were named.
    UPDATE thread SET unlisted = 3 WHERE id = (SELECT min(thread) FROM party WHERE is_group = 1);
    -- A group with so many threads that one transaction does not come to their end.
    INSERT INTO unsettled (account, step, asked, gid, after_ms, after, until)
    SELECT account, 'group', 0, gid, -1, -1, 0 FROM grp WHERE gid = 'Gardeners';
    VACUUM;";

fn main() {
    let Some(directory) = std::env::args().nth(1).map(PathBuf::from) else {
        eprintln!("keep_vault DIRECTORY");
        std::process::exit(2);
    };
    let home = TempDir::new().unwrap();
    let first = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept/0.1.0-killed/home");
    copy(&first, home.path());
    let home = story::play(App::in_home(home, alice()));
    kinds::connect(home.path()).execute_batch(BY_HAND).unwrap();
    let kept = directory.join("home");
    fs::create_dir_all(&kept).unwrap();
    for name in ["vault.db", "vault.key", "vault.salt"] {
        fs::copy(home.path().join(name), kept.join(name)).unwrap();
    }
    let mut vault = mnm_native::open_vault(home.path()).unwrap();
    let shown = serde_json::to_string_pretty(&shown::everything(&mut vault)).unwrap();
    fs::write(directory.join("shown.json"), shown + "\n").unwrap();
}

fn copy(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

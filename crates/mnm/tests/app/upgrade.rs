//! The command line on a home of version 0.1.0. What else a kept home shows is tested with the store,
//! `crates/mnm-engine/tests/vault/kept.rs`.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn an_upgraded_home_opens_and_says_that_presence_stays_on() {
    let kept =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../mnm-engine/tests/kept/0.1.0-stopped/home");
    let home = tempfile::tempdir().unwrap();
    for file in fs::read_dir(kept).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), home.path().join(file.file_name())).unwrap();
    }
    // It told its whole address book, and goes on until the member chooses.
    let said = mnm(home.path(), &["presence"]);
    assert!(said.contains("on, as before version 0.2.0, until you choose"), "{said}");
    let inbox = mnm(home.path(), &["inbox"]);
    assert!(inbox.contains("Plan") && inbox.contains("Eights or fours?"), "{inbox}");
}

fn mnm(home: &Path, arguments: &[&str]) -> String {
    let mut mnm = Command::new(env!("CARGO_BIN_EXE_mnm"));
    mnm.arg("--home").arg(home).arg("--offline").args(arguments).env_remove("MNM_HOME");
    let output = mnm.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

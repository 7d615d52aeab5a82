//! One command, run to its end.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// How a command ended and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// `tmtpd COMMAND --data DATA …`, not yet started.
pub(crate) fn tmtpd(command: &str, data: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_tmtpd"));
    program.arg(command).arg("--data").arg(data).stdin(Stdio::null());
    program
}

pub(crate) fn ended(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What a command prints, which must succeed.
pub(crate) fn printed(command: &str, data: &Path) -> String {
    let ended = ended(&mut tmtpd(command, data));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    ended.stdout
}

/// The rows a command prints with `--json`.
pub(crate) fn rows(command: &str, data: &Path, more: &[&str]) -> Vec<Value> {
    let ended = ended(tmtpd(command, data).arg("--json").args(more));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

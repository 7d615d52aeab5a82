//! Start in the background: a service of systemd's user manager where there is one, else an entry
//! that the desktop starts at login.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use serde::Serialize;

use super::{
    file::File,
    launcher::{Program, autostart},
    place::Places,
};
use crate::exit::{Exit, Failure};

const UNIT: &str = "mnm.service";

/// Service manager that starts the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Background {
    /// systemd's user manager: now, and at each login.
    Systemd,
    /// The desktop, at login.
    Autostart,
}

impl Background {
    /// The one that this machine has.
    pub(crate) fn of_machine() -> Self {
        // Answers only where a manager of this user runs.
        if systemctl(&["show-environment"]).is_ok() { Self::Systemd } else { Self::Autostart }
    }

    /// Its file.
    pub(crate) fn file(self, places: &Places, program: &Program) -> File {
        match self {
            Self::Systemd => File { path: unit_path(places), bytes: unit(program).into_bytes() },
            Self::Autostart => autostart(places.config.join("autostart/mnm.desktop"), program),
        }
    }
}

/// Where the unit is.
pub(crate) fn unit_path(places: &Places) -> PathBuf {
    places.config.join("systemd/user").join(UNIT)
}

/// Starts the service now and at each login; `is_renewed` ends the one that runs first.
pub(crate) fn start_service(is_renewed: bool) -> Result<(), Failure> {
    systemctl(&["daemon-reload"])?;
    systemctl(&["enable", UNIT])?;
    systemctl(&[if is_renewed { "restart" } else { "start" }, UNIT])
}

/// Ends the service and starts it no more. To be called while its file is there.
pub(crate) fn end_service() -> Result<(), Failure> {
    systemctl(&["disable", "--now", UNIT])
}

/// Makes the manager forget a unit whose file is gone.
pub(crate) fn forget_service() {
    // It forgets it by itself when the user logs in again.
    let _ = systemctl(&["daemon-reload"]);
}

fn unit(program: &Program) -> String {
    let words: Vec<_> = program.words.iter().map(|word| unit_quoted(word)).collect();
    format!(
        "[Unit]\nDescription=mnm, which receives your messages\n\n\
         [Service]\nExecStart={} --background\nRestart=on-failure\nRestartSec=5\n\n\
         [Install]\nWantedBy=default.target\n",
        words.join(" ")
    )
}

fn unit_quoted(word: &str) -> String {
    let escaped = word.replace('\\', r"\\").replace('"', r#"\""#);
    format!("\"{}\"", escaped.replace('%', "%%").replace('$', "$$"))
}

fn systemctl(arguments: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new("systemctl");
    command.arg("--user").args(arguments).stdin(Stdio::null());
    let output = command.output().map_err(|error| Failure::io("Can't run systemctl", &error))?;
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    let why = format!("systemctl --user {} failed: {}", arguments.join(" "), why.trim());
    Err(Failure::new(Exit::Failed, "systemd", why))
}

//! The systemd unit: what systemd says about it, and how exposed it leaves the service.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::machine::{has, text};
use crate::run;

const UNIT: &str = "packaging/systemd/tmtpd.service";

/// The most that `systemd-analyze security` may find, in tenths: 0 is best, 100 is no sandbox.
const EXPOSURE_MAX: &str = "20";

/// Checks the unit, with the program that was just built in the place of the installed one.
pub(super) fn check(folder: &Path) -> Result<String> {
    let unit = text(&run::root().join(UNIT))?;
    let installed = "/usr/bin/tmtpd";
    ensure!(unit.contains(&format!("ExecStart={installed} serve ")), "ExecStart is another");
    if !has("systemd-analyze") {
        return Ok("not tried, systemd-analyze is not here".to_owned());
    }
    let built = run::built("release").join("tmtpd").display().to_string();
    let path = folder.join("tmtpd.service");
    fs::write(&path, unit.replace(installed, &built))?;
    run::captured(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&path))?;
    let mut security = Command::new("systemd-analyze");
    security.args(["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE_MAX]);
    let judged = run::captured(security.arg(&path))?;
    let line = judged.lines().rfind(|line| line.contains("Overall exposure level"));
    let line = line.context("systemd-analyze says nothing about security")?;
    Ok(line.trim_start_matches(['→', ' ']).to_owned())
}

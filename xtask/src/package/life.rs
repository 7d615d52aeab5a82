//! A service's life as an administrator sees it: start, ask, copy, reload, stop, check.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::machine::text;
use crate::run;

/// Plays it with the program at `tmtpd`, with the packaged configuration but for data and port.
pub(super) fn of(tmtpd: &Path, folder: &Path) -> Result<String> {
    let config = folder.join("tmtpd.toml");
    let packaged = text(&run::root().join("packaging/tmtpd.toml"))?;
    let data = "data = \"/var/lib/tmtpd\"";
    ensure!(packaged.contains(data), "the packaged configuration does not say {data}");
    let ours = "data = \"data\"\nlisten = \"127.0.0.1:0\"";
    fs::write(&config, packaged.replace(data, ours))?;
    let command = |name: &str| {
        let mut command = Command::new(tmtpd);
        command.arg(name);
        command
    };
    let mut service = Running::start(command("serve").arg("--config").arg(&config))?;
    for name in ["status", "members", "queues", "services", "reload"] {
        run::captured(command(name).arg("--config").arg(&config))?;
    }
    let copy = folder.join("copy");
    run::captured(command("backup").arg("--config").arg(&config).arg(&copy))?;
    run::captured(command("shutdown").arg("--config").arg(&config))?;
    service.ended()?;
    for data in [&folder.join("data"), &copy] {
        run::captured(command("check").arg("--data").arg(data))?;
    }
    Ok("started, asked, reloaded, copied, stopped; data and copy are whole".to_owned())
}

/// A service that has said that it is ready. Killed when dropped.
pub(super) struct Running(Child);

impl Running {
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let line = run::line(command);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start `{line}`"))?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let running = Self(child);
        let mut ready = String::new();
        BufReader::new(stdout).read_line(&mut ready)?;
        ensure!(ready.starts_with("ready: "), "`{line}` does not say that it is ready: {ready:?}");
        Ok(running)
    }

    /// Waits until it has ended, which must be in order.
    pub(super) fn ended(&mut self) -> Result<()> {
        let status = self.0.wait()?;
        ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

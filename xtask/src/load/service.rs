//! Service under load: ours, started afresh, or another that runs already.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::demo::process::Process;
use crate::demo::workdir::Workdir;

/// Limits that a load generator, who is many members at one address, would meet. What a service
/// does for each message is not changed by any of them.
const CONFIG: &str = "\
[service]
listen = [\"127.0.0.1:0\"]
post_policy = \"uid\"

[limits]
links_total = 200000
links_per_address = 100000
unauthenticated_links = 10000
registrations_per_hour = 10000000
registrations_per_hour_per_address = 10000000
requests_per_second = 1000000
presence_per_minute = 1000000
groups_per_member = 100000
group_members_max = 1000000
pings_per_day = 1000000

[log]
level = \"warn\"
";

/// A `tmtpd` of this source.
#[derive(Debug)]
pub(crate) struct Ours {
    program: PathBuf,
    folder: PathBuf,
    process: Option<Process>,
    address: String,
}

/// Where a load goes.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// HOST:PORT.
    pub(crate) address: String,
    /// Its process, if it is known.
    pub(crate) pid: Option<u32>,
}

impl Ours {
    /// Starts one on an empty directory.
    pub(crate) fn start(workdir: &Workdir, name: &str) -> Result<Self> {
        let mut ours = Self::prepare(workdir, name)?;
        ours.run()?;
        Ok(ours)
    }

    /// A directory for one, which is not started yet.
    pub(crate) fn prepare(workdir: &Workdir, name: &str) -> Result<Self> {
        let (program, folder) = (workdir.program("tmtpd")?, workdir.folder(name)?);
        std::fs::write(folder.join("tmtpd.toml"), CONFIG)?;
        Ok(Self { program, folder, process: None, address: String::new() })
    }

    /// Starts it; says how long it took until it took links.
    pub(crate) fn run(&mut self) -> Result<Duration> {
        let mut command = Command::new(&self.program);
        command.arg("serve").arg("--data").arg(self.data());
        command.arg("--config").arg(self.folder.join("tmtpd.toml")).args(["--name", "Load"]);
        let log = self.folder.join("log");
        let started = Instant::now();
        let (process, rest) = Process::start("tmtpd", &mut command, &log, "ready: ")?;
        let took = started.elapsed();
        self.address = rest.split_whitespace().next().context("no address")?.to_owned();
        self.process = Some(process);
        Ok(took)
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.process.take().context("the service does not run")?.kill()
    }

    /// Where loads for it go.
    pub(crate) fn target(&self) -> Target {
        let address = self.address.trim_start_matches('=').split('#').next().unwrap_or_default();
        Target { address: address.to_owned(), pid: self.process.as_ref().map(Process::id) }
    }

    /// Where it keeps what it has.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where files about it may lie.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        // The next piece of work may need the room; what is left goes with the working directory.
        self.process = None;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Lets `tmtp-load` do its work and reads the JSON that it prints.
pub(crate) fn load(workdir: &Workdir, target: &Target, arguments: &[String]) -> Result<Value> {
    let mut command = Command::new(workdir.program("tmtp-load")?);
    command.args(["--json", "--address", &target.address]);
    if let Some(pid) = target.pid {
        command.args(["--pid", &pid.to_string()]);
    }
    let output = command.args(arguments).output().context("could not start tmtp-load")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let report = String::from_utf8_lossy(&output.stdout);
        bail!("tmtp-load {} ended with {}:\n{report}{said}", arguments.join(" "), output.status);
    }
    serde_json::from_slice(&output.stdout).context("tmtp-load printed no JSON")
}

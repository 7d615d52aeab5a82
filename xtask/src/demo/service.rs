//! The club's service: `tmtpd serve`, started, killed and started again on the same port.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::process::Process;
use super::workdir::Workdir;

/// What the service calls itself.
pub(crate) const NAME: &str = "Harbour Rowing Club";

/// A `tmtpd` on a port of this machine.
#[derive(Debug)]
pub(crate) struct Service {
    program: PathBuf,
    data: PathBuf,
    log: PathBuf,
    address: String,
    process: Option<Process>,
}

impl Service {
    /// Starts one on any free port.
    pub(crate) fn start(workdir: &Workdir) -> Result<Self> {
        let mut service = Self {
            program: workdir.program("tmtpd")?,
            data: workdir.path().join("service"),
            log: workdir.folder("logs")?.join("service.log"),
            address: String::new(),
            process: None,
        };
        service.run("127.0.0.1:0")?;
        Ok(service)
    }

    /// The address to join by.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The same without mark and fingerprint.
    pub(crate) fn host_and_port(&self) -> &str {
        let address = self.address.trim_start_matches('=');
        address.split('#').next().unwrap_or(address)
    }

    /// Where it keeps what it has.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// The id of the running process.
    pub(crate) fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.process.take().context("the service does not run")?.kill()
    }

    /// SIGTERM; it has to end with success.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.process.take().context("the service does not run")?.stop()
    }

    /// Starts it again on the port it had.
    pub(crate) fn restart(&mut self) -> Result<()> {
        let same = self.host_and_port().to_owned();
        self.run(&same)
    }

    /// From its next start on it is this program: an upgrade.
    pub(crate) fn replace(&mut self, program: PathBuf) {
        self.program = program;
    }

    fn run(&mut self, listen: &str) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.arg("serve").arg("--data").arg(&self.data);
        command.args(["--listen", listen, "--name", NAME]);
        let (process, rest) = Process::start("tmtpd", &mut command, &self.log, "ready: ")?;
        let address = rest.split_whitespace().next();
        self.address = address.context("tmtpd is ready, but names no address")?.to_owned();
        self.process = Some(process);
        Ok(())
    }
}

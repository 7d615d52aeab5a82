//! A real `tmtpd serve`.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::child::{Running, program};
use crate::files;

/// The service's name for itself in tests.
pub const SITE: &str = "Test Harbour";

/// Raw peers write without having pinged.
const OPEN: &str = "[service]\npost_policy = \"uid\"\n";

/// A service in a temporary directory.
#[derive(Debug)]
pub struct ServiceProcess {
    running: Option<Running>,
    arguments: Vec<String>,
    address: SocketAddr,
    ready: String,
    /// What it calls itself.
    name: String,
    /// Last, so that the process is gone before its directory.
    home: TempDir,
}

impl ServiceProcess {
    /// Starts one in which a uid is the permission to post, for raw peers that do not ping first.
    pub fn start() -> Result<Self> {
        Self::start_as(OPEN, &[])
    }

    /// Starts one without configuration, as most administrators do.
    pub fn start_plain() -> Result<Self> {
        Self::start_as("", &[])
    }

    /// Starts one with a configuration file of this text and more arguments. If it says nothing of the
    /// service itself, it is as open as with [`Self::start`].
    pub fn start_with(config: &str, more_arguments: &[&str]) -> Result<Self> {
        let says_policy = config.contains("[service]") || config.contains("[[service]]");
        let config = if says_policy { config.to_owned() } else { format!("{config}\n{OPEN}") };
        Self::start_as(&config, more_arguments)
    }

    fn start_as(config: &str, more_arguments: &[&str]) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("tmtpd-test-").tempdir()?;
        let mut arguments: Vec<_> =
            more_arguments.iter().map(|argument| (*argument).to_owned()).collect();
        if !config.is_empty() {
            let path = home.path().join("tmtpd.toml");
            fs::write(&path, config)?;
            arguments.extend(["--config".into(), path.to_string_lossy().into_owned()]);
        }
        let mut service = Self {
            running: None,
            arguments,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            ready: String::new(),
            name: SITE.into(),
            home,
        };
        service.restart()?;
        Ok(service)
    }

    /// Starts it again on the same port and data; it must not run any more, or is killed.
    pub fn restart(&mut self) -> Result<()> {
        self.running = None;
        let mut command = Command::new(program("tmtpd", "TMTPD_BIN")?);
        command
            .arg("serve")
            .args(["--name", &self.name, "--listen", &self.address.to_string()])
            .arg("--data")
            .arg(self.data_dir())
            .args(&self.arguments);
        let running = Running::start(command.stdin(Stdio::null()), &self.log_file())?;
        self.ready = running.line("ready: ")?;
        self.running = Some(running);
        let address = self.handed_out_address().trim_start_matches('=');
        self.address = address.parse().with_context(|| format!("address in {:?}", self.ready))?;
        ensure!(self.address.port() != 0, "no port in {:?}", self.ready);
        Ok(())
    }

    /// Starts it again under another name; as [`Self::restart`].
    pub fn rename(&mut self, name: &str) -> Result<()> {
        name.clone_into(&mut self.name);
        self.restart()
    }

    /// Starts it again on the same data, but at another port.
    pub fn restart_elsewhere(&mut self) -> Result<()> {
        self.address.set_port(0);
        self.restart()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The whole line that it printed when it was ready.
    pub fn ready_line(&self) -> &str {
        &self.ready
    }

    /// What members are given to join: `=127.0.0.1:PORT#FINGERPRINT`.
    pub fn invitation(&self) -> &str {
        let rest = self.ready.strip_prefix("ready: ").unwrap_or_default();
        rest.split_whitespace().next().unwrap_or_default()
    }

    /// The address in the protocol's own form: `=127.0.0.1:PORT`.
    pub fn handed_out_address(&self) -> &str {
        self.invitation().split('#').next().unwrap_or_default()
    }

    /// The certificate's fingerprint, as the service printed it.
    pub fn fingerprint(&self) -> &str {
        self.invitation().split_once('#').map_or("", |(_, fingerprint)| fingerprint)
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill9(&mut self) -> Result<()> {
        let mut running = self.running.take().context("the service does not run")?;
        running.kill9()
    }

    /// SIGTERM, and the status it exits with.
    pub fn sigterm(&mut self) -> Result<ExitStatus> {
        let mut running = self.running.take().context("the service does not run")?;
        running.sigterm()
    }

    /// Waits until it ends by itself, and the status it exits with.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        self.running.take().context("the service does not run")?.exit_status()
    }

    /// Memory in use now, in KiB.
    pub fn rss_kib(&self) -> Result<u64> {
        self.running.as_ref().context("the service does not run")?.status_kib("VmRSS")
    }

    /// The most memory it has used since its start, in KiB.
    pub fn peak_rss_kib(&self) -> Result<u64> {
        self.running.as_ref().context("the service does not run")?.status_kib("VmHWM")
    }

    /// Its process id.
    pub fn pid(&self) -> Result<u32> {
        Ok(self.running.as_ref().context("the service does not run")?.pid())
    }

    /// Its `--data`.
    pub fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// What it wrote to standard error, of all its lives.
    pub fn log_file(&self) -> PathBuf {
        self.home.path().join("tmtpd.log")
    }

    /// Files of the store that hold these bytes.
    pub fn grep_data_dir(&self, marker: impl AsRef<[u8]>) -> Result<Vec<PathBuf>> {
        Ok(files::files_with(&self.data_dir(), marker.as_ref())?)
    }
}

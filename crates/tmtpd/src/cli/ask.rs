//! Commands for a running service: which service is meant, and the request.
//!
//! With `--json` each row of the answer is one JSON object on a line of its own, as the service sent
//! it; the fields are those of [`protocol`](crate::admin::protocol). How rows are shown to people is
//! in `show`.

mod error;
mod show;

use std::io::{self, BufWriter, Write};
use std::path::{self, PathBuf};

use clap::Args;
use serde::de::DeserializeOwned;

use super::exit::EXIT_CODES;
pub(super) use error::CommandError;

use crate::admin::client::{Client, Rows};
use crate::admin::protocol::{Backup, Command, Reload, Status};
use crate::config::{ConfigError, DaemonConfig, Overrides};

/// Which service is asked, and the output format.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// The data folder of the service
    #[arg(long, value_name = "DIR", required_unless_present = "config")]
    data: Option<PathBuf>,
    /// The configuration file of the service, which names its data folder
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One JSON object a line, for programs
    #[arg(long)]
    json: bool,
}

/// `tmtpd members` and `tmtpd groups`.
#[derive(Debug, Args)]
pub(super) struct WithNames {
    #[command(flatten)]
    service: Arguments,
    /// Also aliases and labels of devices, or names of groups: for this screen only
    #[arg(long)]
    names: bool,
}

/// `tmtpd backup`.
#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    #[command(flatten)]
    service: Arguments,
    /// A folder that is empty or missing, where the service's user may write
    #[arg(value_name = "DIR")]
    to: PathBuf,
}

impl Arguments {
    fn client(&self) -> Result<Client, CommandError> {
        if let Some(data) = &self.data {
            return Ok(Client::connect(data)?);
        }
        let config = DaemonConfig::resolve(Overrides::default(), self.config.as_deref())?;
        Ok(Client::connect(&config.only()?.service.data)?)
    }

    /// Connects to any service of the daemon.
    fn client_of_any(&self) -> Result<Client, CommandError> {
        if self.data.is_some() {
            return self.client();
        }
        let config = DaemonConfig::resolve(Overrides::default(), self.config.as_deref())?;
        let mut error = None;
        for one in &config.services {
            match Client::connect(&one.service.data) {
                Ok(client) => return Ok(client),
                Err(why) => error = error.or(Some(why)),
            }
        }
        Err(error.map_or(ConfigError::NoData.into(), CommandError::Ask))
    }

    /// Prints every row of an answer, with `--json` or by `show`.
    fn show<R: DeserializeOwned>(
        &self,
        client: Client,
        command: Command,
        show: impl FnOnce(Rows<R>) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        if !self.json {
            return show(client.ask(command)?);
        }
        let mut out = BufWriter::new(io::stdout().lock());
        for row in client.ask::<serde_json::Value>(command)? {
            writeln!(out, "{}", row?)?;
        }
        Ok(out.flush()?)
    }

    /// The one row of an answer; with `--json` it is printed too.
    fn one<R: DeserializeOwned>(
        &self,
        client: Client,
        command: Command,
    ) -> Result<R, CommandError> {
        let mut found = None;
        for row in client.ask::<serde_json::Value>(command)? {
            let row = row?;
            if self.json {
                writeln!(io::stdout(), "{row}")?;
            }
            found = Some(row);
        }
        let row = serde_json::from_value(found.unwrap_or_default());
        row.map_err(|error| CommandError::Output(error.into()))
    }
}

/// `tmtpd status`
pub(super) fn status(arguments: &Arguments) -> Result<(), CommandError> {
    arguments.show(arguments.client()?, Command::Status, show::status)
}

/// `tmtpd links`
pub(super) fn links(arguments: &Arguments) -> Result<(), CommandError> {
    arguments.show(arguments.client()?, Command::Links, show::links)
}

/// `tmtpd members`
pub(super) fn members(arguments: &WithNames) -> Result<(), CommandError> {
    let WithNames { service, names } = arguments;
    service.show(service.client()?, Command::Members { names: *names }, show::members)
}

/// `tmtpd groups`
pub(super) fn groups(arguments: &WithNames) -> Result<(), CommandError> {
    let WithNames { service, names } = arguments;
    service.show(service.client()?, Command::Groups { names: *names }, show::groups)
}

/// `tmtpd queues`
pub(super) fn queues(arguments: &Arguments) -> Result<(), CommandError> {
    arguments.show(arguments.client()?, Command::Queues, show::queues)
}

/// `tmtpd services`
pub(super) fn services(arguments: &Arguments) -> Result<(), CommandError> {
    arguments.show(arguments.client_of_any()?, Command::Services, show::services)
}

/// `tmtpd backup`
pub(super) fn backup(arguments: &BackupArguments) -> Result<(), CommandError> {
    let BackupArguments { service, to } = arguments;
    // The service has a working directory of its own.
    let to = path::absolute(to)?;
    let backup: Backup = service.one(service.client()?, Command::Backup { to })?;
    if !service.json {
        show::backup(&backup)?;
    }
    if backup.damaged > 0 { Err(CommandError::Damaged(backup)) } else { Ok(()) }
}

/// `tmtpd reload`
pub(super) fn reload(arguments: &Arguments) -> Result<(), CommandError> {
    let reload: Reload = arguments.one(arguments.client_of_any()?, Command::Reload)?;
    if !arguments.json {
        show::reload(&reload)?;
    }
    if reload.left.is_empty() { Ok(()) } else { Err(CommandError::Left) }
}

/// `tmtpd shutdown`
pub(super) fn shutdown(arguments: &Arguments) -> Result<(), CommandError> {
    let client = arguments.client_of_any()?;
    let process = client.process();
    let mut rows = client.ask::<Status>(Command::Shutdown)?;
    let status = rows.by_ref().next().transpose()?;
    rows.by_ref().try_for_each(|row| row.map(drop))?;
    rows.wait_for_end();
    if let Some(process) = process {
        process.wait();
    }
    match status {
        Some(status) if !arguments.json => Ok(show::stopped(&status)?),
        _ => Ok(()),
    }
}

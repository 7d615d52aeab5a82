//! The commands that ask a running service: which service, what, and how it is shown.
//!
//! With `--json` each row of the answer is one JSON object on a line of its own, as the service sent
//! it; the fields are those of [`protocol`](crate::admin::protocol).

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use serde::de::DeserializeOwned;

use super::table::{Heading, Table, count, size, span};
use super::{EXIT_CODES, exit};
use crate::admin::client::{AskError, Client, Rows};
use crate::admin::protocol::{Command, FailureKind, Link, State, Status};
use crate::config::{ConfigError, DaemonConfig, Overrides};
use crate::edge::{Edge, Machine};

/// Which service is asked, and how it is shown.
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

/// Why a command did nothing, or not all.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("the answer cannot be written")]
    Output(#[from] io::Error),
}

impl CommandError {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) => exit::WRONG,
            Self::Ask(AskError::NotRunning { .. }) => exit::NOT_RUNNING,
            Self::Ask(AskError::Refused(failure)) if failure.kind == FailureKind::Wrong => {
                exit::WRONG
            }
            Self::Ask(_) | Self::Output(_) => exit::FAILED,
        }
    }
}

impl Arguments {
    fn client(&self) -> Result<Client, CommandError> {
        if let Some(data) = &self.data {
            return Ok(Client::connect(data)?);
        }
        let config = DaemonConfig::resolve(Overrides::default(), self.config.as_deref())?;
        Ok(Client::connect(&config.only()?.service.data)?)
    }

    /// Shows every row of an answer, `--json` or as `show` does it.
    fn show<R: DeserializeOwned>(
        &self,
        command: Command,
        show: impl FnOnce(Rows<R>) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let client = self.client()?;
        if !self.json {
            return show(client.ask(command)?);
        }
        let mut out = BufWriter::new(io::stdout().lock());
        for row in client.ask::<serde_json::Value>(command)? {
            writeln!(out, "{}", row?)?;
        }
        Ok(out.flush()?)
    }
}

/// `tmtpd status`
pub(super) fn status(arguments: &Arguments) -> Result<(), CommandError> {
    arguments.show(Command::Status, |rows| {
        for row in rows {
            print_status(&row?)?;
        }
        Ok(())
    })
}

fn print_status(status: &Status) -> io::Result<()> {
    let state = match status.state {
        State::Serving => "serving",
        State::Stopping => "stopping",
    };
    let size = |bytes: Option<u64>| bytes.map_or_else(|| "not known".to_owned(), size);
    let since = span(Machine.now_ms() - status.started_ms);
    let mut out = io::stdout().lock();
    let mut line = |name: &str, value: &dyn std::fmt::Display| writeln!(out, "{name:<16}{value}");
    line("service", &status.name)?;
    line(
        "state",
        &format_args!("{state} for {since}, tmtpd {}, process {}", status.version, status.pid),
    )?;
    line("data", &status.data.display())?;
    for address in &status.addresses {
        line("members join by", address)?;
    }
    line("members", &count(status.members))?;
    line("devices online", &count(status.devices_online))?;
    line("links", &count(status.links))?;
    let messages = count(status.messages);
    let bytes = super::table::size(status.body_bytes);
    line("on the disk", &format_args!("{messages} messages, {bytes}"))?;
    line("owed", &format_args!("{} deliveries", count(status.owed)))?;
    line("disk free", &size(status.disk_free_bytes))?;
    line("memory", &size(status.memory_bytes))
}

/// `tmtpd links`
pub(super) fn links(arguments: &Arguments) -> Result<(), CommandError> {
    use Heading::{Left, Right};
    arguments.show(Command::Links, |rows| {
        let headings = [
            Right("LINK"),
            Left("ADDRESS"),
            Left("MEMBER"),
            Right("DEVICE"),
            Right("SINCE"),
            Right("IN FLIGHT"),
            Right("IN"),
            Right("OUT"),
        ];
        let now_ms = Machine.now_ms();
        let mut table = Table::new(BufWriter::new(io::stdout().lock()), headings);
        for row in rows {
            let link: Link = row?;
            let in_flight = match link.in_flight {
                0 => "0".to_owned(),
                messages => format!("{messages} ({})", size(link.in_flight_bytes)),
            };
            table.row([
                link.number.to_string(),
                link.address,
                link.member.unwrap_or_else(|| "-".to_owned()),
                link.device.map_or_else(|| "-".to_owned(), |device| device.to_string()),
                span(now_ms - link.since_ms),
                in_flight,
                size(link.bytes_in),
                size(link.bytes_out),
            ])?;
        }
        Ok(table.finish()?)
    })
}

/// `tmtpd shutdown`
pub(super) fn shutdown(arguments: &Arguments) -> Result<(), CommandError> {
    let client = arguments.client()?;
    let process = client.process();
    let mut rows = client.ask::<Status>(Command::Shutdown)?;
    let status = rows.by_ref().next().transpose()?;
    rows.by_ref().try_for_each(|row| row.map(drop))?;
    rows.wait_for_end();
    if let Some(process) = process {
        process.wait();
    }
    if let (Some(status), false) = (status, arguments.json) {
        let since = span(Machine.now_ms() - status.started_ms);
        writeln!(io::stdout(), "{} has stopped after {since}", status.name)?;
    }
    Ok(())
}

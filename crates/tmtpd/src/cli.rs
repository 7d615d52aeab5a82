//! The command line and its exit codes.

mod ask;
mod check;
mod serve;
mod table;

use std::error::Error;
use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::log::chain;

/// Exit codes, as `--help` lists them.
mod exit {
    /// Stopped in order, by SIGTERM, SIGINT or `tmtpd shutdown`; or the command succeeded.
    pub(super) const DONE: u8 = 0;
    /// The system refused: a port that is taken, a disk that is full or read-only.
    pub(super) const FAILED: u8 = 1;
    /// The command line, the configuration file, or a certificate or key it names is wrong.
    pub(super) const WRONG: u8 = 2;
    /// Another process serves the data folder.
    pub(super) const IN_USE: u8 = 3;
    /// Stopped at once, by a second signal.
    pub(super) const FORCED: u8 = 4;
    /// A store could not be read. Only `serve` uses 4 for [`FORCED`], only `check` for this.
    pub(super) const UNREADABLE: u8 = 4;
    /// No service is running.
    pub(super) const NOT_RUNNING: u8 = 5;
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done; a service: stopped in order, by SIGTERM, SIGINT or `tmtpd shutdown`
  1  the machine did not let it, or not all of it: a port that is taken, a full disk, a folder that
     may not be written
  2  the command line, the configuration file, or a certificate or key they name is wrong;
     nothing was written
  3  another process serves the data folder
  4  stopped at once, by a second signal
  5  there is no running service to ask";

/// A members-only TMTP messaging service.
#[derive(Debug, Parser)]
#[command(name = "tmtpd", version = env!("BUILD_VERSION"), after_help = EXIT_CODES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve members until SIGTERM, SIGINT or `tmtpd shutdown`.
    Serve(serve::Arguments),
    /// Check that all of a stopped service's data is whole, and name what is not.
    Check(check::Arguments),
    /// Show what a running service is doing.
    Status(ask::Arguments),
    /// List the accounts of a running service.
    Members(ask::WithNames),
    /// List the groups of a running service.
    Groups(ask::WithNames),
    /// List the devices with undelivered messages: how many, how large, how old.
    Queues(ask::Arguments),
    /// List the open links of a running service.
    Links(ask::Arguments),
    /// List all services of the process that serves.
    Services(ask::Arguments),
    /// Copy a running service into an empty folder, consistent as of one moment.
    Backup(ask::BackupArguments),
    /// Let all services read their configuration and certificates again.
    Reload(ask::Arguments),
    /// Stop all services of a process in order, and wait until it is down.
    Shutdown(ask::Arguments),
}

/// Runs the command. Errors go to stderr, in words for the administrator.
#[must_use]
pub fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(arguments) => told(serve::run(arguments), serve::ServeError::exit_code),
        Command::Check(arguments) => told(check::run(&arguments), check::CheckError::exit_code),
        Command::Status(arguments) => asked(ask::status(&arguments)),
        Command::Members(arguments) => asked(ask::members(&arguments)),
        Command::Groups(arguments) => asked(ask::groups(&arguments)),
        Command::Queues(arguments) => asked(ask::queues(&arguments)),
        Command::Links(arguments) => asked(ask::links(&arguments)),
        Command::Services(arguments) => asked(ask::services(&arguments)),
        Command::Backup(arguments) => asked(ask::backup(&arguments)),
        Command::Reload(arguments) => asked(ask::reload(&arguments)),
        Command::Shutdown(arguments) => asked(ask::shutdown(&arguments)),
    }
}

fn asked(done: Result<(), ask::CommandError>) -> ExitCode {
    match done {
        // `tmtpd links | head` closes the pipe early.
        Err(ask::CommandError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {
            ExitCode::from(exit::DONE)
        }
        done => told(done, ask::CommandError::exit_code),
    }
}

fn told<E: Error>(done: Result<(), E>, exit_code: fn(&E) -> u8) -> ExitCode {
    match done {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => {
            eprintln!("tmtpd: {}", chain(&error));
            ExitCode::from(exit_code(&error))
        }
    }
}

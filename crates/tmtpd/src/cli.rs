//! The command line and its exit codes.

mod ask;
mod check;
mod exit;
mod serve;
mod table;

use std::error::Error;
use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::log::chain;
use exit::EXIT_CODES;

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
        Command::Serve(arguments) => report(serve::run(arguments), serve::ServeError::exit_code),
        Command::Check(arguments) => report(check::run(&arguments), check::CheckError::exit_code),
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
        done => report(done, ask::CommandError::exit_code),
    }
}

fn report<E: Error>(done: Result<(), E>, exit_code: fn(&E) -> u8) -> ExitCode {
    match done {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => {
            eprintln!("tmtpd: {}", chain(&error));
            ExitCode::from(exit_code(&error))
        }
    }
}

//! The command line: what it may say, and the exit codes.

mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::log::chain;

/// Exit codes, as `--help` tells them.
mod exit {
    /// Stopped in order, by SIGTERM or SIGINT.
    pub(super) const STOPPED: u8 = 0;
    /// The machine did not let it: a port that is taken, a disk that is full or may not be written.
    pub(super) const FAILED: u8 = 1;
    /// The command line, the configuration file, or a certificate or key it names is wrong.
    pub(super) const WRONG: u8 = 2;
    /// Another process serves the data folder.
    pub(super) const IN_USE: u8 = 3;
    /// Stopped at once, by a second signal.
    pub(super) const FORCED: u8 = 4;
}

const EXIT_CODES: &str = "\
Exit codes:
  0  stopped in order, by SIGTERM or SIGINT
  1  the machine did not let it: a port that is taken, a full disk, a folder that may not be written
  2  the command line, the configuration file, or a certificate or key they name is wrong;
     nothing was written
  3  another process serves the data folder
  4  stopped at once, by a second signal";

/// A members-only TMTP messaging service.
#[derive(Debug, Parser)]
#[command(name = "tmtpd", version, after_help = EXIT_CODES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve members until SIGTERM or SIGINT.
    Serve(serve::Arguments),
}

/// Does what the command line says. Errors are told on stderr, in words for the administrator.
#[must_use]
pub fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(arguments) => serve::run(arguments),
    };
    match done {
        Ok(()) => ExitCode::from(exit::STOPPED),
        Err(error) => {
            eprintln!("tmtpd: {}", chain(&error));
            ExitCode::from(error.exit_code())
        }
    }
}

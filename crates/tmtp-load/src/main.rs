//! `tmtp-load`: reads the command line, runs one load, prints its figures.

#![warn(clippy::wildcard_enum_match_arm)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tmtp-load: {error:#}");
            ExitCode::from(2)
        }
    }
}

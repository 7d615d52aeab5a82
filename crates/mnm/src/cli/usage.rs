//! Usage errors: what is wrong with a command line, in a sentence, and which help to look at.

use std::error::Error as _;
use std::ffi::OsString;

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use super::Cli;
use crate::exit::Failure;

/// The failure of a command line that can't be read.
pub(crate) fn usage(error: &Error, arguments: &[OsString]) -> Failure {
    let command = command(arguments);
    let what = words(error, &command);
    let help = match error.kind() == ErrorKind::InvalidSubcommand {
        true => format!("All commands: {command} --help"),
        false => format!("All that it takes: {command} --help"),
    };
    Failure::usage(format!("{what} {help}"))
}

/// The command that was meant, with the commands above it.
fn command(arguments: &[OsString]) -> String {
    let app = Cli::command();
    let (mut name, mut current) = (app.get_name().to_owned(), &app);
    for word in arguments {
        if let Some(below) = current.find_subcommand(word) {
            name.push_str(&format!(" {}", below.get_name()));
            current = below;
        }
    }
    name
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library adds kinds as it likes")]
fn words(error: &Error, command: &str) -> String {
    let of = |kind| error.get(kind).map(ContextValue::to_string).unwrap_or_default();
    let (argument, value) = (of(ContextKind::InvalidArg), of(ContextKind::InvalidValue));
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let meant = meant(&of(ContextKind::SuggestedArg));
            format!("`{command}` does not take {argument}.{meant}")
        }
        ErrorKind::InvalidSubcommand => {
            let meant = meant(&of(ContextKind::SuggestedSubcommand));
            format!("There is no command {}.{meant}", of(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => format!("`{command}` needs {argument}."),
        ErrorKind::ArgumentConflict => {
            format!("{argument} does not go together with {}.", of(ContextKind::PriorArg))
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument} needs a value."),
        ErrorKind::InvalidValue => {
            let valid = of(ContextKind::ValidValue);
            format!("{argument} can't be {value}. It is one of: {valid}.")
        }
        ErrorKind::ValueValidation => {
            let why = error.source().map(|why| format!(": {why}")).unwrap_or_default();
            format!("{argument} can't be {value}{why}.")
        }
        // Its own first line, which is about what was typed.
        _ => {
            let told = error.to_string();
            let first = told.lines().next().unwrap_or_default();
            format!("Wrong usage: {}.", first.trim_start_matches("error: "))
        }
    }
}

fn meant(suggested: &str) -> String {
    if suggested.is_empty() { String::new() } else { format!(" Did you mean {suggested}?") }
}

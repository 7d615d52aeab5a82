//! The `mnm` app: command line, and the loopback server of the pages. See [`cli`] for what it can
//! do and [`serve`] for what runs when it is started without a command.

// A new variant must be handled wherever its enum is matched.
#![warn(clippy::wildcard_enum_match_arm)]

mod cli;
mod exit;
mod home;
mod install;
mod notice;
mod opener;
mod print;
mod serve;
mod session;
mod tray;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
#[cfg(unix)]
use tikv_jemallocator::Jemalloc;
use tracing::Level;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::{EnvFilter, fmt, registry};

/// Gives memory back to the system while the app rests, by a background thread.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_run(&error),
    };
    log(cli.is_app());
    let json = cli.json();
    let exit = match tokio::runtime::Runtime::new() {
        Ok(runtime) => {
            let done = runtime.block_on(cli.run());
            // Remaining tasks are reads that nobody waits for.
            runtime.shutdown_background();
            done
        }
        Err(error) => Err(exit::Failure::io("Can't start", &error)),
    };
    let exit = exit.unwrap_or_else(|failure| {
        print::print_failure(&failure, json);
        failure.exit
    });
    ExitCode::from(exit as u8)
}

/// Prints the help or version that was asked for, or why the command line can't be read.
fn not_run(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nobody reads it.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let json = arguments.iter().take_while(|word| *word != "--").any(|word| word == "--json");
    let failure = cli::usage(error, &arguments);
    print::print_failure(&failure, json);
    ExitCode::from(failure.exit as u8)
}

/// Logs to standard error; `MNM_LOG=info` logs more. By default only the app logs, and not to a
/// terminal: commands print what people have to know.
///
/// The log never holds content. Our crates see to that for theirs. Of other crates only warnings
/// are logged, whatever `MNM_LOG` says, and none of those that use the `log` crate: parsers of
/// messages log every piece.
fn log(is_app: bool) {
    let unasked = if is_app && !std::io::stderr().is_terminal() { "error" } else { "off" };
    let asked = EnvFilter::try_from_env("MNM_LOG").unwrap_or_else(|_| EnvFilter::new(unasked));
    let ours = filter_fn(|metadata| {
        let target = metadata.target();
        let is_ours = target.starts_with("mnm") || target.starts_with("tmtp");
        is_ours || *metadata.level() <= Level::WARN
    });
    let lines =
        fmt::layer().with_ansi(false).with_writer(std::io::stderr).with_filter(asked.and(ours));
    // Nobody else sets one.
    let _ = tracing::subscriber::set_global_default(registry().with(lines));
}

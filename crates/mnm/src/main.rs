//! The `mnm` app: command line, and the loopback server of the pages. See [`cli`] for what it can
//! do and [`serve`] for what runs when it is started without a command.

mod cli;
mod exit;
mod home;
mod print;
mod serve;
mod session;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // Logs never hold content. `MNM_LOG=info` shows more.
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_env("MNM_LOG").unwrap_or_else(|_| EnvFilter::new("error")),
        )
        .with_writer(std::io::stderr)
        .init();
    let json = cli.json();
    let exit = match tokio::runtime::Runtime::new() {
        Ok(runtime) => {
            let done = runtime.block_on(cli.run());
            // What still runs are reads that nobody waits for.
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

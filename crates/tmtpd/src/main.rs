//! `tmtpd`: see [`tmtpd::cli`] for the commands and exit codes.

use std::process::ExitCode;

fn main() -> ExitCode {
    tmtpd::cli::run()
}

//! `tmtpd`: see [`tmtpd::cli`] for the commands and exit codes.

#![warn(clippy::wildcard_enum_match_arm)]

use std::process::ExitCode;

#[cfg(unix)]
use tikv_jemallocator::Jemalloc;

/// Returns memory to the system after links have closed, by a background thread.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    tmtpd::cli::run()
}

//! `tmtpd`: see [`tmtpd::cli`] for the commands and exit codes.

use std::process::ExitCode;

#[cfg(unix)]
use tikv_jemallocator::Jemalloc;

/// Gives memory back to the system when links have closed, by a thread of its own.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    tmtpd::cli::run()
}

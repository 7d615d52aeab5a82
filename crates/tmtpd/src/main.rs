//! `tmtpd`: see [`tmtpd::cli`] for the commands and exit codes.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// Gives memory back to the system when links have closed, by a thread of its own.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    tmtpd::cli::run()
}

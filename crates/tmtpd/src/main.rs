//! `tmtpd`: see [`tmtpd::cli`] for the commands and exit codes.

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

//! `tmtpd serve` as an administrator meets it: the real program, its files, its one line on stdout,
//! its exit codes, and TLS from outside.

// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "serve_process/process.rs"]
mod process;
#[path = "serve_process/tls.rs"]
mod tls;

#[path = "serve_process/acme.rs"]
mod acme;
#[path = "serve_process/certificates.rs"]
mod certificates;
#[path = "serve_process/links.rs"]
mod links;
#[path = "serve_process/readiness.rs"]
mod readiness;
#[path = "serve_process/renewal.rs"]
mod renewal;
#[path = "serve_process/services.rs"]
mod services;
#[path = "serve_process/start_and_stop.rs"]
mod start_and_stop;

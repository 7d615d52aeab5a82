//! `/metrics` and `/healthz`, asked over plain HTTP as a monitor does, of a real service.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

#[path = "monitor/exposition.rs"]
mod exposition;
#[path = "monitor/figures.rs"]
mod figures;
#[path = "monitor/health.rs"]
mod health;
#[path = "monitor/http.rs"]
mod http;

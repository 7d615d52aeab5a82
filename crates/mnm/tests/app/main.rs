//! The real program: its command line, and its loopback server on the wire.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

mod account;
mod away;
mod browser;
mod chat;
mod check;
mod commands;
mod desktop;
mod disk;
mod group;
mod install;
mod json;
mod letters;
mod loopback;
mod notice;
mod put_away;
mod raw;
mod recipient;
mod service_name;
mod terminal;
mod tray;
mod upgrade;
mod watch;
mod words;

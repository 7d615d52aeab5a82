//! The administrator's commands, as they are typed: the real program asks the real service.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

#[path = "admin/ask.rs"]
mod ask;
#[path = "admin/backup.rs"]
mod backup;
#[path = "admin/socket.rs"]
mod socket;
#[path = "admin/tool.rs"]
mod tool;

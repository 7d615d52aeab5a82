//! The encrypted store, used as the engine uses it: real files, real database, crashes included.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as expected")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "what the engine takes from elsewhere, a test has"
)]

mod blob;
mod cast;
mod confirming;
mod damage;
mod draft;
mod full;
mod group;
mod hold;
mod inbox;
mod kept;
mod log;
mod message_mark;
mod name;
mod notice;
mod notice_setting;
mod open;
mod outbox;
mod page;
mod ping;
mod placement;
mod put_away;
mod reader;
mod reader_name;
mod recipient;
mod search;
mod service_name;
mod stolen;
mod strike;
mod thread;
mod thread_sort;

//! The durable store: who is owed what, and everything the directory knows.
//!
//! Rows (small facts, never content) live in an ordered key-value [`engine`]; the content of
//! messages lives in files of our own (`body.rs`) that can really erase. One writer commits for all
//! callers, so that they share its syncs; any thread reads.
//!
//! How a message passes: [`Store::post`] writes its body and a row for the message and for each device
//! into the write-ahead log (`wal.rs`), syncs, and answers. A link reads its device's queue with
//! [`Store::queued`] and [`Store::read`]. [`Store::ack`] takes the row of the queue away; with the last
//! one the message's row goes, and then the bytes are erased. What is still queued a second later is
//! brought from the log to the engine and the segments.
//!
//! What survives a crash: everything whose receipt said `Ok`. An acknowledgement given in the last
//! 50 ms may be forgotten and the message delivered again. What no row names is erased at open.
//!
//! Formats: `s/format` in the rows says which version can read a store. Its number rises when an
//! older version could not; newer formats are refused, older ones are migrated at open, before
//! anything else. New kinds of rows and new fields in a row that is JSON need no new format.
//! `crates/tmtpd/tests/old_store/` keeps a store of each format for good.

mod backup;
mod body;
mod check;
mod counts;
mod data_dir;
pub mod disk;
pub mod engine;
mod error;
mod executor;
mod extent;
mod message;
mod message_cache;
mod metrics;
mod row;
mod rows;
mod sorted_queue;
mod store;
mod wal;
mod writer;

pub use crate::backup::Copied;
pub use crate::body::MAX_SMALL_BYTES;
pub use crate::body::large::{FinishedBody, LargeBody};
pub use crate::check::{Damage, Findings, Inspection};
pub use crate::counts::Queue;
pub use crate::engine::Batch;
pub use crate::error::StoreError;
pub use crate::executor::Executor;
pub use crate::message::{MessageReader, NewData, NewMessage, Position, Queued};
pub use crate::row::{Class, DeviceNumber, MessageId, RESERVED_PREFIXES};
pub use crate::writer::commit_queue::Receipt;
pub use metrics::StoreMetrics;
pub use store::{Limits, Room, Stats, Store};

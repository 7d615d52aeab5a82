//! The durable store of a service: queues of messages for devices, and rows.
//!
//! [`Store`] is the interface that a service uses, and [`EmbeddedStore`] the one implementation for
//! production. In it, rows (small facts, never content) are kept in an ordered key-value engine
//! (`engine.rs`); the content of messages is kept in files of our own (`body.rs`), from which it can
//! really be erased. One writer commits for all callers, so that they share its syncs; any thread
//! reads.
//!
//! What survives a crash: everything whose receipt said `Ok`. An acknowledgement of the last 50 ms
//! may be lost, and then the message is delivered again. Bodies that no row names are erased at
//! open.
//!
//! Formats: `s/format` in the rows says which version can read a store. Its number rises when an
//! older version could not; newer formats are refused, older ones are migrated at open, before
//! anything else. New kinds of rows and new fields in a row that is JSON need no new format.
//! `crates/tmtpd/tests/old_store/` keeps a store of each format for good.

#![warn(clippy::wildcard_enum_match_arm)]

mod backup;
mod batch;
mod blocking;
mod body;
mod check;
mod counts;
mod data_dir;
pub mod disk;
mod embedded;
mod engine;
mod error;
mod executor;
mod extent;
mod message;
mod message_cache;
mod metrics;
mod position;
mod read;
mod receipt;
mod row;
mod rows;
mod sorted_queue;
mod store;
mod wal;
mod writer;

pub use crate::batch::{Batch, Row};
pub use crate::body::MAX_SMALL_BYTES;
pub use crate::check::{Damage, Findings, Inspection};
pub use crate::embedded::{EmbeddedStore, StoreLimits};
pub use crate::error::StoreError;
pub use crate::executor::Executor;
pub use crate::message::{
    BodyReader, BodyWriter, FinishedBody, Locator, MessageReader, NewData, NewMessage, Queued,
};
pub use crate::metrics::StoreMetrics;
pub use crate::position::{Class, Cursor, DeviceNumber, Position};
pub use crate::read::Read;
pub use crate::receipt::{Answer, Receipt};
pub use crate::row::RESERVED_PREFIXES;
pub use crate::store::{
    Commit, Copied, Queue, QueueLengths, Room, Stats, Store, WriteCommit, each_row,
};

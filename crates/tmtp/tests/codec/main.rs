//! Properties of the codec: whatever is written is read again, however the stream is cut; whatever
//! else arrives ends in an error and never in a panic.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

mod garbage;
mod round_trip;
mod strategy;
mod stream;

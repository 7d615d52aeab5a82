//! Fuzz targets: what the fuzzer does with its inputs.
//!
//! Each module is one target: `run` takes any bytes and panics when something is found that must
//! never be. The programs in `fuzz/` hand it the fuzzer's inputs; `tests/replay.rs` hands it, on the
//! ordinary compiler and in every test run, all inputs in `fuzz/corpus` and each that once failed.
//!
//! | target | what is fed | what must hold |
//! |---|---|---|
//! | [`frame`] | a stream | the same pieces however it is cut, and no more held than a header |
//! | [`head`] | a header | what is read is written and read again as it was |
//! | [`session`] | sequences of requests and of answers, whole and damaged | the same meaning however cut; nothing after the end |
//! | [`link`] | such sequences, by several members, to a whole service in memory | every answer is of the protocol's form; no hang |
//! | [`invitation`] | what somebody pastes to join | what is read is written and read again |
//! | [`letter`] | the data of a letter, and its text | no byte is lost or invented; only harmless HTML |
//! | [`forward`] | a thread that is forwarded | what is read is written and read again, and no larger than what came |
//! | [`name`] | a name that is asked for | what is granted has nothing unseen in it, and one key |
//! | [`config`] | a configuration file | it is used, or every error in it is reported with its line |
//! | [`admin`] | what local processes write to the administrator's socket | every answer is what was due, and complete |
//! | [`store`] | damage to the files of a store | it opens or says why not; no message is served with other bytes |

#![warn(clippy::wildcard_enum_match_arm)]
// A panic is how a target says that it found something.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod admin;
mod ask;
pub mod config;
mod cut;
pub mod forward;
pub mod frame;
pub mod head;
pub mod invitation;
pub mod letter;
pub mod link;
pub mod name;
mod peer;
pub mod session;
pub mod store;

/// A target's name, which is also the name of its program and its folder of inputs, and what it
/// does.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 11] = [
    ("frame", frame::run),
    ("head", head::run),
    ("session", session::run),
    ("link", link::run),
    ("invitation", invitation::run),
    ("letter", letter::run),
    ("forward", forward::run),
    ("name", name::run),
    ("config", config::run),
    ("admin", admin::run),
    ("store", store::run),
];

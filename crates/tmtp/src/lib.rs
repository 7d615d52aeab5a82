//! The Trusted Messaging Transfer Protocol, revision 1, both sides, without I/O.
//!
//! No socket, file, clock or random source: bytes and time come in, bytes and typed events go
//! out. The reader's way through the crate, lowest floor first:
//!
//! - [`id`]: uids, device secrets, message ids, in the forms they have on the wire
//! - [`text`]: what an alias, a group's name and a ping's text may hold
//! - [`head`]: the JSON object of a message: tolerant reading, canonical writing, the headsum
//! - [`frame`]: `hhhh` + header + data, cut out of a stream in any fragmentation
//! - [`revision`]: which revision of the protocol a link speaks
//! - [`request`]: what an app asks of a service
//! - [`event`]: what a service tells an app
//! - [`certificate`]: the hash of the certificate that a link is made by
//! - [`binding`]: what a login of revision 2 signs
//! - [`session`]: the two sides of a link as state machines
//! - [`letter`]: what apps put into the data of a post; a service never looks inside
//! - [`forward`]: the same for a whole thread that is forwarded
//!
//! The protocol itself is described in `docs/protocol.md`.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod binding;
pub mod certificate;
pub mod event;
pub mod forward;
pub mod frame;
pub mod head;
pub mod id;
pub mod letter;
mod listed;
pub mod quit;
pub mod request;
pub mod revision;
pub mod session;
pub mod text;

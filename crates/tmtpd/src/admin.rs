//! Administration of a running service over a local socket.
//!
//! Each service has a Unix socket in its data folder. A command (`tmtpd status`, `links`, …)
//! connects, writes one line of JSON and reads lines of JSON up to the last one ([`protocol`]).
//! Access is checked twice: by the modes of folder and socket, and by the peer credentials that the
//! kernel reports ([`socket`]). Answers are read-only views of the service's state (`view`), made a
//! page at a time, so that no command blocks the service for longer than a few hundred rows take.
//!
//! - [`protocol`]: what goes over the socket
//! - [`socket`]: where it is, who may use it, and paths longer than the system takes
//! - [`server`]: the service's side
//! - `view`: from the service's state to rows
//! - [`client`]: the command's side
//!
//! Whole uids never go over the socket: under the post policy `uid` a uid is the right to write to
//! its member, and no command needs one. Aliases and names of groups go over it only on request.

pub mod client;
pub mod protocol;
pub mod server;
pub mod socket;
mod view;

//! Administration of a running service over a local socket.
//!
//! Each service has a Unix socket in its data folder. A command (`tmtpd status`, `links`, …)
//! connects, writes one line of JSON and reads lines of JSON until the one that says that it is
//! done ([`protocol`]). Who may connect is decided twice, by the modes of folder and socket and by
//! the kernel's word about who the peer is ([`socket`]). The answers are read-only views of what
//! the service holds (`view`), made a page at a time, so that nothing a command asks for stops
//! the service for longer than a few hundred rows take.
//!
//! - [`protocol`]: what goes over the socket
//! - [`socket`]: where it is, who may use it, and paths longer than the system takes
//! - [`server`]: the service's side
//! - `view`: from the service's state to rows
//! - [`client`]: the command's side
//!
//! Whole uids never go over the socket: to know one is to be allowed to write to its member, and no
//! command needs one. Aliases and names of groups go over it only when they are asked for.

pub mod client;
pub mod protocol;
pub mod server;
pub mod socket;
mod view;

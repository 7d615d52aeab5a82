//! A load generator that speaks revision 1 of the protocol to any TMTP service.
//!
//! It shares a machine with what it measures, so it is built to cost little per message and per
//! link: one thread, one event loop, one TLS configuration, heads of requests made beforehand, and
//! no buffer on a link that has nothing to say. The reader's way, lowest floor first:
//!
//! - [`tls`]: any certificate or a pinned one; records in, records out, no buffers of its own
//! - [`link`]: one link: socket, TLS and `tmtp`'s session
//! - [`fleet`]: all links of the process, and what events on them
//! - [`stamp`]: what a body says about when and by whom it was meant to be sent
//! - [`cast`]: members and devices: registered, logged in, in a group
//! - [`ledger`]: what each device expects and what it got, so that nothing is lost or doubled
//! - [`process`]: CPU, memory and disk of the service and of this program
//! - [`work`]: the loads themselves
//! - [`report`]: figures for people and as JSON

#![warn(clippy::wildcard_enum_match_arm)]

pub mod cast;
pub mod fleet;
pub mod ledger;
pub mod link;
pub mod process;
pub mod report;
pub mod stamp;
pub mod tls;
pub mod work;

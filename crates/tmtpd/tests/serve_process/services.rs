//! One process, many services, as an administrator and members meet them: the real program, real
//! links over TLS, real files.

#[path = "services/failure.rs"]
mod failure;
#[path = "services/host.rs"]
pub(crate) mod host;
#[path = "services/reload.rs"]
mod reload;
#[path = "services/sharing.rs"]
mod sharing;

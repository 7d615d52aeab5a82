//! Identity of a device at a service.

use serde::{Deserialize, Serialize};

/// A member and device as a service names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The member.
    pub uid: Box<str>,
    /// The device's secret.
    pub node: Box<str>,
}

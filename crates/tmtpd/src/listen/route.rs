//! Which service a connection on one address is for.
//!
//! Where one service listens alone, whoever comes is for it. Where several share an address, the TLS
//! server name decides, which the app sends in the clear at the very start (RFC 6066). Who sends none,
//! or one that nobody has, is for the default service if there is one, and is refused otherwise.

use std::collections::HashMap;
use std::sync::Arc;

use super::entrance::{Door, Entrance};

/// Where connections of one address are led.
#[derive(Debug)]
pub enum Route {
    /// To the one service that listens there.
    Sole(Arc<Entrance>),
    /// To one of several.
    Shared(Shared),
}

/// How several services share an address.
#[derive(Debug)]
pub struct Shared {
    /// Counts those who have not yet said whom they want.
    lobby: Arc<Door>,
    by_name: HashMap<String, Arc<Entrance>>,
    default: Option<Arc<Entrance>>,
}

/// A service that takes part in an address.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its entrance.
    pub entrance: Arc<Entrance>,
    /// The names it answers to, in lower case.
    pub server_names: Vec<String>,
    /// Whether it answers to other names and to none.
    pub default: bool,
}

impl Route {
    /// The route of an address for the services that listen there; none if there are none.
    #[must_use]
    pub fn new(parts: &[Part], lobby: &Arc<Door>) -> Option<Self> {
        match parts {
            [] => None,
            [one] => Some(Self::Sole(Arc::clone(&one.entrance))),
            several => Some(Self::Shared(Shared::new(several, Arc::clone(lobby)))),
        }
    }

    /// The door that a connection passes first.
    pub(super) fn door(&self) -> &Arc<Door> {
        match self {
            Self::Sole(entrance) => entrance.door(),
            Self::Shared(shared) => &shared.lobby,
        }
    }

    /// The entrance for who asks for `server_name`.
    pub(super) fn entrance(&self, server_name: Option<&str>) -> Option<&Arc<Entrance>> {
        match self {
            Self::Sole(entrance) => Some(entrance),
            Self::Shared(shared) => shared.entrance(server_name),
        }
    }

    /// Whether a connection has passed no service's own door yet.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Self::Shared(_))
    }
}

impl Shared {
    fn new(parts: &[Part], lobby: Arc<Door>) -> Self {
        let mut by_name = HashMap::new();
        for part in parts {
            for name in &part.server_names {
                by_name.insert(name.clone(), Arc::clone(&part.entrance));
            }
        }
        let default = parts.iter().find(|part| part.default);
        Self { lobby, by_name, default: default.map(|part| Arc::clone(&part.entrance)) }
    }

    fn entrance(&self, server_name: Option<&str>) -> Option<&Arc<Entrance>> {
        let by_name = |name: &str| self.by_name.get(&name.to_ascii_lowercase());
        server_name.and_then(by_name).or(self.default.as_ref())
    }
}

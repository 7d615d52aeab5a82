//! Routing of a connection to one of the services at its address, by TLS server name.
//!
//! A service that listens alone gets every connection. Where several share an address, the TLS
//! server name decides, which the app sends in the clear in its ClientHello (RFC 6066). A
//! connection with no or an unknown name goes to the default service if there is one, and is
//! refused otherwise.

use std::collections::HashMap;
use std::sync::Arc;

use super::acceptor::{Acceptor, Admission};

/// The services behind one address.
#[derive(Debug)]
pub(crate) enum Route {
    /// To the one service that listens there.
    Sole(Arc<Acceptor>),
    /// To one of several.
    Shared(SharedRoute),
}

/// How several services share an address.
#[derive(Debug)]
pub(crate) struct SharedRoute {
    /// Counts connections that have not yet named a service.
    unrouted: Arc<Admission>,
    by_name: HashMap<String, Arc<Acceptor>>,
    default: Option<Arc<Acceptor>>,
}

/// A service's share in an address.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Its acceptor.
    pub acceptor: Arc<Acceptor>,
    /// The names it answers to, in lower case.
    pub server_names: Vec<String>,
    /// Whether it gets connections with an unknown name or none.
    pub default: bool,
}

impl Route {
    /// The route of an address for the services that listen there; none if there are none.
    #[must_use]
    pub(crate) fn new(parts: &[Part], unrouted: &Arc<Admission>) -> Option<Self> {
        match parts {
            [] => None,
            [one] => Some(Self::Sole(Arc::clone(&one.acceptor))),
            several => Some(Self::Shared(SharedRoute::new(several, Arc::clone(unrouted)))),
        }
    }

    /// The admission that counts a new connection.
    pub(super) fn admission(&self) -> &Arc<Admission> {
        match self {
            Self::Sole(acceptor) => acceptor.admission(),
            Self::Shared(shared) => &shared.unrouted,
        }
    }

    /// The acceptor for a connection that asks for `server_name`.
    pub(super) fn acceptor(&self, server_name: Option<&str>) -> Option<&Arc<Acceptor>> {
        match self {
            Self::Sole(acceptor) => Some(acceptor),
            Self::Shared(shared) => shared.acceptor(server_name),
        }
    }

    /// Whether a connection is not yet counted by its service.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Self::Shared(_))
    }
}

impl SharedRoute {
    fn new(parts: &[Part], unrouted: Arc<Admission>) -> Self {
        let mut by_name = HashMap::new();
        for part in parts {
            for name in &part.server_names {
                by_name.insert(name.clone(), Arc::clone(&part.acceptor));
            }
        }
        let default = parts.iter().find(|part| part.default);
        Self { unrouted, by_name, default: default.map(|part| Arc::clone(&part.acceptor)) }
    }

    fn acceptor(&self, server_name: Option<&str>) -> Option<&Arc<Acceptor>> {
        let by_name = |name: &str| self.by_name.get(&name.to_ascii_lowercase());
        server_name.and_then(by_name).or(self.default.as_ref())
    }
}

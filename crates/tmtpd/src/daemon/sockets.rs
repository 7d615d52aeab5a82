//! Listening sockets of the daemon, and the services behind each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Instance, State};
use crate::config::{Limits, ListenAddress};
use crate::listen::acceptor::Admission;
use crate::listen::route::Part;
use crate::listen::{ListenError, Listener, Open, Route};

/// The listening sockets of the daemon.
#[derive(Debug)]
pub(super) struct Sockets {
    unrouted: Arc<Admission>,
    open: BTreeMap<Place, Open>,
}

/// Identifies a socket: its address and, when the system chooses the port, the service and the
/// index among its addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place(String);

/// The services that should listen on an address.
#[derive(Debug)]
struct Wanted {
    address: ListenAddress,
    instances: Vec<Arc<Instance>>,
}

impl Sockets {
    pub(super) fn new(unrouted: &Limits) -> Self {
        Self { unrouted: Admission::new(unrouted), open: BTreeMap::new() }
    }

    pub(super) fn set_unrouted(&self, limits: &Limits) {
        self.unrouted.set_limits(limits);
    }

    /// Listens where the running ones of `instances` want to, and nowhere else; open links are not
    /// affected. Returns the services whose address cannot be bound, and why.
    pub(super) async fn connect(
        &mut self,
        instances: &[Arc<Instance>],
    ) -> Vec<(Arc<Instance>, ListenError)> {
        let wanted = wanted(instances);
        // First unbind: another address may need the port.
        let gone: Vec<_> =
            self.open.keys().filter(|place| !wanted.contains_key(place)).cloned().collect();
        for place in gone {
            if let Some(open) = self.open.remove(&place) {
                open.close().await;
            }
        }
        let mut errors = Vec::new();
        for (place, Wanted { address, instances }) in wanted {
            let parts: Vec<Part> = instances.iter().map(|instance| instance.part()).collect();
            let Some(route) = Route::new(&parts, &self.unrouted) else { continue };
            if let Some(open) = self.open.get(&place) {
                open.set_route(route);
                continue;
            }
            match Listener::bind(&address).await {
                Ok(listener) => drop(self.open.insert(place, listener.open(route))),
                Err(error) => {
                    let error = Arc::new(error);
                    let of_each = |instance| (instance, ListenError::clone(&error));
                    errors.extend(instances.into_iter().map(of_each));
                }
            }
        }
        errors
    }

    /// The sockets of one service, in the order of its configuration.
    pub(super) fn of(&self, instance: &Instance) -> Vec<&Open> {
        places(instance).iter().filter_map(|(place, _)| self.open.get(place)).collect()
    }

    /// Stops accepting anywhere.
    pub(super) async fn close_all(&mut self) {
        for (_, open) in std::mem::take(&mut self.open) {
            open.close().await;
        }
    }
}

fn wanted(instances: &[Arc<Instance>]) -> BTreeMap<Place, Wanted> {
    let mut wanted: BTreeMap<Place, Wanted> = BTreeMap::new();
    for instance in instances.iter().filter(|instance| instance.state() == State::Running) {
        for (place, address) in places(instance) {
            let entry = wanted.entry(place);
            let entry = entry.or_insert_with(|| Wanted { address, instances: Vec::new() });
            entry.instances.push(Arc::clone(instance));
        }
    }
    wanted
}

fn places(instance: &Instance) -> Vec<(Place, ListenAddress)> {
    let service = instance.config().service;
    let place = |(index, address): (usize, ListenAddress)| {
        let place = match address.port() {
            0 => format!("{address} {index} {}", service.data.display()),
            _ => address.key(),
        };
        (Place(place), address)
    };
    service.listen.into_iter().enumerate().map(place).collect()
}

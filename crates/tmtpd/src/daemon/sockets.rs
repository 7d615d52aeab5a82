//! Listening sockets of the daemon, and the services behind each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Instance, InstanceState};
use crate::config::{Limits, ListenAddress};
use crate::listen::acceptor::Admission;
use crate::listen::route::Part;
use crate::listen::{ListenError, Listener, Open, Route};

/// The listening sockets of the daemon.
#[derive(Debug)]
pub(super) struct Sockets {
    unrouted: Arc<Admission>,
    open: BTreeMap<SocketId, Open>,
}

/// Identifies a socket: its address and, when the system chooses the port, the service and the
/// index among its addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct SocketId(String);

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
            self.open.keys().filter(|id| !wanted.contains_key(id)).cloned().collect();
        for id in gone {
            if let Some(open) = self.open.remove(&id) {
                open.close().await;
            }
        }
        let mut errors = Vec::new();
        for (id, Wanted { address, instances }) in wanted {
            let parts: Vec<Part> = instances.iter().map(|instance| instance.part()).collect();
            let Some(route) = Route::new(&parts, &self.unrouted) else { continue };
            if let Some(open) = self.open.get(&id) {
                open.set_route(route);
                continue;
            }
            match Listener::bind(&address).await {
                Ok(listener) => drop(self.open.insert(id, listener.open(route))),
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
        socket_ids(instance).iter().filter_map(|(id, _)| self.open.get(id)).collect()
    }

    /// Stops accepting anywhere.
    pub(super) async fn close_all(&mut self) {
        for (_, open) in std::mem::take(&mut self.open) {
            open.close().await;
        }
    }
}

fn wanted(instances: &[Arc<Instance>]) -> BTreeMap<SocketId, Wanted> {
    let mut wanted: BTreeMap<SocketId, Wanted> = BTreeMap::new();
    for instance in instances.iter().filter(|instance| instance.state() == InstanceState::Running) {
        for (id, address) in socket_ids(instance) {
            let entry = wanted.entry(id);
            let entry = entry.or_insert_with(|| Wanted { address, instances: Vec::new() });
            entry.instances.push(Arc::clone(instance));
        }
    }
    wanted
}

fn socket_ids(instance: &Instance) -> Vec<(SocketId, ListenAddress)> {
    let service = instance.config().service;
    let identified = |(index, address): (usize, ListenAddress)| {
        let id = match address.port() {
            0 => format!("{address} {index} {}", service.data.display()),
            _ => address.key(),
        };
        (SocketId(id), address)
    };
    service.listen.into_iter().enumerate().map(identified).collect()
}

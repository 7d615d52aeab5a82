//! Cross-checks between the services of one daemon: what they must not share, and what they need to
//! share an address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Component, Path, PathBuf};

use super::address::ListenAddress;
use super::draft::Draft;
use super::error::Problem;
use super::settings::{default_listen, default_name};

/// All conflicts between the services of one file.
pub(super) fn problems(services: &[Draft]) -> Vec<Problem> {
    let mut found = Problems(Vec::new());
    found.twice_in_one(services);
    if services.len() > 1 {
        found.data(services);
        found.names(services);
        found.overlaps(services);
        for sharing in by_address(services).values().filter(|sharing| sharing.len() > 1) {
            found.without_names(sharing);
            found.names_twice(sharing);
            found.defaults(sharing);
        }
    }
    found.0
}

struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, line: usize, key: &str, what: String) {
        let problem = Problem { line, key: format!("service.{key}"), what };
        // The same two services may share more than one address.
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    fn data(&mut self, services: &[Draft]) {
        let mut owners: BTreeMap<PathBuf, usize> = BTreeMap::new();
        for one in services {
            let Some(data) = &one.data else {
                let what = "is missing: each of several services needs a data folder of its own";
                self.add(one.lines.data, "data", what.to_owned());
                continue;
            };
            if let Some(line) = owners.insert(plain(data), one.lines.data) {
                let what = format!(
                    "is the data folder of another service too (line {line}): each needs its own"
                );
                self.add(one.lines.data, "data", what);
            }
        }
    }

    fn names(&mut self, services: &[Draft]) {
        let mut owners: BTreeMap<String, usize> = BTreeMap::new();
        for one in services {
            let name = one.name.clone().unwrap_or_else(default_name);
            if let Some(line) = owners.insert(name, one.lines.name) {
                let what = match one.name {
                    Some(_) => format!("is the name of another service too (line {line})"),
                    None => "is missing: each of several services needs a name of its own".into(),
                };
                self.add(one.lines.name, "name", what);
            }
        }
    }

    fn twice_in_one(&mut self, services: &[Draft]) {
        for one in services {
            for (index, address) in one.listen.iter().enumerate() {
                let earlier = one.listen.iter().take(index);
                if address.port() != 0 && earlier.into_iter().any(|other| same(other, address)) {
                    self.add(one.lines.listen, "listen", format!("names {address} twice"));
                }
            }
        }
    }

    /// A wildcard and a specific address cannot be bound at the same port.
    fn overlaps(&mut self, services: &[Draft]) {
        for (index, one) in services.iter().enumerate() {
            for earlier in services.iter().take(index) {
                for (address, other) in pairs(one, earlier) {
                    if overlap(&address, &other) {
                        let what = format!(
                            "{address} and {other} of another service (line {}) are the same port of \
                             one machine: write the same address in both to share it by server \
                             names, or choose another port",
                            earlier.lines.listen
                        );
                        self.add(one.lines.listen, "listen", what);
                    }
                }
            }
        }
    }

    fn without_names(&mut self, sharing: &[(ListenAddress, &Draft)]) {
        for (address, one) in sharing {
            if one.answers_to().is_empty() && !one.default {
                let what = format!(
                    "{address} is shared with another service, so this one needs server_names, by \
                     which apps ask for it; or give it a port of its own"
                );
                self.add(one.lines.listen, "listen", what);
            }
        }
    }

    fn names_twice(&mut self, sharing: &[(ListenAddress, &Draft)]) {
        let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, (address, one)) in sharing.iter().enumerate() {
            for name in one.answers_to() {
                match owners.insert(name, index) {
                    Some(owner) if owner != index => {
                        let line = sharing.get(owner).map_or(0, |(_, one)| one.lines.server_names);
                        let what = format!(
                            "{name:?} is a name of another service on {address} too (line {line})"
                        );
                        self.add(one.lines.server_names, "server_names", what);
                    }
                    _ => {}
                }
            }
        }
    }

    fn defaults(&mut self, sharing: &[(ListenAddress, &Draft)]) {
        let mut defaults = sharing.iter().filter(|(_, one)| one.default);
        let Some((_, first)) = defaults.next() else { return };
        for (address, one) in defaults {
            let line = first.lines.default;
            let what = format!("another service is the default on {address} already (line {line})");
            self.add(one.lines.default, "default", what);
        }
    }
}

/// The addresses of a service, without those whose port the system chooses: these are never shared.
fn fixed(one: &Draft) -> Vec<ListenAddress> {
    let listen = match one.listen.is_empty() {
        true => default_listen().unwrap_or_default(),
        false => one.listen.clone(),
    };
    listen.into_iter().filter(|address| address.port() != 0).collect()
}

/// Services by address.
fn by_address(services: &[Draft]) -> BTreeMap<String, Vec<(ListenAddress, &Draft)>> {
    let mut sharing: BTreeMap<String, Vec<(ListenAddress, &Draft)>> = BTreeMap::new();
    for one in services {
        for address in fixed(one) {
            sharing.entry(address.key()).or_default().push((address, one));
        }
    }
    sharing
}

fn pairs(one: &Draft, other: &Draft) -> Vec<(ListenAddress, ListenAddress)> {
    let others = fixed(other);
    let pair = |address: ListenAddress| {
        others.iter().map(move |other| (address.clone(), other.clone())).collect::<Vec<_>>()
    };
    fixed(one).into_iter().flat_map(pair).collect()
}

fn same(one: &ListenAddress, other: &ListenAddress) -> bool {
    one.key() == other.key()
}

fn overlap(one: &ListenAddress, other: &ListenAddress) -> bool {
    let all = |address: &ListenAddress| address.ip().is_some_and(|ip| ip.is_unspecified());
    let family = |address: &ListenAddress| address.ip().map(|ip| matches!(ip, IpAddr::V6(_)));
    one.port() == other.port()
        && all(one) != all(other)
        && family(one).zip(family(other)).is_none_or(|(one, other)| one == other)
}

/// A path, normalised without looking at the disk.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

//! Who shares a count, and that counts come back.

use std::net::SocketAddr;
use std::sync::Arc;

use super::gate::{Full, Gate};
use crate::config::Limits;

fn gate(links_total: usize, links_per_address: usize) -> Arc<Gate> {
    Gate::new(&Limits { links_total, links_per_address, ..Limits::default() })
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn one_machine_is_one_network() {
    let gate = gate(10, 1);
    let _v4 = gate.admit(address("192.0.2.1:1")).unwrap();
    let _v6 = gate.admit(address("[2001:db8:0:1::1]:1")).unwrap();
    for same in ["192.0.2.1:2", "[::ffff:192.0.2.1]:1", "[2001:db8:0:1:ffff:ffff:ffff:ffff]:2"] {
        assert_eq!(gate.admit(address(same)).unwrap_err(), Full::Network, "{same}");
    }
    for other in ["192.0.2.2:1", "[2001:db8:0:2::1]:1"] {
        gate.admit(address(other)).unwrap();
    }
}

#[test]
fn a_refused_link_counts_nowhere_and_a_dropped_one_no_more() {
    let gate = gate(2, 1);
    let first = gate.admit(address("192.0.2.1:1")).unwrap();
    assert_eq!(gate.admit(address("192.0.2.1:2")).unwrap_err(), Full::Network);
    let _second = gate.admit(address("192.0.2.2:1")).unwrap();
    assert_eq!(gate.admit(address("192.0.2.3:1")).unwrap_err(), Full::Total);
    drop(first);
    let _third = gate.admit(address("192.0.2.1:3")).unwrap();
    assert_eq!(gate.admit(address("192.0.2.3:1")).unwrap_err(), Full::Total);
}

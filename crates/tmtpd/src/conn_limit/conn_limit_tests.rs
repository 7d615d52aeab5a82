//! Tests of connection limits: who shares a count, and that counts come back.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{ConnLimit, Full};
use crate::config::Limits;

fn conn_limit(links_total: usize, links_per_address: usize) -> Arc<ConnLimit> {
    ConnLimit::new(&Limits { links_total, links_per_address, ..Limits::default() })
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn addresses_of_one_machine_share_a_count() {
    let conn_limit = conn_limit(10, 1);
    let _v4 = conn_limit.admit(address("192.0.2.1:1")).unwrap();
    let _v6 = conn_limit.admit(address("[2001:db8:0:1::1]:1")).unwrap();
    for same in ["192.0.2.1:2", "[::ffff:192.0.2.1]:1", "[2001:db8:0:1:ffff:ffff:ffff:ffff]:2"] {
        assert_eq!(conn_limit.admit(address(same)).unwrap_err(), Full::Network, "{same}");
    }
    for other in ["192.0.2.2:1", "[2001:db8:0:2::1]:1"] {
        conn_limit.admit(address(other)).unwrap();
    }
}

#[test]
fn refused_and_dropped_links_are_not_counted() {
    let conn_limit = conn_limit(2, 1);
    let first = conn_limit.admit(address("192.0.2.1:1")).unwrap();
    assert_eq!(conn_limit.admit(address("192.0.2.1:2")).unwrap_err(), Full::Network);
    let _second = conn_limit.admit(address("192.0.2.2:1")).unwrap();
    assert_eq!(conn_limit.admit(address("192.0.2.3:1")).unwrap_err(), Full::Total);
    drop(first);
    let _third = conn_limit.admit(address("192.0.2.1:3")).unwrap();
    assert_eq!(conn_limit.admit(address("192.0.2.3:1")).unwrap_err(), Full::Total);
}

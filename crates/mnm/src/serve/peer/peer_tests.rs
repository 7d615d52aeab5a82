//! Tests of the peer check, on socket tables as Linux writes them.

use std::{collections::HashMap, sync::atomic::Ordering};

use axum::serve::Listener as _;
use tokio::net::TcpSocket;

use super::{OwnListener, Owners};

const PORT: u16 = 0xABCD;

/// The table of a little-endian machine: the listener, our end of a connection (user 0, because
/// root runs this server), the other end (user 1000), and somebody else's connection to another
/// port from the same port of another address.
const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:ABCD 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0100007F:ABCD 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 0200007F:D431 0100007F:ABCD 01 00000000:00000000 00:00000000 00000000  1002        0 3 1
   3: 0100007F:D431 0100007F:0050 01 00000000:00000000 00:00000000 00000000  1003        0 4 1
   4: 0100007F:D431 0100007F:ABCD 01 00000000:00000000 02:000005A2 00000000  1000        0 5 2
   5: broken
";

/// The same from `/proc/net/tcp6`, for a program that reaches IPv4 through an IPv6 socket.
const TABLE6: &str = "  sl  local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 0000000000000000FFFF00000100007F:D432 0000000000000000FFFF00000100007F:ABCD 01 00000000:00000000 00:00000000 00000000  1004        0 6 1
";

#[test]
#[cfg(target_endian = "little")]
fn the_other_end_is_found_by_both_addresses() {
    let owner = |table: &str, peer: &str, port| {
        let mut owners = Owners::default();
        owners.add(table, port);
        owners.uids.get(&peer.parse().unwrap()).copied()
    };
    assert_eq!(owner(TABLE, "127.0.0.1:54321", PORT), Some(1000));
    assert_eq!(owner(TABLE, "127.0.0.2:54321", PORT), Some(1002));
    assert_eq!(owner(TABLE, "127.0.0.1:54321", 0x50), Some(1003));
    assert_eq!(owner(TABLE, "127.0.0.1:54322", PORT), None);
    assert_eq!(owner(TABLE6, "127.0.0.1:54322", PORT), Some(1004));
    assert_eq!(owner("", "127.0.0.1:54321", PORT), None);
}

#[test]
fn connections_of_other_users_are_refused_where_owners_are_known() {
    let own = rustix::process::geteuid().as_raw();
    let (mine, other) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
    let uids = HashMap::from([(mine, own), (other, own.wrapping_add(1).max(1))]);
    let mut owners = Owners { is_told: true, uids };
    let may = |owners: &Owners, peer: &str| owners.may_connect(peer.parse().unwrap());
    assert!(may(&owners, "127.0.0.1:1"));
    assert!(
        !may(&owners, "127.0.0.1:2") && !may(&owners, "127.0.0.1:3") && !may(&owners, "[::1]:1")
    );
    owners.is_told = false;
    assert!(may(&owners, "127.0.0.1:3"));
}

#[tokio::test]
async fn a_flood_of_connections_costs_few_readings() {
    const FLOOD: usize = 500;
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut listener = OwnListener::new(socket.listen(1024).unwrap()).unwrap();
    let at = listener.local_addr().unwrap();
    // Nothing is accepted before this thread waits.
    let flood: Vec<_> = (0..FLOOD).map(|_| std::net::TcpStream::connect(at).unwrap()).collect();
    for _ in &flood {
        let _ = listener.accept().await;
    }
    let readings = listener.readings.load(Ordering::Relaxed);
    assert!((1..=4).contains(&readings), "{readings}");
}

//! Whose socket a connection is, read from tables as Linux writes them.

use super::owner;

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
    let peer = |address: &str| address.parse().unwrap();
    assert_eq!(owner(TABLE, peer("127.0.0.1:54321"), PORT), Some(1000));
    assert_eq!(owner(TABLE, peer("127.0.0.2:54321"), PORT), Some(1002));
    assert_eq!(owner(TABLE, peer("127.0.0.1:54321"), 0x50), Some(1003));
    assert_eq!(owner(TABLE, peer("127.0.0.1:54322"), PORT), None);
    assert_eq!(owner(TABLE, peer("[::1]:54321"), PORT), None);
    assert_eq!(owner(TABLE6, peer("127.0.0.1:54322"), PORT), Some(1004));
    assert_eq!(owner("", peer("127.0.0.1:54321"), PORT), None);
}

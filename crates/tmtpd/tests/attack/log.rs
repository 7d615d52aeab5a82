//! Attack: a log that somebody makes the service fill.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::json;
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;
use tmtp_testkit::wire;

use crate::cast::{Member, figure, until};
use crate::handshake::client_hello;
use crate::http;

/// Far more than ten lines of each kind, should the attack go on into a second minute and a third.
const LINES_MAX: usize = 200;
const LOG_BYTES_MAX: usize = 32 << 10;

/// Connections that are closed for what they say, or say nothing.
fn strange_connections(at: SocketAddr, count: usize) {
    let hello = client_hello();
    let record = |kind: u8, body: &[u8]| [&[kind, 3, 3, 0, body.len() as u8][..], body].concat();
    let ways = [
        Vec::new(),
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n".to_vec(),
        // Half a hello.
        hello[..hello.len() / 2].to_vec(),
        // A hello for a name that is none.
        named(&hello, b"\xff\xfe no name \n ERROR tmtpd: forged"),
        named(&hello, b"127.0.0.1"),
        // Alerts and data in place of a hello, and behind one.
        record(21, &[1, 0]),
        record(21, &[2, 48]),
        record(23, b"no hello"),
        [&hello[..], &record(21, &[1, 90]).repeat(4)].concat(),
        [&hello[..], &record(23, b"no finish")].concat(),
        [&hello[..], &record(22, &[20, 0, 0, 0])].concat(),
        [&hello[..], &hello].concat(),
    ];
    for number in 0..count {
        let Ok(mut stream) = TcpStream::connect(at) else { continue };
        // The service may be done with it before it is done with saying it.
        let _ = stream.write_all(&ways[number % ways.len()]);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

/// `hello` with the name of a server in it.
fn named(hello: &[u8], name: &[u8]) -> Vec<u8> {
    let two = |length: usize| u16::try_from(length).unwrap().to_be_bytes();
    let host = [&[0][..], &two(name.len()), name].concat();
    let list = [&two(host.len())[..], &host].concat();
    let extension = [&[0, 0][..], &two(list.len()), &list].concat();
    let mut named = hello.to_vec();
    named.extend_from_slice(&extension);
    // Of the record, of the message, of its extensions.
    for at in [3, 7, 50] {
        let length = u16::from_be_bytes([named[at], named[at + 1]]);
        let longer = two(usize::from(length) + extension.len());
        named[at..at + 2].copy_from_slice(&longer);
    }
    named
}

/// Links that end for what they say.
async fn strange_links(at: SocketAddr, count: usize) {
    for number in 0..count {
        let mut peer = RawPeer::connect(at).await.unwrap();
        match number % 4 {
            0 => {}
            1 => peer.send_raw(b"zzzz").await.unwrap(),
            2 => peer.request(json!({"op": 7, "id": "1"})).await.unwrap(),
            _ => {
                peer.greet().await.unwrap();
                peer.request(json!({"op": 2, "uid": "nobody", "node": "none"})).await.unwrap();
                peer.expect_quit("corrupt base32 value").await.unwrap();
            }
        }
    }
}

/// Requests of a member that are refused, by different rules.
async fn refused_requests(service: &ServiceProcess, count: usize) {
    let mut member = Member::join(service, "refused member").await;
    let post = json!({"op": 7, "id": "r", "for": [{"id": "nobody", "type": 1}], "datalen": 1});
    let ping = json!({"op": 9, "id": "r", "from": "not mine", "to": "nobody", "datalen": 1});
    let alias = json!({"op": 3, "id": "r", "newalias": "short"});
    let heads = [(post, &b"x"[..]), (ping, b"x"), (alias, b"")];
    let heads = heads.map(|(head, data)| wire::frame(&head.to_string(), data).unwrap());
    for numbers in (0..count).collect::<Vec<_>>().chunks(300) {
        let requests: Vec<_> = numbers.iter().map(|number| &heads[number % 3][..]).collect();
        member.peer.send_raw(&requests.concat()).await.unwrap();
        for _ in numbers {
            let ack = member.peer.expect_ack("r").await.unwrap();
            assert!(!ack.head["error"].is_null());
        }
    }
    member.peer.quit().await.unwrap();
}

#[tokio::test]
async fn log_lines_of_attacks_are_counted_and_suppressed() {
    let limits = "[limits]\nlinks_per_address = 100\nrequests_per_second = 1000000\n";
    let mut service =
        ServiceProcess::start_with(&format!("{limits}{}", http::CONFIG), &[]).unwrap();
    let (at, monitor) = (service.address(), http::address(&service.log_file()));
    let strangers: Vec<_> = (0..4)
        .map(|_| tokio::task::spawn_blocking(move || strange_connections(at, 1_250)))
        .collect();
    strange_links(at, 400).await;
    refused_requests(&service, 20_000).await;
    for stranger in strangers {
        stranger.await.unwrap();
    }
    // More than one address may have, again and again.
    let held: Vec<_> = (0..100).map(|_| TcpStream::connect(at).unwrap()).collect();
    for _ in 0..2_000 {
        let _ = TcpStream::connect(at).unwrap().read(&mut [0]);
    }
    drop(held);

    until("all links have ended", || figure(&monitor, "tmtpd_links_open") == 0).await;
    let refused = figure(&monitor, "tmtpd_requests_refused_total");
    assert_eq!(refused, 20_000);
    let ended = figure(&monitor, "tmtpd_links_ended_total");
    assert!(ended > 400, "{ended} links have ended");
    let (_, page) = http::get(&monitor, "/metrics");
    let over = "tmtpd_connections_refused_total{reason=\"links_per_address\"} ";
    let over = page.lines().find_map(|line| line.strip_prefix(over)).unwrap();
    let over: u64 = over.parse().unwrap();
    assert!(over >= 2_000, "{over} links over the limit");
    assert!(service.sigterm().unwrap().success());

    let log = fs::read_to_string(service.log_file()).unwrap();
    let (lines, bytes) = (log.lines().count(), log.len());
    assert!(lines < LINES_MAX && bytes < LOG_BYTES_MAX, "{lines} lines, {bytes} bytes: {log}");
    let foreign: Vec<_> = log.lines().filter(|line| !line.contains(" tmtpd::")).collect();
    assert_eq!(foreign, [""; 0], "told by others than the service");
    // Each was told, or counted by a line that was.
    let stories = ["request refused", "link ended", "link refused"];
    let told = log.lines().filter(|line| stories.iter().any(|story| line.contains(story))).count();
    let suppressed = log.split("suppressed=").skip(1).map(|rest| {
        let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next().unwrap();
        digits.parse::<u64>().unwrap()
    });
    assert_eq!(told as u64 + suppressed.sum::<u64>(), refused + ended + over, "{log}");
}

//! Attack: addresses that hold as many login slots as they may and open each connection again when it is
//! closed, while a member comes from another address.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use crate::cast::{Member, open_files, service, until};
use crate::handshake::client_hello;

/// Addresses that attack.
const ADDRESSES: u8 = 8;

/// What each connection of the flood sends before it falls silent.
#[derive(Clone)]
enum Shown {
    Bytes(Vec<u8>),
    Handshake,
}

/// Connections without end, until it is dropped.
struct Flood {
    _connections: JoinSet<()>,
    opened: Arc<AtomicUsize>,
}

impl Flood {
    fn start(service: SocketAddr, per_address: usize, shown: &Shown) -> Self {
        let opened = Arc::new(AtomicUsize::new(0));
        let mut connections = JoinSet::new();
        for last in 0..ADDRESSES {
            for _ in 0..per_address {
                let from = IpAddr::from([127, 0, 1, last + 1]);
                connections.spawn(connect_again(from, service, shown.clone(), opened.clone()));
            }
        }
        Self { _connections: connections, opened }
    }

    fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }
}

/// Connects, falls silent, and connects again when the service has had enough.
async fn connect_again(from: IpAddr, service: SocketAddr, shown: Shown, opened: Arc<AtomicUsize>) {
    loop {
        match &shown {
            Shown::Bytes(bytes) => {
                let socket = TcpSocket::new_v4().unwrap();
                socket.bind(SocketAddr::new(from, 0)).unwrap();
                let Ok(mut stream) = socket.connect(service).await else { continue };
                opened.fetch_add(1, Ordering::Relaxed);
                let _ = stream.write_all(bytes).await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
            Shown::Handshake => {
                let Ok(mut peer) = RawPeer::connect_from(from, service).await else { continue };
                opened.fetch_add(1, Ordering::Relaxed);
                while peer.next().await.is_ok() {}
            }
        }
    }
}

/// How often a member logs in while connections hold all places.
const LOGINS: usize = 3;

async fn a_member_logs_in(service: &ServiceProcess, per_address: usize, shown: Shown) {
    let Member { peer, uid, node } = Member::join(service, "late member").await;
    peer.drop_link();
    let files = open_files(service);
    let flood = Flood::start(service.address(), per_address, &shown);
    let all = usize::from(ADDRESSES) * per_address;
    until("all places are held", || flood.opened() >= all).await;
    for _ in 0..LOGINS {
        // No place comes free by itself for far longer than this waits.
        let began = Instant::now();
        let from = [127, 0, 0, 2].into();
        let mut peer = RawPeer::connect_from(from, service.address()).await.unwrap();
        peer.greet().await.unwrap();
        peer.login(&uid, &node).await.unwrap();
        println!("logged in after {:?}", began.elapsed());
    }
    drop(flood);
    until("all is given back", || open_files(service) <= files).await;
}

const LIMITS: &str = "login_timeout_s = 60\nunauthenticated_links = 100";

#[tokio::test]
async fn members_log_in_while_silent_connections_hold_all_slots() {
    let service = service(LIMITS);
    a_member_logs_in(&service, 100, Shown::Bytes(Vec::new())).await;
}

#[tokio::test]
async fn members_log_in_while_half_hellos_hold_all_slots() {
    let service = service(LIMITS);
    let hello = client_hello();
    a_member_logs_in(&service, 100, Shown::Bytes(hello[..hello.len() / 2].to_vec())).await;
}

#[tokio::test]
async fn members_log_in_while_whole_hellos_hold_all_slots() {
    let service = service(LIMITS);
    a_member_logs_in(&service, 100, Shown::Bytes(client_hello())).await;
}

#[tokio::test]
async fn members_log_in_while_idle_links_hold_all_slots() {
    let service = service("login_timeout_s = 60\nunauthenticated_links = 40");
    a_member_logs_in(&service, 8, Shown::Handshake).await;
}

#[tokio::test]
async fn members_log_in_at_the_limit_of_silent_connections() {
    let service = service(&format!("{LIMITS}\nlinks_total = 400"));
    a_member_logs_in(&service, 100, Shown::Bytes(Vec::new())).await;
}

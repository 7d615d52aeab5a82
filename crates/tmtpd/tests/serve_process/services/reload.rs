//! Tests of reload: services come, go and change while the links of the others go on.

use std::fs;
use std::net::SocketAddr;

use rustix::process::Signal;
use tmtp_testkit::peer::RawPeer;

use super::host::{Host, Member, free_address, name_of, service};

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

#[tokio::test]
async fn reload_adds_and_removes_services_without_dropping_other_links() {
    let (shared, other) = (free_address(), free_address());
    let club = service("Club", &shared.to_string(), "server_names = \"club.example\"");
    let chess = service("Chess", &shared.to_string(), "server_names = \"chess.example\"");
    let choir = service("Choir", &other.to_string(), "");
    let host = Host::start(&(club.clone() + &chess));
    host.ready("Club");
    host.ready("Chess");
    let mut ada = Member::join(shared, Some("club.example"), "Ada Lovelace").await;
    let mut grace = Member::join(shared, Some("chess.example"), "Grace Hopper").await;
    ada.works("before").await;

    // One more, at an address of its own.
    host.reload(&(club.clone() + &chess + &choir));
    host.ready("Choir");
    let mut singer = Member::join(other, None, "Clara Schumann").await;
    singer.works("here").await;
    ada.works("with three").await;
    grace.works("with three").await;

    // One less: its links are told, its address refuses it, and the others notice nothing.
    host.reload(&(club.clone() + &choir));
    grace.peer.expect_closed().await.unwrap_or_else(|_| panic!("its link goes on"));
    ada.works("with two").await;
    singer.works("with two").await;
    // Who shares no more answers to every name.
    assert_eq!(name_of(shared, Some("chess.example")).await, "Club");

    // It comes back with its members.
    host.reload(&(club + &chess));
    host.ready("Chess");
    singer.peer.expect_closed().await.unwrap_or_else(|_| panic!("its link goes on"));
    assert!(RawPeer::connect(other).await.is_err(), "its address is still listened on");
    let mut back = RawPeer::connect_to(shared, Some("chess.example")).await.unwrap();
    back.greet().await.unwrap();
    back.login(&grace.uid, &grace.node).await.unwrap();
    ada.works("as in the beginning").await;
    host.process.stop();
}

#[tokio::test]
async fn reload_from_one_to_two_services_keeps_links() {
    let address = free_address();
    let one = format!("[service]\nname = \"Club\"\ndata = \"Club\"\nlisten = \"{address}\"\n");
    let host = Host::start(&one);
    host.process.ready();
    let mut ada = Member::join(address, None, "Ada Lovelace").await;
    host.reload(
        &(service("Club", &address.to_string(), "default = true")
            + &service("Chess", &address.to_string(), "server_names = \"chess.example\"")),
    );
    ada.works("after").await;
    assert_eq!(name_of(address, Some("chess.example")).await, "Chess");
    assert_eq!(name_of(address, None).await, "Club");
    host.process.stop();
}

#[tokio::test]
async fn invalid_file_changes_nothing_and_is_reported_with_its_line() {
    let club = service("Club", "127.0.0.1:0", "");
    let host = Host::start(&(club.clone() + &service("Chess", "127.0.0.1:0", "")));
    let (at_club, at_chess) = (at(host.ready("Club").port), at(host.ready("Chess").port));
    let mut ada = Member::join(at_club, None, "Ada Lovelace").await;
    let mut grace = Member::join(at_chess, None, "Grace Hopper").await;

    for (wrong, told) in [
        ("[[service]]\nname = \"Choir\"\n".to_owned(), "6: service.data: is missing"),
        ("[limits]\nlink_total = 5\n".to_owned(), "7: limits.link_total: there is no such key"),
        ("[[service]\n".to_owned(), "6: this is not TOML"),
    ] {
        host.configure(&(club.clone() + &wrong));
        host.process.signal(Signal::HUP);
        let line = host.process.log_says("not reloaded, nothing has changed");
        let told = told.split_once(": ").unwrap().1;
        assert!(line.contains(told), "{line}");
        ada.works("still here").await;
        grace.works("still here").await;
    }
    fs::remove_file(host.path("tmtpd.toml")).unwrap();
    host.process.signal(Signal::HUP);
    host.process.log_says("tmtpd.toml cannot be read");
    assert_eq!(name_of(at_chess, None).await, "Chess");
    host.process.stop();
}

#[tokio::test]
async fn limits_name_and_addresses_change_with_open_links() {
    let (first, second) = (free_address(), free_address());
    let described = |name: &str, listen: &str, limits: &str| {
        format!("[service]\nname = \"{name}\"\ndata = \"data\"\n{listen}\n[limits]\n{limits}\n")
    };
    let listen = format!("listen = \"{first}\"");
    let host = Host::start(&described("Club", &listen, "links_total = 1"));
    host.process.ready();
    let mut ada = Member::join(first, None, "Ada Lovelace").await;
    assert!(RawPeer::connect(first).await.is_err(), "a second link is let in");

    // A second address, a second link, another name.
    let both = format!("listen = [\"{first}\", \"{second}\"]");
    host.configure(&described("Rowing Club", &both, "links_total = 2"));
    host.process.signal(Signal::HUP);
    host.process.log_says("reload: Rowing Club: name, listen, limits changed");
    host.process.log_says("reloaded");
    assert_eq!(host.process.ready().addresses.len(), 2);
    assert_eq!(name_of(second, None).await, "Rowing Club");
    ada.works("with two addresses").await;

    // The first address goes; the link that came by it stays.
    host.reload(&described("Rowing Club", &format!("listen = \"{second}\""), "links_total = 2"));
    assert!(RawPeer::connect(first).await.is_err(), "the old address is still listened on");
    ada.works("by an address that is gone").await;
    host.process.stop();
}

#[tokio::test]
async fn settings_that_need_a_restart_are_reported_at_each_reload() {
    let described = |cache: &str| {
        format!("[service]\ndata = \"data\"\nlisten = \"127.0.0.1:0\"\n[store]\n{cache}\n")
    };
    let host = Host::start(&described(""));
    host.process.ready();
    for _ in 0..2 {
        host.configure(&described("cache_bytes = \"2 MiB\""));
        host.process.signal(Signal::HUP);
        host.process.log_says("store: changes with the next start of the daemon");
    }
    host.process.stop();
}

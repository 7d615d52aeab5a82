//! Services that call themselves alike, and those that change their names.

use mnm_engine::event::Event;
use mnm_engine::vault::{NewAccount, PingQuery};
use mnm_engine::view::AccountId;

use tmtp::id::Uid;

use crate::cast::{App, BOB, alice};

/// Joins a second service at an address.
fn join(app: &mut App, address: &str, service: &str) -> AccountId {
    let (address, service) = (address.into(), service.into());
    let new = NewAccount { address, service, ..alice() };
    app.vault.add_account(new, 2).unwrap().value.id
}

fn labels(app: &App) -> Vec<String> {
    app.vault.accounts().unwrap().into_iter().map(|account| account.service).collect()
}

#[test]
fn services_with_equal_names_are_distinguished_everywhere() {
    let mut app = App::new();
    let chess = join(&mut app, "=chess.example:1", "Chess Fans");
    assert_eq!(labels(&app), ["Test Service", "Chess Fans"]);

    let change = app.vault.set_greeting(chess, "Test Service", false).unwrap();
    let told = ["Test Service (localhost)", "Test Service (chess.example)"];
    assert_eq!(labels(&app), told);
    // Both are announced: the other is called otherwise, too.
    let announced = change.events.iter().filter_map(|event| match event {
        Event::Account { account } => Some(account.service.as_str()),
        _ => None,
    });
    assert_eq!(announced.collect::<Vec<_>>(), told);
    let account = app.vault.account(chess).unwrap();
    assert_eq!(
        (account.name.as_str(), account.joined_as.as_deref()),
        ("Test Service", Some("Chess Fans"))
    );
    assert_eq!(app.vault.account(app.account).unwrap().joined_as, None);

    // As everything that names a service.
    let own = app.account;
    app.account = chess;
    let ping = app.ping_from(BOB, "Bob Jones");
    let _ = app.vault.receive_ping(chess, &ping).unwrap();
    assert_eq!(app.vault.pings(&PingQuery::default()).unwrap()[0].service, told[1]);
    let letter = app.letter(Uid::SERVICE, "Test Service", "word");
    assert_eq!(app.receive(&letter).from.alias, told[1]);
    app.account = own;

    // The name that it had first is told however often it changes it.
    let _ = app.vault.set_greeting(chess, "Other", false).unwrap();
    assert_eq!(labels(&app), ["Test Service", "Other"]);
    let _ = app.vault.set_greeting(chess, "Test Service", false).unwrap();
    assert_eq!(app.vault.account(chess).unwrap().joined_as.as_deref(), Some("Chess Fans"));
    let app = app.restart();
    assert_eq!(labels(&app), told);
}

#[test]
fn lookalike_names_and_hosts_are_distinguished() {
    for (name, shown) in [
        ("test service", "test service (chess.example)"),
        ("Ｔest\u{a0}Service", "Ｔest\u{a0}Service (chess.example)"),
        ("Test Service (localhost)", "Test Service ‹(›localhost‹)› (chess.example)"),
        ("Test Service （localhost:1）", "Test Service ‹（›localhost:1‹）› (chess.example)"),
        ("=localhost:1", "=localhost:1 (chess.example)"),
        ("localhost", "localhost (chess.example)"),
        ("Test Service #MLLRY444", "Test Service #MLLRY444 (chess.example)"),
    ] {
        let mut app = App::new();
        join(&mut app, "=chess.example:1", name);
        assert_eq!(labels(&app), ["Test Service (localhost)", shown], "{name}");
    }
}

#[test]
fn the_host_stays_visible() {
    let mut app = App::new();
    let name = format!("Test Service{}", " (localhost)".repeat(20));
    join(&mut app, "=chess.example:1", &name);
    let long = format!("={}.chess.example:1", "a.localhost".repeat(20));
    let other = join(&mut app, &long, "Test Service");
    let label = app.vault.account(other).unwrap().service;
    assert!(label.ends_with("localhost.chess.example)") && label.chars().count() < 100, "{label}");
    for label in labels(&app).iter().skip(1) {
        assert!(label.ends_with("chess.example)"), "{label}");
    }
}

#[test]
fn services_on_one_host_are_distinguished_by_port() {
    let mut app = App::new();
    join(&mut app, "=localhost:2", "Test Service");
    assert_eq!(labels(&app), ["Test Service (localhost:1)", "Test Service (localhost:2)"]);
}

#[test]
fn distinct_names_and_accounts_of_one_service_are_unmarked() {
    let mut app = App::new();
    let new = NewAccount { uid: BOB.into(), ..alice() };
    let _ = app.vault.add_account(new, 2).unwrap();
    join(&mut app, "=chess.example:1", "Chess (Berlin)");
    join(&mut app, "=go.example:1", "Chess (Paris)");
    let unnamed = join(&mut app, "=no.example:1", "");
    let expected =
        ["Test Service", "Test Service", "Chess (Berlin)", "Chess (Paris)", "=no.example:1"];
    assert_eq!(labels(&app), expected);
    // To tell a name for the first time is no change.
    let _ = app.vault.set_greeting(unnamed, "Nobody", false).unwrap();
    assert_eq!(app.vault.account(unnamed).unwrap().joined_as, None);
    assert_eq!(labels(&app)[4], "Nobody");
}

#[test]
fn the_host_suffix_goes_with_the_other_account() {
    let mut app = App::new();
    let other = join(&mut app, "=chess.example:1", "Test Service");
    let change = app.vault.begin_removal(other).unwrap();
    let told = change.events.iter().any(
        |event| matches!(event, Event::Account { account } if account.service == "Test Service"),
    );
    assert!(told, "{:?}", change.events);
    assert_eq!(labels(&app), ["Test Service"]);
}

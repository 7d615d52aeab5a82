//! Services that call themselves alike, at the command line.

use tmtp_testkit::process::{AppProcess, ServiceProcess};

/// A service that calls itself so from its next greeting on, which is the first.
fn serve(name: &str) -> ServiceProcess {
    let mut service = ServiceProcess::start_plain().unwrap();
    rename(&mut service, name);
    service
}

fn rename(service: &mut ServiceProcess, name: &str) {
    service.sigterm().unwrap();
    service.rename(name).unwrap();
}

#[test]
fn services_with_equal_names_are_distinguished() {
    let (club, mut chess) = (serve("club"), serve("Chess Fans"));
    let app = AppProcess::new().unwrap();
    app.ok(&["join", club.invitation(), "--alias", "Ada Lindqvist"]).unwrap();
    app.ok(&["join", chess.invitation(), "--alias", "Ada Lindqvist"]).unwrap();
    assert!(!app.ok(&["status"]).unwrap().contains("(127"));
    app.ok(&["--account", "Chess Fans", "account"]).unwrap();

    rename(&mut chess, "club");
    app.ok(&["--account", "2", "account"]).unwrap();
    let labels = [&club, &chess].map(|service| format!("club ({})", service.address()));
    let status = app.ok(&["status"]).unwrap();
    assert!(labels.iter().all(|label| status.contains(label)), "{status}");
    assert!(status.contains("Account 2: it calls itself club now, and was Chess Fans"), "{status}");
    let account = app.ok(&["--account", "2", "account"]).unwrap();
    assert!(account.contains(&labels[1]) && account.contains("was Chess Fans"), "{account}");
    let state = app.json(&["status"]).unwrap();
    for (account, label) in state["accounts"].as_array().unwrap().iter().zip(&labels) {
        assert_eq!(
            (&account["service"], &account["name"]),
            (&label.as_str().into(), &"club".into())
        );
    }

    // Whoever pings and writes there is shown with it.
    let bert = AppProcess::new().unwrap();
    bert.ok(&["join", chess.invitation(), "--alias", "Bert Bruch"]).unwrap();
    bert.ok(&["ping", "Ada Lindqvist", "Hello"]).unwrap();
    let pings = app.ok(&["pings"]).unwrap();
    assert!(pings.contains(&labels[1]), "{pings}");
    app.ok(&["accept", "1"]).unwrap();
    bert.ok(&["inbox"]).unwrap();
    bert.ok(&["send", "--to", "Ada Lindqvist", "--subject", "Bank details", "Pay here"]).unwrap();
    for told in [app.ok(&["inbox"]).unwrap(), app.ok(&["read", "1"]).unwrap()] {
        assert!(told.contains(&labels[1]) && !told.contains(&labels[0]), "{told}");
    }
    let found = app.ok(&["search", "Bank"]).unwrap();
    assert!(found.contains(&labels[1]), "{found}");

    // The name alone is neither's any more.
    let refused = app.run(&["--account", "club", "account"]).unwrap();
    assert!(labels.iter().all(|label| refused.stderr.contains(label)), "{refused:?}");
    let address = chess.invitation().split_once('#').unwrap().0;
    for wanted in ["2", &labels[1], address] {
        let account = app.ok(&["--account", wanted, "account"]).unwrap();
        assert!(account.contains(&labels[1]), "{wanted}: {account}");
    }
}

#[test]
fn accounts_are_chosen_by_number_or_address() {
    let club = serve("club");
    let address = club.invitation().split_once('#').unwrap().0;
    let app = AppProcess::new().unwrap();
    app.ok(&["join", club.invitation(), "--alias", "Ada Lindqvist"]).unwrap();
    let others = ["1", "7", address].map(serve);
    for other in &others {
        app.ok(&["join", other.invitation(), "--alias", "Ada Lindqvist"]).unwrap();
    }
    for wanted in ["1", address, "club"] {
        let account = app.ok(&["--account", wanted, "account"]).unwrap();
        assert!(account.contains(club.invitation()), "{wanted}: {account}");
    }
    let refused = app.run(&["--account", "7", "account"]).unwrap();
    assert!(refused.stderr.contains("No account is called that"), "{refused:?}");
}

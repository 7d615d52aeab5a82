//! An account at the command line: its service moves, gets another certificate, and is left.

use tmtp_testkit::process::{AppProcess, ServiceProcess};

#[test]
fn an_account_moves_with_its_service_and_is_removed_after_confirmation() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let app = AppProcess::new().unwrap();
    app.ok(&["join", service.invitation(), "--alias", "Ada Lindqvist"]).unwrap();
    let told = app.ok(&["account"]).unwrap();
    assert!(told.contains(service.invitation()), "the whole address, to hand on: {told}");

    // It moves, with its certificate.
    service.sigterm().unwrap();
    service.restart_elsewhere().unwrap();
    let new = service.handed_out_address().to_owned();
    let again = app.run(&["join", &new, "--alias", "Ada Lindqvist", "--json"]).unwrap();
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert!(again.stdout.contains("known_service"), "{again:?}");
    app.ok(&["account", "--address", &new]).unwrap();
    assert!(app.ok(&["status"]).unwrap().contains("online"));

    // It has another certificate: both are shown, and only the whole of the new one is taken.
    let known = service.fingerprint().to_owned();
    service.sigterm().unwrap();
    std::fs::remove_dir_all(service.data_dir().join("tls")).unwrap();
    service.restart().unwrap();
    let seen = service.fingerprint().to_owned();
    let told = app.ok(&["account"]).unwrap().replace(':', "").to_lowercase();
    assert!(told.contains(&known) && told.contains(&seen), "{told}");
    let wrong = app.run(&["account", "--trust", &known]).unwrap();
    assert_eq!(wrong.status.code(), Some(6), "{wrong:?}");
    let short = app.run(&["account", "--trust", &seen[..20]]).unwrap();
    assert_eq!(short.status.code(), Some(1), "{short:?}");
    app.ok(&["account", "--trust", &seen]).unwrap();
    assert!(app.ok(&["status"]).unwrap().contains("online"));

    // It has lost all that it knew: who joins anew is told how, and what becomes of the old account.
    service.sigterm().unwrap();
    for entry in std::fs::read_dir(service.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with("tls") => {}
            true => std::fs::remove_dir_all(path).unwrap(),
            false => std::fs::remove_file(path).unwrap(),
        }
    }
    service.restart().unwrap();
    let address = service.handed_out_address().to_owned();
    let anew = ["join", &address, "--alias", "Ada Lindqvist"];
    let told = app.run(&["inbox"]).unwrap().stderr;
    assert!(told.contains("does not know this device"), "{told}");
    let told = app.run(&anew).unwrap().stderr;
    assert!(told.contains("has lost it") && told.contains("--another"), "{told}");
    app.ok(&[&anew[..], &["--another"]].concat()).unwrap();
    app.ok(&["account", "--account", "2", "--remove", "--yes"]).unwrap();

    // Nothing goes without a last word on what is lost.
    let asked = app.run(&["account", "--remove"]).unwrap();
    assert_eq!(asked.status.code(), Some(2), "{asked:?}");
    assert!(asked.stderr.contains("0 letters") && asked.stderr.contains("--yes"), "{asked:?}");
    assert_eq!(app.json(&["status"]).unwrap()["accounts"].as_array().unwrap().len(), 1);
    app.ok(&["account", "--remove", "--yes"]).unwrap();
    assert_eq!(app.json(&["status"]).unwrap()["accounts"].as_array().unwrap().len(), 0);
}

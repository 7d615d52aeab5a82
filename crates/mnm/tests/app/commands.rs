//! Commands with and without a running app, on homes with no account: exit codes, documents, and
//! how the two find each other.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tmtp_testkit::process::AppProcess;

fn mnm(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mnm"))
        .arg("--home")
        .arg(home)
        .args(arguments)
        .env_remove("MNM_HOME")
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// Makes a store, by a join that reaches nobody.
fn store(home: &Path) {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("={}", unused.local_addr().unwrap());
    drop(unused);
    assert_eq!(code(&mnm(home, &["join", &address, "--alias", "Ada Lindqvist"])), 6);
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn exit_codes_tell_what_happened() {
    let home = tempfile::tempdir().unwrap();
    let rows: &[(i32, &[&str])] = &[
        (0, &["--help"]),
        (0, &["--version"]),
        (3, &["status"]),
        (3, &["inbox", "--offline"]),
        (2, &["no-such-command"]),
        (2, &["join"]),
        (2, &["join", "=host:1"]),
        (2, &["join", "=host:1", "--alias", "somebody", "--device-code", "x"]),
        (2, &["accept", "one"]),
        (2, &["send", "--subject", "no recipient", "text"]),
        (2, &["--no-open", "status"]),
        (3, &["read", "99"]),
        (3, &["reply", "99", "text"]),
        (3, &["save", "99", "file"]),
        (3, &["ignore", "99"]),
        (3, &["ping", "somebody", "hello"]),
        (3, &["send", "--to", "somebody", "--subject", "no account", "text"]),
        (3, &["--account", "Nowhere", "inbox", "--offline"]),
        (3, &["url"]),
        (3, &["stop"]),
    ];
    for (expected, arguments) in rows {
        let output = mnm(home.path(), arguments);
        assert_eq!(code(&output), *expected, "{arguments:?}: {output:?}");
    }
}

#[test]
fn usage_errors_are_a_sentence_that_names_the_help() {
    let home = tempfile::tempdir().unwrap();
    let rows: &[(&[&str], &str)] = &[
        (
            &["inbox", "--unred"],
            "`mnm inbox` does not take --unred. Did you mean --unread? All that it takes: mnm inbox --help",
        ),
        (&["read", "1", "2"], "`mnm read` does not take 2. All that it takes: mnm read --help"),
        (&["inbx"], "There is no command inbx. Did you mean "),
        (&["devices", "new"], "There is no command new. All commands: mnm devices --help"),
        (&["tag"], "`mnm tag` needs <NAME>, <THREADS>.... "),
        (
            &["accept", "one"],
            "<N> can't be one: a number is expected, as the list shows it. All that it takes: mnm accept",
        ),
        (
            &["notify", "some"],
            "[LEVEL] can't be some. It is one of: all, mentions, none, default. ",
        ),
        (&["send", "--to"], "--to <ALIAS,…> needs a value. All that it takes: mnm send --help"),
        (&["account", "--remove", "--trust", "x"], "--remove does not go together with --trust"),
    ];
    for (arguments, said) in rows {
        let output = mnm(home.path(), arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((code(&output), told.lines().count()), (2, 1), "{arguments:?}: {told}");
        assert!(told.starts_with(&format!("mnm: {said}")), "{arguments:?}: {told}");
        let output = mnm(home.path(), &[&["--json"], *arguments].concat());
        let error = &document(&output)["error"];
        assert_eq!((code(&output), &error["code"]), (2, &"usage".into()), "{output:?}");
        assert!(error["message"].as_str().unwrap().starts_with(said), "{error}");
        assert!(output.stderr.is_empty(), "{output:?}");
    }
    // Here it is a text, not an option.
    let text = mnm(home.path(), &["send", "--nope", "--", "--json"]);
    assert!(text.stdout.is_empty() && code(&text) == 2, "{text:?}");
}

#[test]
#[cfg(unix)]
fn only_starting_commands_create_a_store_in_an_empty_directory() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let desk = tempfile::tempdir().unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = |name: &str| {
        let path = desk.path().join(name);
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    };
    let names = |path: &Path| std::fs::read_dir(path).unwrap().count();
    let (absent, empty, full) = (desk.path().join("absent"), folder("empty"), folder("full"));
    std::fs::write(full.join("letter.txt"), "mine").unwrap();
    for reading in [&["status"][..], &["inbox"], &["search", "words"], &["account"], &["stop"]] {
        for home in [&absent, &empty, &full] {
            let output = mnm(home, reading);
            assert_eq!(code(&output), 3, "{reading:?}: {output:?}");
        }
    }
    assert!(!absent.exists());
    assert_eq!((names(&empty), names(&full), mode(&empty), mode(&full)), (0, 1, 0o755, 0o755));

    // What begins refuses a folder of somebody else's, in words.
    for beginning in [&["join", "=127.0.0.1:1", "--alias", "Ada Lindqvist"][..], &["--no-open"]] {
        let output = mnm(&full, beginning);
        assert_eq!(code(&output), 1, "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("no store of mnm"), "{output:?}");
    }
    assert_eq!((names(&full), mode(&full)), (1, 0o755));
    // What a link leads to keeps its mode; a folder of our own is closed.
    let link = desk.path().join("link");
    symlink(&empty, &link).unwrap();
    store(&link);
    assert_eq!(mode(&empty), 0o755);
    assert_eq!(mode(&empty.join("vault.key")), 0o600);
    store(&absent);
    assert_eq!(mode(&absent), 0o700);
}

#[test]
fn help_lists_every_exit_code() {
    let home = tempfile::tempdir().unwrap();
    let help = String::from_utf8(mnm(home.path(), &["--help"]).stdout).unwrap();
    for code in 0..=7 {
        assert!(help.contains(&format!("\n  {code}  ")), "{code} is missing in {help}");
    }
}

#[test]
fn a_service_that_is_not_there_is_a_network_failure() {
    // A port that was just free, and that nobody takes from this test.
    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("={}", unused.local_addr().unwrap());
    drop(unused);
    let home = tempfile::tempdir().unwrap();
    let output = mnm(home.path(), &["--json", "join", &address, "--alias", "Ada Lindqvist"]);
    assert_eq!(code(&output), 6, "{output:?}");
    assert_eq!(document(&output)["error"]["code"], "offline");
}

#[test]
fn json_is_one_document_also_for_failures() {
    let home = tempfile::tempdir().unwrap();
    store(home.path());
    assert_eq!(
        document(&mnm(home.path(), &["status", "--json"]))["accounts"],
        Value::Array(vec![])
    );
    for list in ["inbox", "pings", "contacts", "groups", "drafts", "devices"] {
        let output = mnm(home.path(), &[list, "--offline", "--json"]);
        assert_eq!(document(&output), Value::Array(vec![]), "{list}");
    }
    let failed = mnm(home.path(), &["read", "99", "--json"]);
    assert_eq!(document(&failed)["error"]["code"], "not_found");
    assert!(failed.stderr.is_empty());
    let told = mnm(home.path(), &["read", "99"]);
    assert!(told.stdout.is_empty());
    assert!(told.stderr.starts_with(b"mnm: "), "{told:?}");
}

#[test]
fn commands_find_the_running_app() {
    let mut app = AppProcess::new().unwrap();
    let first = app.start().unwrap().to_owned();
    assert!(app.ok(&["status"]).unwrap().contains("The app is running."));

    // A second start opens the first one's pages by a fresh address, and ends.
    let again = app.ok(&["--no-open"]).unwrap();
    let again = again.trim().strip_prefix("open: ").unwrap();
    assert_ne!(again, first);
    assert_eq!(again.split('?').next(), first.split('?').next());
    let url = app.json(&["url"]).unwrap();
    assert!(url["url"].as_str().unwrap().contains("/?token="));

    assert_eq!(app.json(&["stop"]).unwrap()["stopped"], true);
    assert!(app.ok(&["status"]).unwrap().contains("The app is not running"));
}

#[test]
#[cfg(unix)]
fn only_the_owner_can_read_what_the_app_leaves() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut app = AppProcess::new().unwrap();
    app.start().unwrap();
    for entry in std::fs::read_dir(app.home()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", entry.path().display());
    }
}

#[test]
fn leftovers_of_a_crash_are_no_obstacle() {
    let mut app = AppProcess::new().unwrap();
    app.start().unwrap();
    app.kill9().unwrap();
    assert!(app.home().join("app.json").exists());
    assert!(app.ok(&["status"]).unwrap().contains("The app is not running"));
    app.start().unwrap();
    assert!(app.ok(&["status"]).unwrap().contains("The app is running."));
}

#[test]
fn another_program_on_the_announced_port_learns_nothing() {
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port();
    let home = tempfile::tempdir().unwrap();
    store(home.path());
    let token = "c3RhbGUgdG9rZW4gb2YgYW4gYXBwIHRoYXQgaXMgZ28";
    let app = format!(r#"{{"port":{port},"token":"{token}","pid":1}}"#);
    std::fs::write(home.path().join("app.json"), app).unwrap();

    let listening = std::thread::spawn(move || {
        let (mut stream, _) = stranger.accept().unwrap();
        let mut heard = vec![0; 4096];
        let length = stream.read(&mut heard).unwrap();
        let proof = "A".repeat(43);
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 43\r\n\r\n{proof}");
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&heard[..length]).into_owned()
    });
    let output = mnm(home.path(), &["search", "secret words"]);
    assert_eq!(code(&output), 0, "{output:?}");
    let heard = listening.join().unwrap();
    assert!(heard.starts_with("GET /api/hello "), "{heard}");
    assert!(!heard.contains(token) && !heard.contains("secret"), "{heard}");
}

#[test]
fn a_damaged_announcement_is_ignored() {
    for damaged in ["", "{", r#"{"port":70000}"#, r#"{"port":1,"token":"short","pid":1}"#] {
        let home = tempfile::tempdir().unwrap();
        store(home.path());
        std::fs::write(home.path().join("app.json"), damaged).unwrap();
        assert_eq!(code(&mnm(home.path(), &["status"])), 0, "{damaged:?}");
    }
}

#[test]
fn an_app_of_another_version_is_reported_and_can_be_stopped() {
    let mut app = AppProcess::new().unwrap();
    app.start().unwrap();
    let announced = app.home().join("app.json");
    let mut document: Value = serde_json::from_slice(&std::fs::read(&announced).unwrap()).unwrap();
    for (version, told) in [(Some("0.3.7"), "is 0.3.7"), (None, "is older than 0.2.0")] {
        document.as_object_mut().unwrap().remove("version");
        if let Some(version) = version {
            document["version"] = version.into();
        }
        std::fs::write(&announced, document.to_string()).unwrap();
        for command in [&["inbox"][..], &["url"], &[]] {
            let output = mnm(&app.home(), command);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(code(&output), 1, "{said}");
            assert!(said.contains(told) && said.contains("mnm stop"), "{said}");
        }
    }
    assert_eq!(code(&mnm(&app.home(), &["stop"])), 0);
    assert_eq!(code(&mnm(&app.home(), &["status"])), 0);
}

#[test]
fn a_copied_home_is_not_the_running_one() {
    let mut app = AppProcess::new().unwrap();
    app.start().unwrap();
    let copy = tempfile::tempdir().unwrap();
    store(copy.path());
    std::fs::copy(app.home().join("app.json"), copy.path().join("app.json")).unwrap();
    let output = mnm(copy.path(), &["status"]);
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("The app is not running"),
        "{output:?}"
    );
    assert_ne!(code(&mnm(copy.path(), &["stop"])), 0);
    assert!(app.ok(&["status"]).unwrap().contains("The app is running."));
}

#[test]
fn a_locked_home_that_does_not_answer_is_reported() {
    let mut app = AppProcess::new().unwrap();
    app.start().unwrap();
    std::fs::remove_file(app.home().join("app.json")).unwrap();
    let output = mnm(&app.home(), &["status", "--json"]);
    assert_eq!(code(&output), 5, "{output:?}");
    assert_eq!(document(&output)["error"]["code"], "in_use");
}

#[test]
fn a_taken_port_is_a_clear_failure() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let home = tempfile::tempdir().unwrap();
    let output = mnm(home.path(), &["--no-open", "--port", &port]);
    assert_eq!(code(&output), 1);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains(&format!("Can't listen on port {port}")), "{told}");
}

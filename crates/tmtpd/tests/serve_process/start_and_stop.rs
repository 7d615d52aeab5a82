//! Tests of start and stop: first start, restart, two at once, and what is refused before anything is written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;
use tempfile::tempdir;

use crate::process::{Process, Ready, refused, serve};
use crate::tls;

fn started(data: &Path, more: &[&str]) -> (Process, Ready) {
    let data = data.to_str().expect("a path in UTF-8");
    let process =
        Process::start(serve(&[&["--data", data, "--listen", "127.0.0.1:0"], more].concat()));
    let ready = process.ready();
    (process, ready)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it exists").permissions().mode() & 0o777
}

#[test]
fn first_start_makes_private_files() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("deep/below/data");
    let (process, ready) = started(&data, &[]);

    assert_eq!(ready.addresses.len(), 1);
    let address = &ready.addresses[0];
    assert_eq!((address.kind, address.host.as_str()), ('=', "127.0.0.1"));
    assert_ne!(address.port, 0);
    let fingerprint = ready.fingerprint();
    assert!(fingerprint.len() == 64 && fingerprint.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(fingerprint, fingerprint.to_lowercase());
    let shown = ready.note.strip_prefix("(certificate sha256 ").expect("the note");
    assert_eq!(shown.trim_end_matches(')').replace(':', "").to_lowercase(), fingerprint);

    for made in ["deep", "deep/below", "deep/below/data", "deep/below/data/tls"] {
        assert_eq!(mode(&folder.path().join(made)), 0o700, "{made}");
    }
    for made in ["tls/cert.pem", "tls/key.pem"] {
        assert_eq!(mode(&data.join(made)), 0o600, "{made}");
    }
    process.stop();
}

#[test]
fn address_in_use_leaves_no_folder() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = refused(&["--data", data.to_str().unwrap(), "--listen", &address]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains(&address), "{}", ended.stderr);
    assert!(!data.exists());
}

#[test]
fn existing_folder_is_closed_if_it_holds_only_the_services_files() {
    let folder = tempdir().unwrap();
    let open = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let own = open("own");
    started(&own, &[]).0.stop();
    assert_eq!(mode(&own), 0o700);
    // And one of a service that was here before, however it came to be open.
    fs::set_permissions(&own, fs::Permissions::from_mode(0o777)).unwrap();
    started(&own, &[]).0.stop();
    assert_eq!(mode(&own), 0o700);

    let others = open("others");
    fs::write(others.join("letter.txt"), "a letter").unwrap();
    let target = open("target");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    for (named, is) in [(&others, &others), (&link, &target)] {
        let ended = refused(&["--data", named.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains("was not touched"), "{}", ended.stderr);
        assert_eq!(mode(is), 0o755);
        let files = fs::read_dir(is).unwrap().count();
        assert_eq!(files, usize::from(is == &others), "nothing was left behind");
    }
}

#[test]
fn restart_keeps_the_certificate() {
    let folder = tempdir().unwrap();
    let (process, first) = started(folder.path(), &[]);
    process.stop();
    let key = fs::read(folder.path().join("tls/key.pem")).unwrap();
    let (process, second) = started(folder.path(), &["--name", "Another name"]);
    assert_eq!(first.fingerprint(), second.fingerprint());
    assert_eq!(fs::read(folder.path().join("tls/key.pem")).unwrap(), key);
    process.stop();
}

#[test]
fn second_service_on_the_same_data_is_refused() {
    let folder = tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let (process, first) = started(folder.path(), &[]);

    let ended = refused(&["--data", data, "--listen", "127.0.0.1:0"]);
    assert_eq!(ended.code, Some(3));
    assert_eq!(ended.stdout, "");
    let told = ended.stderr.lines().last().unwrap_or_default();
    assert!(told.starts_with(&format!("tmtpd: {data} is in use by another")), "{told}");

    // Also when it is killed: what holds the folder dies with it.
    process.signal(Signal::KILL);
    assert_eq!(process.end().code, None);
    let (process, second) = started(folder.path(), &[]);
    assert_eq!(first.fingerprint(), second.fingerprint());
    process.stop();
}

#[test]
fn sigterm_and_sigint_stop_in_order_and_close_links() {
    for signal in [Signal::TERM, Signal::INT] {
        let folder = tempdir().unwrap();
        let (process, ready) = started(folder.path(), &[]);
        let mut link = tls::connect(ready.socket(), &ready.fingerprint()).unwrap();
        process.signal(signal);
        tls::closed(&mut link);
        let ended = process.end();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert_eq!(ended.stdout, "", "one line on stdout is all");
        let gone = tls::connect(ready.socket(), &ready.fingerprint());
        assert!(gone.is_err(), "it still listens");
    }
}

#[test]
fn wildcard_address_is_shown_with_the_machines_name() {
    let folder = tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let process = Process::start(serve(&["--data", data, "--listen", "0.0.0.0:0"]));
    let ready = process.ready();
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    assert_eq!(ready.addresses[0].host, name);
    assert!(
        ready.note.ends_with("; listening on every address, shown by the name of this machine)")
    );
    let here = ([127, 0, 0, 1], ready.addresses[0].port).into();
    tls::connect(here, &ready.fingerprint()).unwrap();
    process.stop();
}

#[test]
fn service_listens_on_every_configured_address() {
    let folder = tempdir().unwrap();
    let (process, ready) = started(folder.path(), &["--listen", "127.0.0.2:0"]);
    assert_eq!(ready.addresses.len(), 2);
    assert_eq!(ready.addresses[1].host, "127.0.0.2");
    for address in &ready.addresses {
        assert_eq!(address.fingerprint, Some(ready.fingerprint()));
        tls::connect(address.socket(), &ready.fingerprint()).unwrap();
    }
    process.stop();
}

#[test]
fn port_in_use_prints_no_ready_line() {
    let folder = tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = folder.path().join("data");
    let ended = refused(&["--data", data.to_str().unwrap(), "--listen", &address]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.stdout, "");
    let told = ended.stderr.lines().last().unwrap_or_default();
    let expected = format!(
        "tmtpd: cannot listen on {address}, since another program does: stop it, \
         or choose another port: Address already in use (os error 98)"
    );
    assert_eq!(told, expected);
}

#[test]
fn configuration_error_stops_before_any_write() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tmtpd.toml");
    fs::write(
        &file,
        "[service]\ndata = \"data\"\nlisten = \"127.0.0.1:0\"\n[log]\nlevle = \"info\"",
    )
    .unwrap();
    let path = file.to_str().unwrap();
    let ended = refused(&["--config", path]);
    assert_eq!(ended.code, Some(2));
    let told = format!(
        "tmtpd: {path}:5: log.levle: there is no such key; did you mean \"level\"? \
         Allowed in [log]: format, level\n"
    );
    assert_eq!((ended.stdout.as_str(), ended.stderr), ("", told));
    assert!(!folder.path().join("data").exists());

    fs::write(&file, "[service]\ndata = \"data\"\nlisten = \"127.0.0.1:0\"").unwrap();
    let process = Process::start(serve(&["--config", path]));
    process.ready();
    assert!(folder.path().join("data/tls/key.pem").exists(), "data stands beside the file");
    process.stop();
}

#[test]
fn command_line_error_stops_before_any_write() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["--listen", "127.0.0.1:0"], "no data folder was named; give --data DIR"),
        (&["--data", data, "--listen", "nowhere"], "\"nowhere\" is not HOST:PORT, such as"),
        (&["--data", data, "--cert", "c.pem"], "--key <FILE>"),
        (&["--data", data, "--name", ""], "expected a text of 1 to 100 characters"),
        (&["--data", data, "--log-level", "loud"], "[possible values: error, warn, info, debug"),
        (&["--data", data, "--colour"], "unexpected argument '--colour'"),
    ];
    for (arguments, told) in cases {
        let ended = refused(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}");
        assert!(ended.stderr.contains(told), "{arguments:?}: {}", ended.stderr);
        assert!(!Path::new(data).exists(), "{arguments:?}");
    }
}

#[test]
fn file_in_place_of_the_data_folder_is_reported() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    let ended = refused(&["--data", file.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!(ended.code, Some(1));
    let told = format!("tmtpd: the data folder {} cannot be made: ", file.display());
    assert!(ended.stderr.starts_with(&told), "{}", ended.stderr);
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
fn json_log_is_one_object_per_line() {
    let folder = tempdir().unwrap();
    let (process, _) = started(folder.path(), &["--log-format", "json", "--log-level", "debug"]);
    process.signal(Signal::TERM);
    let ended = process.end();
    assert!(ended.stderr.lines().count() > 0, "it says nothing");
    for line in ended.stderr.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
}

#[test]
fn help_lists_the_exit_codes() {
    let ended = refused(&["--help"]);
    assert_eq!(ended.code, Some(0));
    for code in 0..=5 {
        assert!(ended.stdout.contains(&format!("\n  {code}  ")), "{}", ended.stdout);
    }
}

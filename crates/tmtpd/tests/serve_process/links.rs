//! Tests of connection limits, for peers that are too many, too slow, or come in a bad moment.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::time::Instant;

use tempfile::{TempDir, tempdir};

use crate::process::{PATIENCE, Process, Ready, serve};
use crate::tls;

/// A service with `limits`, whose log is read at level debug.
fn limited(limits: &str) -> (TempDir, Process, Ready) {
    let folder = tempdir().unwrap();
    let process = Process::start(limited_command(&folder, limits));
    let ready = process.ready();
    (folder, process, ready)
}

fn limited_command(folder: &TempDir, limits: &str) -> Command {
    let file = folder.path().join("tmtpd.toml");
    let text =
        format!("[service]\ndata = \"data\"\nlisten = \"127.0.0.1:0\"\n[limits]\n{limits}\n");
    fs::write(&file, text).unwrap();
    serve(&["--config", file.to_str().unwrap(), "--log-level", "debug"])
}

fn plain(ready: &Ready) -> TcpStream {
    let stream = TcpStream::connect(ready.socket()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Connects until it works: what ended a link may still be under way in the service.
fn connect_in_the_end(ready: &Ready) -> tls::Link {
    let started = Instant::now();
    loop {
        match tls::connect(ready.socket(), &ready.fingerprint()) {
            Ok(link) => return link,
            Err(error) => assert!(started.elapsed() < PATIENCE, "not admitted: {error}"),
        }
    }
}

#[test]
fn link_without_handshake_is_closed_at_the_login_timeout() {
    let (_folder, process, ready) = limited("login_timeout_s = 1");
    let mut silent = plain(&ready);
    let mut halfway = plain(&ready);
    // The start of a TLS record that never goes on.
    halfway.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    tls::closed(&mut silent);
    tls::closed(&mut halfway);
    process.stop();
}

#[test]
fn silent_link_is_closed_at_the_login_timeout() {
    let (_folder, process, ready) = limited("login_timeout_s = 1");
    let mut link = tls::connect(ready.socket(), &ready.fingerprint()).unwrap();
    tls::closed(&mut link);
    process.stop();
}

#[test]
fn link_of_another_protocol_is_closed() {
    let (_folder, process, ready) = limited("");
    let mut stream = plain(&ready);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").unwrap();
    tls::closed(&mut stream);
    process.log_says("no TLS handshake");
    process.stop();
}

#[test]
fn links_over_the_total_limit_are_closed() {
    let (_folder, process, ready) = limited("links_total = 1");
    let link = tls::connect(ready.socket(), &ready.fingerprint()).unwrap();
    tls::closed(&mut plain(&ready));
    process.log_says("link refused: there are limits.links_total links already");
    tls::close(link);
    connect_in_the_end(&ready);
    process.stop();
}

#[test]
fn links_over_the_address_limit_are_closed() {
    let (_folder, process, ready) = limited("links_per_address = 2");
    let first = tls::connect(ready.socket(), &ready.fingerprint()).unwrap();
    let _second = tls::connect(ready.socket(), &ready.fingerprint()).unwrap();
    tls::closed(&mut plain(&ready));
    process.log_says("link refused: its address has limits.links_per_address links already");
    tls::close(first);
    connect_in_the_end(&ready);
    process.stop();
}

#[test]
fn links_over_the_login_limit_wait_for_a_slot() {
    let (_folder, process, ready) = limited("unauthenticated_links = 1\nlogin_timeout_s = 1");
    for from in [[127, 0, 0, 1], [127, 0, 0, 2]] {
        let mut silent = connect_in_the_end(&ready);
        // It is let in only once the silent one is closed, wherever it comes from.
        tls::connect_from(from.into(), ready.socket(), &ready.fingerprint()).unwrap();
        silent.sock.set_nonblocking(true).unwrap();
        tls::closed(&mut silent);
    }
    process.stop();
}

#[test]
fn one_address_cannot_take_all_login_slots() {
    let (_folder, process, ready) = limited("unauthenticated_links = 2\nlogin_timeout_s = 60");
    let _silent: Vec<_> = (0..4).map(|_| plain(&ready)).collect();
    // Far sooner than the silent ones are closed.
    tls::connect_from([127, 0, 0, 2].into(), ready.socket(), &ready.fingerprint()).unwrap();
    process.stop();
}

#[test]
fn service_survives_running_out_of_file_descriptors() {
    let folder = tempdir().unwrap();
    let program = limited_command(&folder, "");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""]);
    command.arg(program.get_program()).args(program.get_args());
    let process = Process::start(command);
    let ready = process.ready();
    process.log_says("the system allows fewer open files than links_total");

    let many: Vec<_> = (0..80).map(|_| plain(&ready)).collect();
    process.log_says("cannot accept links for now; open ones are not affected");
    drop(many);
    connect_in_the_end(&ready);
    process.stop();
}

//! Tests of the administrator's socket: who may use it, and what is refused on it.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::tempdir;
use tmtp_testkit::process::ServiceProcess;

use crate::tool::{ended, printed, rows, tmtpd};

/// The last line of the answer to `request`.
fn last_line(data: &Path, request: &[u8]) -> Value {
    let mut stream = UnixStream::connect(data.join("control.sock")).unwrap();
    // It may have been refused before all of it was read.
    let _ = stream.write_all(request);
    let last = BufReader::new(stream).lines().map_while(Result::ok).last().unwrap();
    serde_json::from_str(&last).unwrap()
}

#[test]
fn admin_socket_is_private_and_removed_with_the_service() {
    let mut service = ServiceProcess::start().unwrap();
    let socket = service.data_dir().join("control.sock");
    let found = fs::symlink_metadata(&socket).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
    assert!(service.sigterm().unwrap().success());
    assert!(!socket.exists());
}

#[test]
fn stale_admin_socket_is_replaced() {
    let mut service = ServiceProcess::start().unwrap();
    service.kill9().unwrap();
    assert!(service.data_dir().join("control.sock").exists());
    let refused = ended(&mut tmtpd("status", &service.data_dir()));
    assert_eq!(refused.code, Some(5), "{refused:?}");
    service.restart().unwrap();
    printed("status", &service.data_dir());
}

#[test]
fn file_in_place_of_the_admin_socket_is_left_alone() {
    let mut service = ServiceProcess::start().unwrap();
    assert!(service.sigterm().unwrap().success());
    let socket = service.data_dir().join("control.sock");
    fs::write(&socket, "mine").unwrap();
    service.restart().unwrap();
    assert!(service.sigterm().unwrap().success());
    assert_eq!(fs::read(&socket).unwrap(), b"mine");
    let log = fs::read_to_string(service.log_file()).unwrap();
    assert!(log.contains("no commands can ask this service"), "{log}");
}

#[test]
fn data_folder_with_a_long_path_works() {
    let folder = tempdir().unwrap();
    let deep = folder.path().join("a-folder-with-a-long-name/".repeat(10));
    let service = ServiceProcess::start_with("", &[]).unwrap();
    drop(service);
    let mut command = tmtpd("serve", &deep);
    let mut child = command
        .args(["--listen", "127.0.0.1:0"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
    let status = rows("status", &deep, &[]).remove(0);
    assert_eq!(status["data"], deep.to_str().unwrap());
    printed("shutdown", &deep);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn other_user_is_refused_despite_open_modes() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not tried: only root can become another user");
        return;
    }
    let service = ServiceProcess::start().unwrap();
    let data = service.data_dir();
    // The program as well must be reachable for the other user.
    let folder = tempdir().unwrap();
    let program = folder.path().join("tmtpd");
    fs::copy(env!("CARGO_BIN_EXE_tmtpd"), &program).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let nobody = || {
        let mut command = std::process::Command::new(&program);
        ended(command.args(["status", "--data"]).arg(&data).uid(65_534).gid(65_534))
    };

    let refused = nobody();
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("belongs to another user"), "{refused:?}");

    fs::set_permissions(data.parent().unwrap(), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(data.join("control.sock"), Permissions::from_mode(0o666)).unwrap();
    let refused = nobody();
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert!(refused.stderr.contains("only root and the user that"), "{refused:?}");
}

#[test]
fn invalid_admin_requests_are_answered_with_errors() {
    let service = ServiceProcess::start().unwrap();
    let data = service.data_dir();
    let cases: [(&[u8], &str); 7] = [
        (b"\n", "cannot be understood"),
        (b"\xff\xfe\n", "cannot be understood"),
        (b"{\"cmd\":\"status\"}\n", "cannot be understood"),
        (b"{\"v\":2,\"cmd\":\"status\"}\n", "speaks version 2"),
        (b"{\"v\":1,\"cmd\":\"explode\"}\n", "does not know this request"),
        (b"{\"v\":1}\n", "does not know this request"),
        (&[b'['; 100_000], "one line of at most"),
    ];
    for (request, told) in cases {
        let last = last_line(&data, request);
        assert_eq!(last["failed"]["kind"], "wrong", "{last}");
        let message = last["failed"]["message"].as_str().unwrap();
        assert!(message.contains(told), "{last}");
    }
    printed("status", &data);
}

#[test]
fn silent_admin_connections_do_not_block_others() {
    let service = ServiceProcess::start().unwrap();
    let path = service.data_dir().join("control.sock");
    let silent: Vec<_> = (0..15).map(|_| UnixStream::connect(&path).unwrap()).collect();
    printed("status", &service.data_dir());
    // More than that wait for a place, which one who goes makes.
    let more: Vec<_> = (0..10).map(|_| UnixStream::connect(&path).unwrap()).collect();
    drop(silent);
    printed("status", &service.data_dir());
    drop(more);
}

#[test]
fn answer_is_json_lines_ending_with_a_count() {
    let service = ServiceProcess::start().unwrap();
    let mut stream = UnixStream::connect(service.data_dir().join("control.sock")).unwrap();
    // In pieces, as a slow writer may.
    for piece in ["{\"v\":1,", "\"cmd\":\"stat", "us\"}\n"] {
        stream.write_all(piece.as_bytes()).unwrap();
    }
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["row"]["pid"], json!(service.pid().unwrap()));
    assert_eq!(lines[1], json!({"done": {"rows": 1}}));
}

//! Tests of failure isolation: a service that fails fails alone.

use std::fs;
use std::net::{SocketAddr, TcpListener};

use rustix::process::Signal;
use tmtp_store::StoreError;
use tmtp_testkit::peer::RawPeer;
use tmtpd::admin::server::attach;
use tmtpd::config::Overrides;
use tmtpd::daemon::{Daemon, InstanceState, Source};
use tmtpd::shutdown::Shutdown;

use super::host::{Host, Member, free_address, name_of, service};

#[tokio::test]
async fn failed_service_leaves_others_running_and_sets_the_exit_code() {
    let other_program = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other_program.local_addr().unwrap();
    let at = free_address();
    let config = service("Broken", "127.0.0.1:0", "")
        + &service("Late", &taken.to_string(), "")
        + &service("Club", &at.to_string(), "");
    let host = Host::start_in(&config, |folder| {
        // In place of its data folder.
        fs::write(folder.join("Broken"), "a file").unwrap();
    });
    host.ready("Club");
    let mut ada = Member::join(at, None, "Ada Lovelace").await;

    // What hindered them is gone: they start, and the others go on.
    drop(other_program);
    fs::remove_file(host.path("Broken")).unwrap();
    host.process.signal(Signal::HUP);
    host.ready("Broken");
    host.ready("Late");
    assert_eq!(name_of(taken, None).await, "Late");
    ada.works("all the time").await;

    host.process.signal(Signal::TERM);
    let ended = host.process.end();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("Broken cannot be made"), "{}", ended.stderr);
}

/// In this process, because no way from outside makes a store fail at a chosen moment; it is closed
/// instead.
#[tokio::test(flavor = "multi_thread")]
async fn failed_store_stops_its_own_service_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tmtpd.toml");
    let (club, chess) = (free_address(), free_address());
    let both = service("Club", &club.to_string(), "") + &service("Chess", &chess.to_string(), "");
    fs::write(&file, both).unwrap();
    let source = Source { over: Overrides::default(), file: Some(file) };
    let config = source.read().unwrap();
    let daemon = Daemon::start(source, config, Shutdown::new(), attach).await.unwrap();
    let mut ada = Member::join(club, None, "Ada Lovelace").await;
    let mut grace = Member::join(chess, None, "Grace Hopper").await;

    let services = daemon.services();
    services[1].service().close().await.unwrap();
    grace.peer.expect_closed().await.unwrap();
    assert!(is_free(chess).await, "its address is still listened on");
    assert_eq!(services[1].state(), InstanceState::Failed);
    ada.works("on the other").await;

    // The administrator has put it right.
    let reloaded = daemon.reload().await.unwrap();
    assert_eq!(reloaded.done, ["Chess: started"]);
    let mut back = RawPeer::connect(chess).await.unwrap();
    back.greet().await.unwrap();
    back.login(&grace.uid, &grace.node).await.unwrap();
    ada.works("all the time").await;

    daemon.stop();
    let error = daemon.run().await.unwrap_err();
    assert_eq!(error.to_string(), StoreError::Closed.to_string());
}

async fn is_free(at: SocketAddr) -> bool {
    RawPeer::connect(at).await.is_err()
}

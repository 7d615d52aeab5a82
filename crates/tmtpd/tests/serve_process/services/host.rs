//! A daemon with a configuration file that tests write, and members of its services.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rustix::process::Signal;
use sha2::{Digest, Sha256};
use tempfile::{TempDir, tempdir};
use tmtp_testkit::peer::RawPeer;

use crate::process::{Address, Process, Ready, serve};

/// A daemon and its folder.
pub(crate) struct Host {
    pub(crate) process: Process,
    pub(crate) folder: TempDir,
}

/// A member of a service, on a link.
pub(crate) struct Member {
    pub(crate) peer: RawPeer,
    pub(crate) uid: String,
    pub(crate) node: String,
}

/// A service of the file; `more` are further lines.
pub(crate) fn service(name: &str, listen: &str, more: &str) -> String {
    format!("[[service]]\nname = \"{name}\"\ndata = \"{name}\"\nlisten = \"{listen}\"\n{more}\n")
}

/// An address of this machine where nobody listens. Between this and its use somebody could, but
/// the system hands ports out in turn.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Host {
    /// Starts a daemon with this configuration file.
    pub(crate) fn start(config: &str) -> Self {
        Self::start_in(config, |_| {})
    }

    /// Prepares its folder, then starts it.
    pub(crate) fn start_in(config: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempdir().unwrap();
        prepare(folder.path());
        let file = folder.path().join("tmtpd.toml");
        fs::write(&file, config).unwrap();
        let arguments = ["--config", file.to_str().unwrap(), "--log-level", "debug"];
        Self { process: Process::start(serve(&arguments)), folder }
    }

    pub(crate) fn configure(&self, config: &str) {
        fs::write(self.folder.path().join("tmtpd.toml"), config).unwrap();
    }

    /// Has it read `config`, and waits until it did.
    pub(crate) fn reload(&self, config: &str) {
        self.configure(config);
        self.process.signal(Signal::HUP);
        self.process.log_says("reloaded");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The next line that says that members can join, and the address in it.
    pub(crate) fn ready(&self, name: &str) -> Address {
        let Ready { addresses, note } = self.process.ready();
        let told = format!("; service {name:?})");
        assert!(note.ends_with(&told), "{note} is not of {name}");
        addresses.into_iter().next().unwrap()
    }
}

impl Member {
    pub(crate) async fn join(at: SocketAddr, server_name: Option<&str>, alias: &str) -> Self {
        let mut peer = RawPeer::connect_to(at, server_name).await.unwrap();
        peer.greet().await.unwrap();
        let (uid, node) = peer.register(alias).await.unwrap();
        Self { peer, uid, node }
    }

    /// Asks for something that the service makes durable and answers, so the link works both ways.
    pub(crate) async fn works(&mut self, label: &str) {
        let secret = self.peer.add_device(label).await.unwrap();
        assert!(!secret.is_empty());
    }
}

/// The name that the service at the other end gives itself.
pub(crate) async fn name_of(at: SocketAddr, server_name: Option<&str>) -> String {
    let mut peer = RawPeer::connect_to(at, server_name).await.unwrap();
    peer.greet().await.unwrap().text("name").to_owned()
}

/// The fingerprint of the certificate that is shown there.
pub(crate) async fn fingerprint_at(at: SocketAddr, server_name: Option<&str>) -> String {
    let peer = RawPeer::connect_to(at, server_name).await.unwrap();
    HEXLOWER.encode(&Sha256::digest(peer.certificate().unwrap()))
}

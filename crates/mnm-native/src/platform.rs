//! The platform of a computer: clock, random numbers, network, and the rest of this crate.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use mnm_engine::OpenError;
use mnm_engine::platform::{Connecting, Platform, Proof, VaultWork, Worker};
use mnm_engine::vault::Vault;

use crate::{carrier, disk, worker};

/// The machine's own clock and random numbers, TCP and TLS, threads and files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Native;

impl Platform for Native {
    fn now_ms(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        }
    }

    fn minute_of_day(&self) -> u16 {
        let now = jiff::Zoned::now();
        u16::from(now.hour().unsigned_abs()) * 60 + u16::from(now.minute().unsigned_abs())
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        getrandom::fill(bytes)
    }

    fn open_vault(&self, home: &Path) -> Result<Vault, OpenError> {
        disk::open_vault(home)
    }

    fn run_vault(&self, work: VaultWork) -> io::Result<Box<dyn Worker>> {
        worker::start(work)
    }

    fn connect(&self, host: &str, port: u16, proof: Proof) -> Connecting {
        let host = host.to_owned();
        Box::pin(async move { carrier::connect(&host, port, proof).await })
    }

    /// The inode number and change time of the key file, which is written once. A program cannot
    /// set the change time, so a copy differs even if it keeps all other times.
    #[cfg(unix)]
    fn home_mark(&self, home: &Path) -> Option<String> {
        use std::os::unix::fs::MetadataExt as _;
        let key = std::fs::metadata(home.join("vault.key")).ok()?;
        Some(format!("{} {}.{:09}", key.ino(), key.ctime(), key.ctime_nsec()))
    }

    /// Connecting a UDP socket sends nothing; it only makes the system choose a route. The target
    /// addresses are reserved for documentation.
    fn network(&self) -> Option<Vec<IpAddr>> {
        let way = |from: IpAddr, to: IpAddr| {
            let socket = UdpSocket::bind((from, 0)).ok()?;
            socket.connect((to, 9)).ok()?;
            socket.local_addr().ok().map(|here| here.ip())
        };
        let v4 = way(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into());
        let v6 = way(
            Ipv6Addr::UNSPECIFIED.into(),
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
        );
        Some(v4.into_iter().chain(v6).collect())
    }
}

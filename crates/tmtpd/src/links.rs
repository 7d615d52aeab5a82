//! Table of open links, for the administrator.
//!
//! A link enters after its TLS handshake, keeps its own counters, and leaves when its [`Entry`] is
//! dropped. The table is read in pages, so that listing a hundred thousand links never blocks a new
//! one.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::ops::{Bound, Deref};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tmtp::certificate::CertificateHash;
use tmtp_store::DeviceNumber;

use crate::directory::MemberNumber;

/// Number of a link within this run of the service, ascending.
pub(crate) type LinkNumber = u64;

/// Every open link of a service.
#[derive(Debug, Default)]
pub(crate) struct Links {
    open: Mutex<BTreeMap<LinkNumber, Arc<LinkFacts>>>,
    last: AtomicU64,
    /// When the last link of a device ended, of devices that were online in this run.
    seen: Mutex<HashMap<DeviceNumber, i64>>,
}

/// The facts about one open link. Only the link writes them; they may be read at any time.
#[derive(Debug)]
pub(crate) struct LinkFacts {
    /// The remote address.
    pub address: SocketAddr,
    /// When its TLS handshake was done, Unix milliseconds.
    pub since_ms: i64,
    /// The certificate that it was shown.
    pub certificate: CertificateHash,
    owner: OnceLock<(MemberNumber, DeviceNumber)>,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    in_flight: AtomicU64,
    in_flight_bytes: AtomicU64,
}

/// A link's entry in the table; removed when dropped.
#[derive(Debug)]
pub(crate) struct Entry {
    links: Arc<Links>,
    number: LinkNumber,
    facts: Arc<LinkFacts>,
}

impl Links {
    /// Adds a link whose TLS handshake, with `certificate`, was done at `since_ms`.
    pub(crate) fn enter(
        self: &Arc<Self>,
        address: SocketAddr,
        since_ms: i64,
        certificate: CertificateHash,
    ) -> Entry {
        let facts = Arc::new(LinkFacts {
            address,
            since_ms,
            certificate,
            owner: OnceLock::new(),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            in_flight_bytes: AtomicU64::new(0),
        });
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.open().insert(number, Arc::clone(&facts));
        Entry { links: Arc::clone(self), number, facts }
    }

    /// The first `limit` links after `after`, in the order in which they opened.
    pub(crate) fn page(
        &self,
        after: LinkNumber,
        limit: usize,
    ) -> Vec<(LinkNumber, Arc<LinkFacts>)> {
        let open = self.open();
        let behind = open.range((Bound::Excluded(after), Bound::Unbounded));
        behind.take(limit).map(|(number, facts)| (*number, Arc::clone(facts))).collect()
    }

    /// When the last link of `device` ended, if one did since the service started.
    pub(crate) fn seen_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&device).copied()
    }

    /// How many links are open.
    pub(crate) fn len(&self) -> usize {
        self.open().len()
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<LinkNumber, Arc<LinkFacts>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LinkFacts {
    /// The member and device logged in on it.
    pub(crate) fn owner(&self) -> Option<(MemberNumber, DeviceNumber)> {
        self.owner.get().copied()
    }

    /// Bytes read from it, inside of TLS.
    pub(crate) fn bytes_in(&self) -> u64 {
        self.bytes_in.load(Ordering::Relaxed)
    }

    /// Bytes written to it, inside of TLS.
    pub(crate) fn bytes_out(&self) -> u64 {
        self.bytes_out.load(Ordering::Relaxed)
    }

    /// Messages sent and not acknowledged, and the bytes of their data.
    pub(crate) fn in_flight(&self) -> (u64, u64) {
        (self.in_flight.load(Ordering::Relaxed), self.in_flight_bytes.load(Ordering::Relaxed))
    }

    /// A device has logged in. A link has at most one owner in its life.
    pub(crate) fn set_owner(&self, member: MemberNumber, device: DeviceNumber) {
        let _ = self.owner.set((member, device));
    }

    /// Counts bytes read.
    pub(crate) fn read(&self, bytes: usize) {
        self.bytes_in.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts bytes written.
    pub(crate) fn written(&self, bytes: usize) {
        self.bytes_out.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Sets what is in flight now.
    pub(crate) fn set_in_flight(&self, messages: usize, bytes: u64) {
        self.in_flight.store(messages as u64, Ordering::Relaxed);
        self.in_flight_bytes.store(bytes, Ordering::Relaxed);
    }
}

impl Entry {
    /// The link has ended at `now_ms`, which is when its device was last seen.
    pub(crate) fn ended(self, now_ms: i64) {
        if let Some((_, device)) = self.owner() {
            let mut seen = self.links.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.insert(device, now_ms);
        }
    }
}

impl Deref for Entry {
    type Target = LinkFacts;

    fn deref(&self) -> &LinkFacts {
        &self.facts
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.links.open().remove(&self.number);
    }
}

//! Service of one organisation: the state that its links share.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::{
    Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard, OwnedSemaphorePermit, Semaphore,
};

use crate::config::{Config, Limits, PostPolicy};
use crate::contacts::Contacts;
use crate::directory::{Directory, rows};
use crate::gap_notice::GapNotices;
use crate::links::Links;
use crate::metrics::Metrics;
use crate::platform::Platform;
use crate::policy;
use crate::rate_limit::RateLimits;
use crate::roster::Roster;
use crate::terms::Terms;
use tmtp_store::{DeviceNumber, EmbeddedStore, Position, Store, StoreError, each_row};

/// One organisation's service.
#[derive(Debug)]
pub struct Service {
    terms: RwLock<Arc<Terms>>,
    /// The post policy where the configuration sets none.
    unsaid: PostPolicy,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Online devices.
    pub(crate) roster: Arc<Roster>,
    /// Open links, for the administrator.
    pub(crate) links: Arc<Links>,
    /// Counters.
    pub(crate) metrics: Arc<Metrics>,
    directory: RwLock<Directory>,
    /// Held from reading the directory to changing it, so that edits are serialised.
    edits: AsyncMutex<()>,
    /// Limits on pings.
    pub(crate) contacts: Contacts,
    /// Messages that devices missed.
    pub(crate) gap_notices: GapNotices,
    /// Memory permits for small bodies being received, in bytes.
    receiving: Arc<Semaphore>,
    /// Rate limits.
    pub(crate) rate_limits: RateLimits,
    platform: Box<dyn Platform>,
}

impl Service {
    /// The service that `store` holds: reads who exists.
    ///
    /// # Errors
    /// [`StoreError`] when that cannot be read.
    pub async fn open(
        config: &Config,
        store: Arc<dyn Store>,
        platform: impl Platform,
    ) -> Result<Self, StoreError> {
        // Ids start at the present in nanoseconds, or after the last one ever given if the clock has gone
        // back.
        let now_ns = u64::try_from(platform.now_ms()).unwrap_or(0).saturating_mul(1_000_000);
        store.start_behind(Position(now_ns));
        let mut directory = read_directory(&*store).await?;
        for device in rows::read_coming(&*store).await? {
            directory.pass_over_device(device);
            rows::undo_coming(&*store, device);
        }
        let contacts = Contacts::read(&*store).await?;
        directory.read_openings(&*store).await?;
        policy::read_earlier(&*store, &contacts, &mut directory).await?;
        let unsaid = policy::unsaid(&*store, &directory).await?;
        let terms = Terms::of(config, unsaid);
        let gap_notices = GapNotices::read(&*store).await?;
        tracing::info!(members = directory.member_count(), "the directory is read");
        tracing::info!("who may post to whom: {}", terms.policy_text);
        Ok(Self {
            terms: RwLock::new(Arc::new(terms)),
            unsaid,
            store,
            roster: Arc::default(),
            links: Arc::default(),
            metrics: Arc::default(),
            directory: RwLock::new(directory),
            edits: AsyncMutex::default(),
            contacts,
            gap_notices,
            receiving: Arc::new(Semaphore::new(
                usize::try_from(config.limits.receiving_bytes).unwrap_or(Semaphore::MAX_PERMITS),
            )),
            rate_limits: RateLimits::default(),
            platform: Box::new(platform),
        })
    }

    /// Now, Unix milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        self.platform.now_ms()
    }

    /// Fills `bytes` with unpredictable bytes.
    ///
    /// # Errors
    /// No randomness is available.
    pub(crate) fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        self.platform.random(bytes)
    }

    /// The present terms. Decisions that use several of them must call this once.
    pub(crate) fn terms(&self) -> Arc<Terms> {
        Arc::clone(&self.terms.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The present limits.
    pub(crate) fn limits(&self) -> Arc<Limits> {
        Arc::clone(&self.terms().limits)
    }

    /// Applies the terms of `config`: to requests at once, to settings fixed at a link's start with
    /// the next link.
    pub(crate) fn set_terms(&self, config: &Config) {
        *self.terms.write().unwrap_or_else(PoisonError::into_inner) =
            Arc::new(Terms::of(config, self.unsaid));
    }

    /// The directory, for reading; never held across an await.
    pub(crate) fn directory(&self) -> RwLockReadGuard<'_, Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The directory, for a change whose rows are durable.
    pub(crate) fn directory_mut(&self) -> RwLockWriteGuard<'_, Directory> {
        self.directory.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock for edits of the directory.
    pub(crate) async fn edit(&self) -> AsyncMutexGuard<'_, ()> {
        self.edits.lock().await
    }

    /// A permit to hold `bytes` of a body being received in memory, if there is room.
    #[must_use]
    pub(crate) fn may_receive(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let permits = u32::try_from(bytes).ok()?;
        Arc::clone(&self.receiving).try_acquire_many_owned(permits).ok()
    }

    /// Whether a device has a link that is logged in.
    #[must_use]
    pub fn is_online(&self, device: DeviceNumber) -> bool {
        self.roster.is_online(device)
    }

    /// Makes all pending commits durable.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.store.close().await
    }
}

/// Opens the store in the configured data directory. Blocks while it reads what a crash left.
///
/// # Errors
/// [`StoreError`]: in use, written by a newer version, damaged, unreadable.
pub(crate) fn open_store(config: &Config) -> Result<EmbeddedStore, StoreError> {
    let limits = tmtp_store::StoreLimits {
        cache_bytes: usize::try_from(config.store.cache_bytes).unwrap_or(usize::MAX),
        ..tmtp_store::StoreLimits::default()
    };
    EmbeddedStore::open(&config.service.data, limits)
}

async fn read_directory(store: &dyn Store) -> Result<Directory, StoreError> {
    let mut directory = Directory::default();
    // In the order of keys: acquaintances and groups only hold numbers, so the order of kinds does
    // not matter; members come in the order of their numbers.
    each_row(store, rows::PREFIX, |key, value| rows::read_row(&mut directory, key, value)).await?;
    Ok(directory)
}

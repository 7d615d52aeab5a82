//! Service of one organisation: everything that its links share.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tmtp::id::MessageId;
use tokio::sync::{
    Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard, OwnedSemaphorePermit, Semaphore,
};

use crate::config::{Config, Limits, PostPolicy};
use crate::contacts::Contacts;
use crate::directory::{Directory, rows};
use crate::gap_notice::GapNotices;
use crate::links::Links;
use crate::metrics::Metrics;
use crate::platform::{Machine, Platform};
use crate::policy;
use crate::post_office::PostOffice;
use crate::rate_limit::RateLimits;
use crate::roster::Roster;
use crate::terms::Terms;
use tmtp_store::{DeviceNumber, Store, StoreError};

/// One organisation's service.
#[derive(Debug)]
pub struct Service {
    terms: RwLock<Arc<Terms>>,
    /// The post policy where the configuration says nothing.
    unsaid: PostPolicy,
    /// Everything durable.
    pub store: Store,
    /// Gives ids.
    pub(crate) post_office: PostOffice,
    /// Who is online.
    pub(crate) roster: Arc<Roster>,
    /// Every open link, for the administrator.
    pub(crate) links: Arc<Links>,
    /// What it counts.
    pub(crate) metrics: Arc<Metrics>,
    directory: RwLock<Directory>,
    /// Held from reading the directory to changing it, so that edits do not cross.
    edits: AsyncMutex<()>,
    /// Who has pinged whom.
    pub(crate) contacts: Contacts,
    /// Devices that need history from their siblings.
    pub(crate) gap_notices: GapNotices,
    /// Memory for small bodies that are being received, in bytes.
    receiving: Arc<Semaphore>,
    /// Who may do what how often.
    pub(crate) rate_limits: RateLimits,
    platform: Box<dyn Platform>,
}

impl Service {
    /// Opens the store in the configured data directory and reads who exists.
    ///
    /// # Errors
    /// [`StoreError`]: in use, written by a newer version, damaged, unreadable.
    pub fn open(config: &Config) -> Result<Self, StoreError> {
        Self::with(config, open_store(&config.service.data, config)?, Machine)
    }

    /// A service with this store, on this platform.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read who exists.
    pub fn with(
        config: &Config,
        store: Store,
        platform: impl Platform,
    ) -> Result<Self, StoreError> {
        let mut directory = read_directory(&store)?;
        for device in rows::read_coming(&store)? {
            directory.pass_over_device(device);
            rows::undo_coming(&store, device);
        }
        let contacts = Contacts::read(&store)?;
        directory.read_openings(&store)?;
        policy::read_earlier(&store, &contacts, &mut directory)?;
        let unsaid = policy::unsaid(&store, &directory)?;
        let terms = Terms::of(config, unsaid);
        let gap_notices = GapNotices::read(&store)?;
        let now_ns = u64::try_from(platform.now_ms()).unwrap_or(0).saturating_mul(1_000_000);
        let post_office = PostOffice::new(store.last_message_id(), now_ns);
        tracing::info!(members = directory.member_count(), "the directory is read");
        tracing::info!("who may post to whom: {}", terms.policy_told);
        Ok(Self {
            terms: RwLock::new(Arc::new(terms)),
            unsaid,
            store,
            post_office,
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
    pub fn now_ms(&self) -> i64 {
        self.platform.now_ms()
    }

    /// Fills `bytes` so that nobody can guess them.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    pub fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        self.platform.random(bytes)
    }

    /// What holds at this moment. Whoever decides by several of them asks once.
    pub(crate) fn terms(&self) -> Arc<Terms> {
        Arc::clone(&self.terms.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What anyone may ask of it at this moment.
    pub fn limits(&self) -> Arc<Limits> {
        Arc::clone(&self.terms().limits)
    }

    /// From now on `config` says the terms: for requests at once, for what a link set up at its start
    /// with the next link.
    pub fn set_terms(&self, config: &Config) {
        *self.terms.write().unwrap_or_else(PoisonError::into_inner) =
            Arc::new(Terms::of(config, self.unsaid));
    }

    /// Who exists, to be looked at; never held across an await.
    pub fn directory(&self) -> RwLockReadGuard<'_, Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who exists, to be changed, after the rows that say the same are durable.
    pub fn directory_mut(&self) -> RwLockWriteGuard<'_, Directory> {
        self.directory.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn to edit the directory.
    pub async fn edit(&self) -> AsyncMutexGuard<'_, ()> {
        self.edits.lock().await
    }

    /// Leave to hold `bytes` of a body that is being received in memory, if there is room left.
    #[must_use]
    pub fn may_receive(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let permits = u32::try_from(bytes).ok()?;
        Arc::clone(&self.receiving).try_acquire_many_owned(permits).ok()
    }

    /// Whether a device has a link that is logged in.
    #[must_use]
    pub fn is_online(&self, device: DeviceNumber) -> bool {
        self.roster.is_online(device)
    }

    /// The last message id that was given out.
    #[must_use]
    pub fn last_id(&self) -> MessageId {
        self.post_office.last_id()
    }

    /// Makes everything durable that waits.
    ///
    /// # Errors
    /// [`StoreError`] when the disk refuses.
    pub fn close(&self) -> Result<(), StoreError> {
        self.store.close()
    }
}

fn open_store(data: &Path, config: &Config) -> Result<Store, StoreError> {
    let limits = tmtp_store::Limits {
        cache_bytes: usize::try_from(config.store.cache_bytes).unwrap_or(usize::MAX),
        ..tmtp_store::Limits::default()
    };
    Store::open(data, limits)
}

fn read_directory(store: &Store) -> Result<Directory, StoreError> {
    let mut directory = Directory::default();
    let mut result = Ok(());
    // In the order of keys: acquaintances and groups only hold numbers, so the order of kinds does
    // not matter; members come in the order of their numbers.
    store.scan(rows::PREFIX, |key, value| {
        result = rows::read_row(&mut directory, key, value);
        result.is_ok()
    })?;
    result.map(|()| directory)
}

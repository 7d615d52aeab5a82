//! Files being stored in the vault, erased again if their writer gives up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, VaultError};
use crate::store::Store;
use crate::task;
use crate::vault::{BlobWriter, Change, StagedBlob, Vault};

/// Files being staged, one after the other. If this is dropped before they are owned, the vault
/// erases them; if the app ends before that, the next start does.
pub(crate) struct Staging {
    store: Store,
    // Locked by closures on the vault's thread only, so a future that is dropped while one runs
    // leaves the list consistent.
    files: Arc<Mutex<Files>>,
}

#[derive(Default)]
struct Files {
    open: Option<BlobWriter>,
    done: Vec<StagedBlob>,
}

impl Files {
    fn is_empty(&self) -> bool {
        self.open.is_none() && self.done.is_empty()
    }

    fn discard(&mut self, vault: &mut Vault) {
        if let Some(writer) = self.open.take() {
            vault.discard_blob(writer);
        }
        self.done.drain(..).for_each(|blob| vault.discard_staged(blob));
    }
}

impl Staging {
    /// Nothing is staged yet.
    pub(crate) fn new(store: Store) -> Self {
        Self { store, files: Arc::default() }
    }

    /// Begins a file.
    pub(crate) async fn begin(&self) -> Result<(), Error> {
        self.with(|vault, files| {
            files.open = Some(vault.begin_blob()?);
            Ok(())
        })
        .await
    }

    /// Appends to the open file.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::TooLarge`] beyond what a letter may carry; the file stays open,
    /// emptied. [`crate::error::ErrorCode::NoRoom`] when the disk is nearly full.
    pub(crate) async fn append(&self, bytes: Vec<u8>) -> Result<(), Error> {
        self.with(move |vault, files| {
            let Some(writer) = &mut files.open else { return Ok(()) };
            let appended = vault.append_blob(writer, &bytes);
            if matches!(appended, Err(VaultError::TooLarge(_))) {
                let fresh = vault.begin_blob()?;
                vault.discard_blob(std::mem::replace(writer, fresh));
            }
            appended
        })
        .await
    }

    /// Ends the open file.
    pub(crate) async fn finish(&self) -> Result<(), Error> {
        self.with(|vault, files| {
            if let Some(writer) = files.open.take() {
                files.done.push(vault.finish_blob(writer)?);
            }
            Ok(())
        })
        .await
    }

    /// Erases everything that was staged.
    pub(crate) async fn discard(&self) {
        let discarded = self.with(|vault, files| {
            files.discard(vault);
            Ok(())
        });
        if let Err(error) = discarded.await {
            tracing::warn!(%error, "staged files stay until the next start");
        }
    }

    /// Has `act` give the files an owner, in order. If it fails, they are erased.
    pub(crate) async fn own<T: Send + 'static>(
        self,
        act: impl FnOnce(&mut Vault, Vec<StagedBlob>) -> Result<Change<T>, VaultError> + Send + 'static,
    ) -> Result<T, Error> {
        let files = Arc::clone(&self.files);
        self.store
            .write(move |vault| {
                let mut files = lock(&files);
                let change = act(vault, files.done.clone())?;
                files.done.clear();
                Ok(change)
            })
            .await
    }

    async fn with(
        &self,
        act: impl FnOnce(&mut Vault, &mut Files) -> Result<(), VaultError> + Send + 'static,
    ) -> Result<(), Error> {
        let files = Arc::clone(&self.files);
        self.store.read(move |vault| act(vault, &mut lock(&files))).await
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let (store, files) = (self.store.clone(), Arc::clone(&self.files));
        // A closure may hold the lock now, so the check for leftovers is queued behind it.
        if Arc::strong_count(&files) == 2 && lock(&files).is_empty() {
            return;
        }
        // Without a runtime the next start erases them.
        task::spawn_if_running(async move {
            let erased = store.run(move |vault| lock(&files).discard(vault)).await;
            if let Err(error) = erased {
                tracing::warn!(%error, "staged files stay until the next start");
            }
        });
    }
}

fn lock(files: &Mutex<Files>) -> MutexGuard<'_, Files> {
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

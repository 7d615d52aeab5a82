//! Health check: whether a service accepts messages. Its store's writer checks the disk as for a
//! commit.

use std::time::Duration;

use tokio::time::timeout;

use crate::service::Service;
use tmtp_store::Batch;
use tmtp_store::StoreError;

/// How long the disk may take. A commit that takes longer keeps every member waiting.
const DISK_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a service accepts no messages, in words for the administrator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Sick {
    /// No room for new messages.
    #[error("the disk is full: posts are refused, what is stored is still delivered")]
    DiskFull,
    /// The queue for the disk is full.
    #[error("too much waits for the disk: posts are refused for now")]
    Busy,
    /// The writer does not answer.
    #[error("the disk has not answered for {} s", DISK_TIMEOUT.as_secs())]
    Stuck,
    /// The store failed.
    #[error("the store has failed: {0}")]
    Failed(String),
    /// It is stopping, or has stopped.
    #[error("the service is not running")]
    Stopped,
}

/// Asks the store's writer. Writes nothing.
///
/// # Errors
/// [`Sick`].
pub(crate) async fn check(service: &Service) -> Result<(), Sick> {
    match timeout(DISK_TIMEOUT, service.store.submit(Batch::new())).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(StoreError::Full)) => Err(Sick::DiskFull),
        Ok(Err(StoreError::Busy)) => Err(Sick::Busy),
        Ok(Err(StoreError::Closed)) => Err(Sick::Stopped),
        Ok(Err(error)) => Err(Sick::Failed(error.to_string())),
        Err(_) => Err(Sick::Stuck),
    }
}

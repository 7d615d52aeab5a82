//! Result of a read: there at once, as from memory, or to be awaited.
//!
//! Links ask for every message of every device. A future in a box for each costs more than the read
//! itself when that is done in memory.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::StoreError;

/// What a read finds. A future that borrows nothing, so that a link can poll it beside its stream.
pub enum Read<T> {
    /// It is there. `None` once it was taken.
    Ready(Option<Result<T, StoreError>>),
    /// It takes the disk or another machine.
    Later(Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>),
}

impl<T> Read<T> {
    /// A read that is done.
    pub fn done(result: Result<T, StoreError>) -> Self {
        Self::Ready(Some(result))
    }

    /// A read that has to be awaited.
    pub fn later(read: impl Future<Output = Result<T, StoreError>> + Send + 'static) -> Self {
        Self::Later(Box::pin(read))
    }
}

// Nothing is pinned to its place but what the box holds.
impl<T> Unpin for Read<T> {}

impl<T> Future for Read<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            // Nobody polls a future after its end. One that did would be told that there is no store.
            Self::Ready(result) => Poll::Ready(result.take().unwrap_or(Err(StoreError::Closed))),
            Self::Later(read) => read.as_mut().poll(context),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Read<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

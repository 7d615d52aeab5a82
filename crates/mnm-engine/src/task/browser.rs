//! Tasks in a browser: they share the one thread of a page or worker with its events.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use gloo_timers::future::TimeoutFuture;
use tokio::sync::oneshot::{self, error::RecvError};
use tokio_util::sync::CancellationToken;
use wasm_bindgen_futures::spawn_local;

/// A handle to a task's output. Dropped, the task continues.
#[derive(Debug)]
pub(crate) struct JoinHandle<T> {
    given: oneshot::Receiver<T>,
    stop: CancellationToken,
}

impl<T> JoinHandle<T> {
    /// Drops the task at its present await.
    pub(crate) fn abort(&self) {
        self.stop.cancel();
    }
}

/// The task's output; an error if it was aborted.
impl<T> Future for JoinHandle<T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.given).poll(context)
    }
}

/// Starts a task.
pub(crate) fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> JoinHandle<T> {
    let (give, given) = oneshot::channel();
    let stop = CancellationToken::new();
    let work = stop.clone().run_until_cancelled_owned(task);
    spawn_local(async move {
        if let Some(done) = work.await {
            // The handle may be dropped.
            let _ = give.send(done);
        }
    });
    JoinHandle { given, stop }
}

/// Starts a task, which ends with the page.
pub(crate) fn spawn_if_running(task: impl Future<Output = ()> + 'static) {
    spawn_local(task);
}

/// Yields to other tasks and to events: by a timer, since ready tasks run before all events.
pub(crate) async fn yield_now() {
    TimeoutFuture::new(0).await;
}

/// Runs a long computation in place. None if that failed.
pub(crate) async fn compute<T>(work: impl FnOnce() -> T) -> Option<T> {
    Some(work())
}

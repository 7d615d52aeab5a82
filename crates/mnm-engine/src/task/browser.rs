//! Tasks of a browser: they share the one thread of a page or a worker with its events.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use gloo_timers::future::TimeoutFuture;
use tokio::sync::oneshot::{self, error::RecvError};
use tokio_util::sync::CancellationToken;
use wasm_bindgen_futures::spawn_local;

/// Waits for what a task gives. Dropped, the task goes on.
#[derive(Debug)]
pub(crate) struct JoinHandle<T> {
    given: oneshot::Receiver<T>,
    stop: CancellationToken,
}

impl<T> JoinHandle<T> {
    /// Drops the task where it waits.
    pub(crate) fn abort(&self) {
        self.stop.cancel();
    }
}

/// What the task gave; an error if it was dropped before its end.
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
            // Nobody may wait for it.
            let _ = give.send(done);
        }
    });
    JoinHandle { given, stop }
}

/// Starts a task. A page that ends takes its tasks with it.
pub(crate) fn spawn_if_running(task: impl Future<Output = ()> + 'static) {
    spawn_local(task);
}

/// Lets other tasks have their turns, and what comes in from outside: by a timer, since tasks that are ready
/// go before all events.
pub(crate) async fn yield_now() {
    TimeoutFuture::new(0).await;
}

/// Computes what takes long, in place. None if that failed.
pub(crate) async fn compute<T>(work: impl FnOnce() -> T) -> Option<T> {
    Some(work())
}

//! The vault's thread: it blocks on the disk, so it cannot be one of the runtime's.
//!
//! The thread is joined when its end is awaited, or when the last handle is dropped. It must be
//! joined before the process ends: OpenSSL's per-thread cleanup races its atexit handler.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};

use mnm_engine::platform::{VaultWork, Worker};
use tokio::runtime::Handle;

/// Runs `work` on a new thread.
///
/// # Errors
/// The system cannot start a thread.
pub(crate) fn start(work: VaultWork) -> io::Result<Box<dyn Worker>> {
    let thread = thread::Builder::new().name("vault".into()).spawn(move || block_on(work))?;
    Ok(Box::new(VaultThread(Some(Joined(Some(thread))))))
}

/// The thread, which continues when this is dropped.
struct VaultThread(Option<Joined>);

/// The thread, joined when this is dropped.
struct Joined(Option<JoinHandle<()>>);

impl Worker for VaultThread {
    fn ended(mut self: Box<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let thread = self.0.take();
        Box::pin(async move {
            // Fails when the runtime ends, which drops and thereby joins it.
            let _ = tokio::task::spawn_blocking(move || drop(thread)).await;
        })
    }
}

impl Drop for VaultThread {
    fn drop(&mut self) {
        let Some(thread) = self.0.take() else { return };
        match Handle::try_current() {
            // A runtime that shuts down drops, and thereby joins, the thread.
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(thread))),
            Err(_) => drop(thread),
        }
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        let own = |thread: &JoinHandle<()>| thread.thread().id() == thread::current().id();
        // A closure may hold the last handle of the vault that runs it; its thread ends after it.
        if let Some(thread) = self.0.take().filter(|thread| !own(thread)) {
            // A panic was logged when it happened.
            let _ = thread.join();
        }
    }
}

/// Runs a future to completion on this thread, parked while it is pending.
fn block_on(work: impl Future<Output = ()>) {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut work = pin!(work);
    while work.as_mut().poll(&mut context).is_pending() {
        thread::park();
    }
}

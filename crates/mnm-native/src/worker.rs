//! The vault's thread: it blocks on the disk, so it must not be one of the runtime's.
//!
//! It is joined when somebody waits for its end, or else behind whoever drops the last hold on it. A process
//! must not end before: the cryptographic library frees what it keeps for a thread when the thread ends,
//! and everything when the process ends, and does not bear both at once.

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
/// When the system has no thread.
pub(crate) fn start(work: VaultWork) -> io::Result<Box<dyn Worker>> {
    let thread = thread::Builder::new().name("vault".into()).spawn(move || block_on(work))?;
    Ok(Box::new(VaultThread(Some(Joined(Some(thread))))))
}

/// The thread, which goes on when this is dropped.
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
            // A runtime that ends drops, and thereby joins, what it does not run any more.
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(thread))),
            Err(_) => drop(thread),
        }
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        let own = |thread: &JoinHandle<()>| thread.thread().id() == thread::current().id();
        // A closure may hold the last handle on the vault that runs it; its thread ends behind it.
        if let Some(thread) = self.0.take().filter(|thread| !own(thread)) {
            // A panic in it was told when it happened.
            let _ = thread.join();
        }
    }
}

/// Runs a future to its end on this thread, which sleeps while there is nothing to do.
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

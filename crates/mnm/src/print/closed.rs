//! End of standard output: whoever read it has gone.

/// Completes when nobody reads standard output any more, also while nothing is written to it. Where the
/// system does not tell, never.
#[cfg(target_os = "linux")]
pub(crate) async fn output_closed() {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;

    let (tell, told) = tokio::sync::oneshot::channel();
    // Ends with the process.
    std::thread::spawn(move || {
        let stdout = std::io::stdout();
        // The end of a pipe is reported unasked.
        let mut end = [PollFd::new(&stdout, PollFlags::empty())];
        loop {
            match poll(&mut end, None) {
                Ok(_) => return tell.send(()),
                Err(Errno::INTR) => {}
                Err(_) => return Err(()),
            }
        }
    });
    if told.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Completes when nobody reads standard output any more, also while nothing is written to it. Where the
/// system does not tell, never.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn output_closed() {
    std::future::pending().await
}

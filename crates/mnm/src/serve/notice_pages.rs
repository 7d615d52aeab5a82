//! Registry of pages that show notices, so that each notice is shown once: by a page, or else by the
//! desktop.
//!
//! A page holds `GET /api/notices` open. Of several such pages, the one opened last gets the notices.

use std::sync::{Mutex, PoisonError};

use mnm_engine::view::Notice;
use tokio::sync::mpsc;

/// Pages that may show notices; beyond it the oldest is passed over.
const PAGES_MAX: usize = 16;
/// Notices that a page may not have taken yet.
const WAITING_MAX: usize = 16;

/// The pages that show notices, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    pages: Mutex<Vec<mpsc::Sender<Notice>>>,
}

impl Pages {
    pub(super) fn add(&self) -> mpsc::Receiver<Notice> {
        let (page, notices) = mpsc::channel(WAITING_MAX);
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.retain(|page| !page.is_closed());
        if pages.len() >= PAGES_MAX {
            pages.remove(0);
        }
        pages.push(page);
        notices
    }

    /// Gives a notice to a page; back if none shows it.
    pub(super) fn give(&self, notice: Notice) -> Option<Notice> {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notice = notice;
        while let Some(page) = pages.last() {
            match page.try_send(notice) {
                Ok(()) => return None,
                Err(
                    mpsc::error::TrySendError::Closed(back) | mpsc::error::TrySendError::Full(back),
                ) => {
                    notice = back;
                    pages.pop();
                }
            }
        }
        Some(notice)
    }
}

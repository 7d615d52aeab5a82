//! State of the loopback server that outlives it: browsers that were let in, and its port.

use crate::engine::Engine;
use crate::error::Error;
use crate::vault::BrowserKey;
use crate::view::BrowserId;

impl Engine {
    /// Lets a browser in, under a label for people.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn add_browser(&self, label: &str, key: BrowserKey) -> Result<BrowserId, Error> {
        let (label, now_ms) = (label.to_owned(), self.store().now_ms());
        self.store().read(move |vault| vault.add_browser(&label, &key, now_ms)).await
    }

    /// The key of a browser; none when it was never let in, or not any more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn browser_key(&self, browser: BrowserId) -> Result<Option<BrowserKey>, Error> {
        self.store().read(move |vault| vault.browser_key(browser)).await
    }

    /// Notes that a browser has come back.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn browser_used(&self, browser: BrowserId) -> Result<(), Error> {
        let now_ms = self.store().now_ms();
        self.store().read(move |vault| vault.browser_used(browser, now_ms)).await
    }

    /// Shuts every browser out, so that each has to be let in anew.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke_browsers(&self) -> Result<(), Error> {
        self.store().read(|vault| vault.revoke_browsers()).await
    }

    /// The port on which this home's pages are; none before it was chosen.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn page_port(&self) -> Result<Option<u16>, Error> {
        self.store().read(|vault| vault.page_port()).await
    }

    /// Keeps the port on which this home's pages are.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep_page_port(&self, port: u16) -> Result<(), Error> {
        self.store().read(move |vault| vault.keep_page_port(port)).await
    }
}

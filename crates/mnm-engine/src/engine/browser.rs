//! Persistent state of the loopback server: its paired browsers and its port.

use crate::engine::Engine;
use crate::error::Error;
use crate::vault::BrowserKey;
use crate::view::BrowserId;

impl Engine {
    /// Stores the key of a browser, under a label for people.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn add_browser(&self, label: &str, key: BrowserKey) -> Result<BrowserId, Error> {
        let (label, now_ms) = (label.to_owned(), self.store().now_ms());
        self.store().read(move |vault| vault.add_browser(&label, &key, now_ms)).await
    }

    /// The key of a browser; none if it was never paired, or was revoked.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn browser_key(&self, browser: BrowserId) -> Result<Option<BrowserKey>, Error> {
        self.store().read(move |vault| vault.browser_key(browser)).await
    }

    /// Updates the time of a browser's last use.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn browser_used(&self, browser: BrowserId) -> Result<(), Error> {
        let now_ms = self.store().now_ms();
        self.store().read(move |vault| vault.browser_used(browser, now_ms)).await
    }

    /// Revokes every browser, so that each must be paired again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke_browsers(&self) -> Result<(), Error> {
        self.store().read(|vault| vault.revoke_browsers()).await
    }

    /// The port of this home's pages; none before one was chosen.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn page_port(&self) -> Result<Option<u16>, Error> {
        self.store().read(|vault| vault.page_port()).await
    }

    /// Stores the port of this home's pages.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep_page_port(&self, port: u16) -> Result<(), Error> {
        self.store().read(move |vault| vault.keep_page_port(port)).await
    }
}

//! Paired browsers, and the port of their pages, kept across restarts.

use rusqlite::{OptionalExtension, params};

use super::text::clean_label;
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::{Browser, BrowserId};

/// Browsers that are kept; beyond it the one unused longest is deleted.
const BROWSERS_MAX: i64 = 64;

/// The key by which a browser and the app recognise each other. The browser keeps it where no
/// script can read it, the app only here.
pub type BrowserKey = zeroize::Zeroizing<[u8; 32]>;

impl Vault {
    /// Stores the key of a browser, under a label for people.
    pub fn add_browser(&mut self, label: &str, key: &BrowserKey, now_ms: i64) -> Result<BrowserId> {
        let tx = self.db.transaction()?;
        tx.prepare_cached(
            "INSERT INTO browser (label, key, since_ms, used_ms) VALUES (?1, ?2, ?3, ?3)",
        )?
        .execute(params![clean_label(label), key.as_slice(), now_ms])?;
        let id = tx.last_insert_rowid();
        tx.execute(
            "DELETE FROM browser WHERE id NOT IN
                 (SELECT id FROM browser ORDER BY used_ms DESC, id DESC LIMIT ?1)",
            [BROWSERS_MAX],
        )?;
        tx.commit()?;
        Ok(id)
    }

    /// The key of a browser; none if it was never paired, or was revoked.
    pub fn browser_key(&self, id: BrowserId) -> Result<Option<BrowserKey>> {
        let key: Option<[u8; 32]> = self
            .db
            .prepare_cached("SELECT key FROM browser WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(key.map(BrowserKey::new))
    }

    /// Updates the time of a browser's last use.
    pub fn browser_used(&mut self, id: BrowserId, now_ms: i64) -> Result<()> {
        self.db
            .prepare_cached("UPDATE browser SET used_ms = ?2 WHERE id = ?1")?
            .execute([id, now_ms])?;
        Ok(())
    }

    /// Paired browsers, the one used last first.
    pub fn browsers(&self) -> Result<Vec<Browser>> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, label, since_ms, used_ms FROM browser ORDER BY used_ms DESC, id DESC",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Browser {
                id: row.get(0)?,
                label: row.get(1)?,
                since_ms: row.get(2)?,
                used_ms: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Revokes a browser for good.
    ///
    /// # Errors
    /// [`VaultError::NotFound`] if it is not paired.
    pub fn revoke_browser(&mut self, id: BrowserId) -> Result<Change<()>> {
        let gone = self.db.execute("DELETE FROM browser WHERE id = ?1", [id])?;
        if gone == 0 {
            return Err(VaultError::NotFound { what: "browser", id });
        }
        Ok(Change { value: (), events: Vec::new() })
    }

    /// Revokes every browser.
    ///
    /// # Errors
    /// When the store fails.
    pub fn revoke_browsers(&self) -> Result<()> {
        self.db.execute("DELETE FROM browser", [])?;
        Ok(())
    }

    /// The port of this home's pages; none before one was chosen.
    pub fn page_port(&self) -> Result<Option<u16>> {
        Ok(self
            .db
            .prepare_cached("SELECT port FROM page_port")?
            .query_row([], |row| row.get(0))
            .optional()?)
    }

    /// Stores the port of this home's pages.
    pub fn keep_page_port(&mut self, port: u16) -> Result<()> {
        self.db.execute("INSERT OR REPLACE INTO page_port (id, port) VALUES (1, ?1)", [port])?;
        Ok(())
    }
}

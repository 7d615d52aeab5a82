//! Chores of the vault, done while no command waits: settling early letters (`settle.rs`), erasing
//! threads in the trash and orphaned files, renewing the names by which threads are sorted, indexing what is
//! older than the search index, and returning free pages to the disk.
//!
//! Each can touch many pages, so they are done in slices, each a transaction of a few milliseconds
//! between other calls. A slice that is lost in a crash is done after the next start, when all
//! orphaned files are found again; what else is left is stored.

mod pending;

use super::settle::StepId;
use super::{Change, Result, Vault};
use crate::event::Event;
pub(super) use pending::Chores;

/// Chunks of a file erased in one slice, about a megabyte. This also bounds the write-ahead log,
/// which a full disk must have room for.
const ERASE_CHUNKS: i64 = 4;
/// Value of `PRAGMA auto_vacuum` of a database that can shrink.
pub const AUTO_VACUUM_INCREMENTAL: i64 = 2;
/// Pages returned in one slice.
const VACUUM_PAGES: i64 = 256;
/// Free pages that the database keeps for reuse: a megabyte.
const FREE_PAGES_KEPT: i64 = 256;

impl Vault {
    /// Does one slice of the chores; true while there is more. A failure is logged and ends them
    /// until the next start, or until there is something new to do.
    pub fn tidy(&mut self) -> Change<bool> {
        let slice = self.tidy_slice();
        self.recover(&slice);
        match slice {
            Ok(change) => change,
            Err(error) => {
                tracing::warn!(%error, "tidying the store failed; the next start goes on with it");
                self.chores = Chores::default();
                Change { value: false, events: Vec::new() }
            }
        }
    }

    /// Gives back the memory of prepared statements and of the page cache.
    pub(crate) fn rest(&mut self) {
        self.db.flush_prepared_statement_cache();
        if let Err(error) = self.db.execute_batch("PRAGMA shrink_memory") {
            tracing::warn!(%error, "the store keeps its memory");
        }
    }

    fn tidy_slice(&mut self) -> Result<Change<bool>> {
        let silent = |value| Change { value, events: Vec::new() };
        if let Some(from) = self.chores.unsettled {
            if let Some(step) = self.reader().next_step(from)? {
                return self.settle_slice(step).map(|events| Change { value: true, events });
            }
            self.chores.unsettled = None;
        }
        if let Some(from) = self.chores.erasing {
            self.chores.erasing = self.erase_thread_slice(from)?;
            if self.chores.erasing.is_some() {
                return Ok(silent(true));
            }
        }
        if self.chores.renamed {
            self.chores.renamed = self.rename_slice()?;
            if self.chores.renamed {
                return Ok(silent(true));
            }
        }
        if self.chores.indexing {
            self.chores.indexing = self.index_slice()?;
            if self.chores.indexing {
                return Ok(silent(true));
            }
        }
        if let Some(&blob) = self.chores.orphans.front() {
            if self.erase_slice(blob)? {
                self.chores.orphans.pop_front();
                self.chores.give_back();
            }
            return Ok(silent(true));
        }
        if !self.chores.erased {
            return Ok(silent(false));
        }
        if self.vacuum_slice()? {
            return Ok(silent(true));
        }
        self.chores.erased = false;
        // The file is truncated at the checkpoint of the log.
        self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(silent(false))
    }

    /// Settles early letters, from a step on. One that hits an unreadable page is skipped until the
    /// next start.
    fn settle_slice(&mut self, step: StepId) -> Result<Vec<Event>> {
        self.chores.unsettled = Some(step);
        let settled = self.unsynced(|vault| vault.change(|work| work.settle(step)));
        match settled {
            Ok(change) => Ok(change.events),
            Err(error) if error.is_damage() => {
                tracing::warn!(%error, "letters that came early stay where they are");
                self.recover(&Err::<(), _>(error));
                self.chores.unsettled = Some(step + 1);
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    /// Erases the last chunks of a file, and its row with the last of them. True once it is gone.
    fn erase_slice(&mut self, blob: i64) -> Result<bool> {
        self.unsynced(|vault| {
            let erased = vault
                .db
                .prepare_cached(
                    "DELETE FROM blob_chunk WHERE id IN
                     (SELECT id FROM blob_chunk WHERE blob = ?1
                          AND NOT EXISTS (SELECT 1 FROM attachment WHERE attachment.blob = ?1)
                          AND NOT EXISTS (SELECT 1 FROM forward_copy WHERE forward_copy.blob = ?1)
                      ORDER BY seq DESC LIMIT ?2)",
                )?
                .execute([blob, ERASE_CHUNKS])?;
            if erased > 0 {
                return Ok(false);
            }
            vault
                .db
                .prepare_cached(
                    "DELETE FROM blob WHERE id = ?1
                 AND NOT EXISTS (SELECT 1 FROM attachment WHERE attachment.blob = ?1)
                 AND NOT EXISTS (SELECT 1 FROM forward_copy WHERE forward_copy.blob = ?1)",
                )?
                .execute([blob])?;
            Ok(true)
        })
    }

    /// Returns pages; false when there are none. A database made before it could shrink keeps them
    /// for reuse.
    fn vacuum_slice(&mut self) -> Result<bool> {
        let pragma = |name| self.db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0));
        let (mode, free): (i64, i64) = (pragma("auto_vacuum")?, pragma("freelist_count")?);
        if mode != AUTO_VACUUM_INCREMENTAL || free <= FREE_PAGES_KEPT {
            return Ok(false);
        }
        let pages = VACUUM_PAGES.min(free - FREE_PAGES_KEPT);
        self.unsynced(|vault| {
            // One row per page.
            let mut given = vault.db.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
            let mut rows = given.query([])?;
            while rows.next()?.is_some() {}
            Ok(())
        })?;
        Ok(true)
    }

    /// Finds all orphaned files and unsettled letters; only right after opening, when nobody can be
    /// staging a file.
    pub(super) fn find_orphans(&mut self) -> Result<()> {
        let orphans = self
            .db
            .prepare(
                "SELECT id FROM blob
                 WHERE NOT EXISTS (SELECT 1 FROM attachment WHERE attachment.blob = blob.id)
                   AND NOT EXISTS (SELECT 1 FROM forward_copy WHERE forward_copy.blob = blob.id)",
            )?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        self.chores = Chores {
            unsettled: Some(0),
            erasing: Some(0),
            renamed: true,
            indexing: true,
            orphans,
            erased: true,
        };
        Ok(())
    }
}

//! Check of a stopped store: every row against redb's sums and against the others, every body
//! against its sum. Writes nothing.
//!
//! A queue and a message know each other: the message's row counts the queue rows that name it. What
//! does not fit together is named by message position, as is every body that is not what was stored.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::ops::{Bound, ControlFlow};
use std::path::Path;
use std::sync::Arc;

use crate::body::Bodies;
use crate::body::large::LargeReader;
use crate::body::orphan_gc::{Found, Named};
use crate::data_dir::{ROWS_FILE, check_rows_are_there, known_format, last_position};
use crate::disk::{Disk, Lock, Open};
use crate::engine::redb::{RowsInspected, Verdict};
use crate::engine::{ReadRows, prefix_end};
use crate::error::StoreError;
use crate::extent::Extent;
use crate::position::{Class, Position};
use crate::row::{MESSAGES, MessageRow, QUEUES, message_of, parse_queue_key};
use crate::rows::{Memtable, Rows};
use crate::wal::replay::Replay;

/// Memory for rows while they are checked, in bytes.
const CACHE_BYTES: usize = 16 * 1024 * 1024;
/// A large body is read in pieces of so many bytes.
const PIECE_BYTES: usize = 256 * 1024;

/// A stopped store, opened to be looked at and locked against a service.
pub struct Inspection {
    rows: Rows<RowsInspected>,
    /// Bodies that the next start writes to their segments.
    in_wal: BTreeSet<Extent>,
    /// Whether the WAL's newest record is not whole.
    is_torn: bool,
    bodies: Arc<Bodies>,
    _lock: Box<dyn Lock>,
}

/// Something in a store that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The message it is about, where it is about one.
    pub message: Option<Position>,
    /// Which file, where in it, and what is wrong.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message {
            Some(position) => write!(f, "message {position}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Whether the service was stopped in order; if not, the next start tidies up.
    pub closed_in_order: bool,
    /// Whether the newest commit is incomplete and the next start undoes it. Only a store that was not
    /// closed in order has one. It is ordinary after a kill or a power cut: a commit is acknowledged
    /// when it is complete.
    pub newest_commit_undone: bool,
    /// Messages that wait for a device.
    pub messages: u64,
    /// Those of them that can be delivered.
    pub messages_whole: u64,
    /// Queued rows: one for each message and device.
    pub queued: u64,
    /// Bytes of all bodies.
    pub body_bytes: u64,
    /// Files of bodies in which no row names anything: the next start erases them.
    pub dead_files: u64,
    /// All that is not as it was written.
    pub damage: Vec<Damage>,
}

impl Findings {
    fn damaged(&mut self, message: Option<Position>, what: impl Into<String>) {
        self.damage.push(Damage { message, what: what.into() });
    }
}

/// A message while its queues are counted.
struct Counted {
    position: Position,
    class: Class,
    remaining: u32,
    found: u32,
}

impl Inspection {
    /// Opens the stopped store in `data_dir`.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while a service runs there, [`StoreError::Corrupt`] when nothing in
    /// its rows can be trusted, [`StoreError::NoStore`] when there is none.
    pub fn open(disk: Arc<dyn Disk>, data_dir: &Path) -> Result<Self, StoreError> {
        let failed = |error: io::Error| {
            if error.kind() == io::ErrorKind::NotFound {
                return StoreError::NoStore { path: data_dir.to_owned() };
            }
            StoreError::io("opening the data directory", error)
        };
        let lock = disk.lock(&data_dir.join("LOCK"), Open::Read).map_err(failed)?;
        let lock = lock.ok_or_else(|| StoreError::InUse { path: data_dir.to_owned() })?;
        check_rows_are_there(&*disk, data_dir)?;
        let file = disk.open(&data_dir.join(ROWS_FILE), Open::Read).map_err(failed)?;
        let rows = RowsInspected::open(file, CACHE_BYTES)?;
        known_format(&rows)?;
        let Replay { changes, runs, is_torn } = Replay::read(&*disk, data_dir, &rows)?;
        let mut waiting = Memtable::default();
        changes.into_iter().for_each(|change| waiting.apply(change));
        let alive = waiting.alive()?;
        let in_wal = runs.iter().flat_map(|run| run.extents(&alive)).map(|(at, _)| at).collect();
        let bodies = Arc::new(Bodies::new(disk, data_dir.join("bodies"), 0));
        let rows = Rows::new(Arc::new(rows), waiting);
        Ok(Self { rows, in_wal, is_torn, bodies, _lock: lock })
    }

    /// Shows all rows of the caller's whose key starts with `prefix`, as [`Store::scan`] does.
    ///
    /// [`Store::scan`]: super::Store::scan
    pub fn scan(
        &self,
        prefix: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let end = prefix_end(prefix);
        let to = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.scan((Bound::Included(prefix), to), &mut |key, value| {
            if visit(key, value) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    }

    /// Reads everything. Takes as long as reading the whole store does, and 32 bytes of memory
    /// for each message.
    ///
    /// # Errors
    /// When the disk cannot be read; damage is no error.
    pub fn check(&self) -> Result<Findings, StoreError> {
        let verdict = self.rows.engine().verdict;
        let mut findings = Findings {
            closed_in_order: verdict == Verdict::Whole && self.rows.waiting_bytes() == 0,
            newest_commit_undone: verdict == Verdict::Undone || self.is_torn,
            ..Findings::default()
        };
        let mut named = Named::default();
        let mut messages = self.messages(&mut findings, &mut named)?;
        self.queues(&mut findings, &mut messages)?;
        for Counted { position, remaining, found, .. } in &messages {
            if remaining != found {
                let what =
                    format!("its row says {remaining} devices, the queues of {found} name it");
                findings.damaged(Some(*position), what);
            }
        }
        let highest = messages.last().map_or(Position::default(), |message| message.position);
        match last_position(&self.rows) {
            Ok(last) if last >= highest => {}
            Ok(last) => {
                findings.damaged(Some(highest), format!("it lies behind {last}, the last one"))
            }
            Err(error) => findings.damaged(None, error.to_string()),
        }
        match Found::list(&self.bodies) {
            Ok(found) => findings.dead_files = found.dead_files(&named),
            // Bodies that are missing have been named one by one.
            Err(_) if messages.is_empty() => {}
            Err(error) => findings.damaged(None, error.to_string()),
        }
        Ok(findings)
    }

    fn messages(
        &self,
        findings: &mut Findings,
        named: &mut Named,
    ) -> Result<Vec<Counted>, StoreError> {
        let mut messages = Vec::new();
        let mut failure = None;
        let (from, to) = MESSAGES;
        self.rows.scan((Bound::Included(from), Bound::Excluded(to)), &mut |key, row| {
            let (position, row) =
                match message_of(key).map(|position| (position, MessageRow::decode(row))) {
                    Ok((position, row)) => (position, row),
                    Err(error) => {
                        findings.damaged(None, error.to_string());
                        return ControlFlow::Continue(());
                    }
                };
            findings.messages += 1;
            let row = match row {
                Ok(row) => row,
                Err(error) => {
                    findings.damaged(Some(position), error.to_string());
                    return ControlFlow::Continue(());
                }
            };
            row.body.parts().for_each(|part| named.add(part));
            let MessageRow { class, remaining, .. } = row;
            messages.push(Counted { position, class, remaining, found: 0 });
            match self.read_body(&row) {
                Ok(bytes) => {
                    findings.messages_whole += 1;
                    findings.body_bytes += bytes;
                }
                Err(StoreError::Corrupt { what }) => findings.damaged(Some(position), what),
                Err(error) => {
                    failure = Some(error);
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        failure.map_or(Ok(messages), Err)
    }

    fn queues(&self, findings: &mut Findings, messages: &mut [Counted]) -> Result<(), StoreError> {
        let (from, to) = QUEUES;
        self.rows.scan((Bound::Included(from), Bound::Excluded(to)), &mut |key, _| {
            findings.queued += 1;
            match parse_queue_key(key) {
                Ok((device, class, position)) => {
                    let at =
                        messages.binary_search_by_key(&position, |message| message.position).ok();
                    match at.and_then(|at| messages.get_mut(at)) {
                        Some(message) if message.class == class => message.found += 1,
                        Some(_) => {
                            findings.damaged(
                                Some(position),
                                format!("queue {device} has its class wrong"),
                            );
                        }
                        None => {
                            let what =
                                format!("queue {device} names it, and there is no such message");
                            findings.damaged(Some(position), what);
                        }
                    }
                }
                Err(error) => findings.damaged(None, error.to_string()),
            }
            ControlFlow::Continue(())
        })
    }

    fn read_body(&self, row: &MessageRow) -> Result<u64, StoreError> {
        // A start writes these again, and their record's sum is right.
        if !self.in_wal.contains(&row.body.small) {
            self.bodies.read_small(&row.body.small)?;
        }
        if let Some(large) = row.body.large {
            let mut reader = LargeReader::open(&self.bodies, large)?;
            while reader.next(PIECE_BYTES)?.is_some() {}
        }
        Ok(u64::from(row.body.head_len) + row.body.data_len())
    }
}

impl fmt::Debug for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspection").field("bodies", &self.bodies.dir()).finish_non_exhaustive()
    }
}

//! Opening a data directory: lock, format, rows, what is alive, then the threads.

use std::collections::BTreeSet;
use std::io;
use std::ops::{Bound, ControlFlow};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::body::eraser::Eraser;
use super::body::segment::Appender;
use super::body::sweep::{Found, Named, Sweep};
use super::body::{Bodies, Extent};
use super::counts::Counts;
use super::disk::{Disk, Lock, Open, SystemDisk};
use super::driver::{Driver, Running};
use super::engine::{Change, Engine, ReadRows};
use super::error::StoreError;
use super::inbox::Inbox;
use super::journal::Journal;
use super::journal::record::Run;
use super::journal::replay::Replay;
use super::recent::Recents;
use super::redb::RedbEngine;
use super::row::{FORMAT_KEY, LAST_ID_KEY, MESSAGES, MessageId, MessageRow, message_of};
use super::rows::{Rows, Waiting};
use super::writer::Writer;
use super::{Limits, Shared, Store};

/// The format this version writes, and the highest it reads. 2 has a journal, which versions that
/// read only 1 would not work through.
const FORMAT: u32 = 2;

/// The file of the rows, in the data directory.
pub(crate) const ROWS_FILE: &str = "rows.redb";

pub(crate) fn open(
    disk: Arc<dyn Disk>,
    data_dir: &Path,
    limits: &Limits,
    driver: Driver,
) -> Result<Store, StoreError> {
    let lock = lock(&*disk, data_dir)?;
    let rows = data_dir.join(ROWS_FILE);
    check_rows_are_there(&*disk, data_dir)?;
    let engine = RedbEngine::open_on(disk.clone(), &rows, limits.cache_bytes)?;
    start(disk, data_dir, limits, Arc::new(engine), lock, driver)
}

pub(crate) fn open_with(
    data_dir: &Path,
    limits: &Limits,
    engine: Arc<dyn Engine>,
) -> Result<Store, StoreError> {
    let disk = Arc::new(SystemDisk);
    let lock = lock(&*disk, data_dir)?;
    start(disk, data_dir, limits, engine, lock, Driver::Threads)
}

/// Bodies without rows would all be erased as garbage.
pub(crate) fn check_rows_are_there(disk: &dyn Disk, data_dir: &Path) -> Result<(), StoreError> {
    let names = |dir: &Path| match disk.list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        names => names.map_err(|error| StoreError::io("opening the data directory", error)),
    };
    let bodies = data_dir.join("bodies");
    if !names(data_dir)?.iter().any(|name| name == ROWS_FILE)
        && (names(&bodies)?.iter().any(|name| name.ends_with(".seg"))
            || !names(&bodies.join("large"))?.is_empty())
    {
        return Err(StoreError::corrupt(format!("{ROWS_FILE} is missing, and there are messages")));
    }
    Ok(())
}

/// Makes the directory where needed and locks it for this process.
fn lock(disk: &dyn Disk, data_dir: &Path) -> Result<Box<dyn Lock>, StoreError> {
    let failed = |error| StoreError::io("opening the data directory", error);
    disk.make_dir(data_dir).map_err(failed)?;
    let lock = disk.lock(&data_dir.join("LOCK"), Open::EditOrMake).map_err(failed)?;
    lock.ok_or_else(|| StoreError::InUse { path: data_dir.to_owned() })
}

fn start(
    disk: Arc<dyn Disk>,
    data_dir: &Path,
    limits: &Limits,
    engine: Arc<dyn Engine>,
    lock: Box<dyn Lock>,
    driver: Driver,
) -> Result<Store, StoreError> {
    check_format(&*engine)?;
    let bodies = Bodies::new(disk.clone(), data_dir.join("bodies"), limits.reserve_bytes);
    bodies.make_dirs()?;
    // What was made is only certain to be found again after this.
    bodies.sync_dir(bodies.dir())?;
    bodies.sync_dir(data_dir)?;
    let bodies = Arc::new(bodies);
    let (rows, journal) = recover(disk, data_dir, engine, &bodies)?;
    let found = Found::list(&bodies)?;
    let counts = Arc::new(Counts::default());
    let (named, highest_id) = read_messages(&rows, &bodies, &counts)?;
    let last_message_id = last_id(&rows)?.max(highest_id);
    rows.start_behind(last_message_id);
    let rows = Arc::new(rows);
    let (found_segment, found_large) = found.highest();
    let (named_segment, named_large) = named.highest();
    bodies.start_large_ids_at(found_large.max(named_large) + 1);
    let next_segment = found_segment.max(named_segment) + 1;

    let inbox = Arc::new(Inbox::new(limits.queue_bytes, last_message_id));
    let recents = Arc::<Recents>::default();
    let writer = Writer {
        rows: rows.clone(),
        journal,
        bodies: bodies.clone(),
        appender: Appender::new(bodies.clone(), next_segment),
        eraser: match driver {
            Driver::Threads => Eraser::start(bodies.clone())?,
            Driver::Task { .. } => Eraser::Inline(bodies.clone()),
        },
        inbox: inbox.clone(),
        counts: counts.clone(),
        recents: recents.clone(),
        settle_failure: None,
        checkpoint_at: None,
        checkpoint_failure: None,
        copies: std::collections::VecDeque::new(),
        copy_slice: limits.copy_slice.max(1),
        tidy_at: None,
    };
    let running = Running::start(driver, writer, Sweep { bodies: bodies.clone(), found, named })?;
    let shared = Shared {
        rows,
        bodies,
        inbox,
        counts,
        recents,
        room: Arc::new(Semaphore::new(limits.queue_bytes)),
        queue_bytes: limits.queue_bytes,
        running: Mutex::new(Some(running)),
        lock: Mutex::new(Some(lock)),
    };
    Ok(Store { shared: Arc::new(shared) })
}

/// A store that is new has no format yet.
fn check_format(engine: &dyn Engine) -> Result<(), StoreError> {
    engine.get(FORMAT_KEY)?.map_or(Ok(()), |_| known_format(engine))
}

/// The newest commit is not whole. That is what a power cut in it leaves, and then nobody was told
/// that it was stored; after anything else it is damage.
pub(crate) fn warn_of_undone() {
    tracing::warn!(
        "the last commit was not whole on the disk and is undone; unless the power failed, check the disk"
    );
}

/// Works through the journal that a crash left, and begins a new one.
fn recover(
    disk: Arc<dyn Disk>,
    data_dir: &Path,
    engine: Arc<dyn Engine>,
    bodies: &Bodies,
) -> Result<(Rows<dyn Engine>, Journal), StoreError> {
    let replay = Replay::read(&*disk, data_dir, &*engine)?;
    if replay.is_torn {
        warn_of_undone();
    }
    let mut waiting = Waiting::default();
    waiting.apply(Change::Put(FORMAT_KEY.into(), FORMAT.to_be_bytes().to_vec()));
    replay.changes.into_iter().for_each(|change| waiting.apply(change));
    restore(bodies, &waiting.alive()?, &replay.runs)?;
    let rows = Rows::new(engine, waiting);
    let mut journal = Journal::open(disk, data_dir)?;
    let epoch = journal.next_epoch()?;
    rows.checkpoint(Some(epoch))?;
    journal.begin(epoch);
    journal.give_back()?;
    Ok((rows, journal))
}

/// Writes the bodies of the journal to their segments, those that are still `alive`.
fn restore(
    bodies: &Bodies,
    alive: &BTreeSet<Extent>,
    runs: &[Run<Bytes>],
) -> Result<(), StoreError> {
    for run in runs {
        let mut found = run.extents(alive).peekable();
        if found.peek().is_some() {
            bodies.restore(run.segment, found)?;
        }
    }
    bodies.sync_segments()?;
    bodies.sync_dir(bodies.dir())
}

/// Whether this version can read the rows.
pub(crate) fn known_format(engine: &(impl ReadRows + ?Sized)) -> Result<(), StoreError> {
    let row =
        engine.get(FORMAT_KEY)?.ok_or_else(|| StoreError::corrupt("there is no format row"))?;
    match number(&row, "format")? {
        found if found > u64::from(FORMAT) => {
            Err(StoreError::NewerFormat { found: found as u32, known: FORMAT })
        }
        _ => Ok(()),
    }
}

pub(crate) fn last_id(engine: &(impl ReadRows + ?Sized)) -> Result<MessageId, StoreError> {
    engine.get(LAST_ID_KEY)?.map_or(Ok(0), |row| number(&row, "last id"))
}

fn number(row: &[u8], name: &str) -> Result<u64, StoreError> {
    if row.len() > 8 {
        return Err(StoreError::corrupt(format!("the {name} row has an unknown form")));
    }
    Ok(row.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Reads all message rows: what is alive where, how much there is, and the highest id.
fn read_messages(
    engine: &(impl ReadRows + ?Sized),
    bodies: &Bodies,
    counts: &Counts,
) -> Result<(Named, MessageId), StoreError> {
    let (mut named, mut highest, mut messages, mut owed) = (Named::default(), 0, 0_u64, 0_u64);
    let mut bad = None;
    let mut sizes = Vec::new();
    let (from, to) = MESSAGES;
    engine.scan(
        (Bound::Included(from), Bound::Excluded(to)),
        &mut |key, row| match message_of(key).and_then(|id| Ok((id, MessageRow::decode(row)?))) {
            Ok((id, row)) => {
                highest = highest.max(id);
                messages += 1;
                owed += u64::from(row.remaining);
                sizes.push((id, row.body.len()));
                for part in row.body.parts() {
                    bodies.add_live(&part);
                    named.add(part);
                }
                ControlFlow::Continue(())
            }
            Err(error) => {
                bad = Some(error);
                ControlFlow::Break(())
            }
        },
    )?;
    counts.messages.store(messages, Ordering::Relaxed);
    counts.owed.store(owed, Ordering::Relaxed);
    bad.map_or(Ok(()), Err)?;
    counts.read_queues(engine, &sizes)?;
    Ok((named, highest))
}

//! Opening a data directory: lock, format, rows, what is alive, then the threads.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::ops::{Bound, ControlFlow};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

use super::body::Bodies;
use super::body::eraser::Eraser;
use super::body::segment::Appender;
use super::body::sweep::{self, Found, Named};
use super::engine::{Batch, Engine};
use super::error::StoreError;
use super::inbox::Inbox;
use super::redb::RedbEngine;
use super::row::{FORMAT_KEY, LAST_ID_KEY, MESSAGES, MessageId, MessageRow, message_of};
use super::writer::{Counts, Writer};
use super::{Limits, Shared, Store};

/// The format this version writes, and the highest it reads.
const FORMAT: u32 = 1;

pub(crate) fn open(data_dir: &Path, limits: Limits) -> Result<Store, StoreError> {
    let lock = lock(data_dir)?;
    let engine = RedbEngine::open(&data_dir.join("rows.redb"), limits.cache_bytes)?;
    start(data_dir, &limits, Arc::new(engine), lock)
}

pub(crate) fn open_with(
    data_dir: &Path,
    limits: Limits,
    engine: Arc<dyn Engine>,
) -> Result<Store, StoreError> {
    let lock = lock(data_dir)?;
    start(data_dir, &limits, engine, lock)
}

/// Makes the directory where needed and locks it for this process.
fn lock(data_dir: &Path) -> Result<File, StoreError> {
    const DOING: &str = "opening the data directory";
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .map_err(|error| StoreError::io(DOING, error))?;
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(data_dir.join("LOCK"))
        .map_err(|error| StoreError::io(DOING, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: data_dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(StoreError::io(DOING, error)),
    }
}

fn start(
    data_dir: &Path,
    limits: &Limits,
    engine: Arc<dyn Engine>,
    lock: File,
) -> Result<Store, StoreError> {
    check_format(&*engine)?;
    let bodies = Arc::new(Bodies::open(data_dir.join("bodies"), limits.reserve_bytes)?);
    let found = Found::list(&bodies)?;
    let counts = Arc::new(Counts::default());
    let (named, highest_id) = read_messages(&*engine, &bodies, &counts)?;
    let last_message_id = last_id(&*engine)?.max(highest_id);
    let (found_segment, found_large) = found.highest();
    let (named_segment, named_large) = named.highest();
    bodies.start_large_ids_at(found_large.max(named_large) + 1);
    let next_segment = found_segment.max(named_segment) + 1;

    let inbox = Arc::new(Inbox::new(limits.queue_bytes, last_message_id));
    let sweeping = sweep::start(bodies.clone(), found, named)?;
    let writer = Writer {
        engine: engine.clone(),
        bodies: bodies.clone(),
        appender: Appender::new(bodies.clone(), next_segment),
        eraser: Eraser::start(bodies.clone())?,
        inbox: inbox.clone(),
        counts: counts.clone(),
        settle_failure: None,
    };
    let writing = std::thread::Builder::new()
        .name("store-writer".into())
        .spawn(move || writer.run())
        .map_err(|error| StoreError::io("starting the writer", error))?;
    let shared = Shared {
        engine,
        bodies,
        inbox,
        counts,
        room: Arc::new(Semaphore::new(limits.queue_bytes)),
        queue_bytes: limits.queue_bytes,
        last_message_id,
        threads: Mutex::new(vec![writing, sweeping]),
        lock: Mutex::new(Some(lock)),
    };
    Ok(Store { shared: Arc::new(shared) })
}

fn check_format(engine: &dyn Engine) -> Result<(), StoreError> {
    match engine.get(FORMAT_KEY)? {
        None => {
            let mut batch = Batch::new();
            batch.put(FORMAT_KEY, FORMAT.to_be_bytes());
            engine.commit(&[batch]).map(|_| ())
        }
        Some(row) => match number(&row, "format")? {
            found if found > u64::from(FORMAT) => {
                Err(StoreError::NewerFormat { found: found as u32, known: FORMAT })
            }
            _ => Ok(()),
        },
    }
}

fn last_id(engine: &dyn Engine) -> Result<MessageId, StoreError> {
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
    engine: &dyn Engine,
    bodies: &Bodies,
    counts: &Counts,
) -> Result<(Named, MessageId), StoreError> {
    let (mut named, mut highest, mut messages, mut owed) = (Named::default(), 0, 0_u64, 0_u64);
    let mut bad = None;
    let (from, to) = MESSAGES;
    engine.scan(
        (Bound::Included(from), Bound::Excluded(to)),
        &mut |key, row| match message_of(key).and_then(|id| Ok((id, MessageRow::decode(row)?))) {
            Ok((id, row)) => {
                highest = highest.max(id);
                messages += 1;
                owed += u64::from(row.remaining);
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
    bad.map_or(Ok((named, highest)), Err)
}

//! Opening a store: lock, format, replay of the log, scan for live bodies, then the threads.

use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::limits::StoreLimits;
use super::shared::Shared;
use crate::batch::Change;
use crate::body::Bodies;
use crate::body::eraser::Eraser;
use crate::body::orphan_gc::{Found, Named, OrphanGc};
use crate::body::segment::Appender;
use crate::counts::Counts;
use crate::data_dir::{FORMAT, ROWS_FILE, check_format, check_rows_are_there, last_position, lock};
#[cfg(test)]
use crate::disk::SystemDisk;
use crate::disk::{Disk, Lock};
use crate::engine::redb::{RedbEngine, log_undone};
use crate::engine::{Engine, ReadRows};
use crate::error::StoreError;
use crate::executor::{Executor, Running};
use crate::extent::Extent;
use crate::message_cache::MessageCache;
use crate::position::Position;
use crate::row::{FORMAT_KEY, MESSAGES, MessageRow, message_of};
use crate::rows::{Memtable, Rows};
use crate::wal::Wal;
use crate::wal::record::Run;
use crate::wal::replay::Replay;
use crate::writer::Writer;
use crate::writer::commit_queue::CommitQueue;

pub(crate) fn open(
    disk: Arc<dyn Disk>,
    data_dir: &Path,
    limits: &StoreLimits,
    executor: Executor,
) -> Result<Shared, StoreError> {
    let lock = lock(&*disk, data_dir)?;
    let rows = data_dir.join(ROWS_FILE);
    check_rows_are_there(&*disk, data_dir)?;
    let engine = RedbEngine::open_on(disk.clone(), &rows, limits.cache_bytes)?;
    start(disk, data_dir, limits, Arc::new(engine), lock, executor)
}

/// With rows in an engine of the caller's; bodies stay files.
#[cfg(test)]
pub(crate) fn open_with(
    data_dir: &Path,
    limits: &StoreLimits,
    engine: Arc<dyn Engine>,
) -> Result<Shared, StoreError> {
    let disk = Arc::new(SystemDisk);
    let lock = lock(&*disk, data_dir)?;
    start(disk, data_dir, limits, engine, lock, Executor::Threads)
}

fn start(
    disk: Arc<dyn Disk>,
    data_dir: &Path,
    limits: &StoreLimits,
    engine: Arc<dyn Engine>,
    lock: Box<dyn Lock>,
    executor: Executor,
) -> Result<Shared, StoreError> {
    check_format(&*engine)?;
    let bodies = Bodies::new(disk.clone(), data_dir.join("bodies"), limits.reserve_bytes);
    bodies.make_dirs()?;
    // What was made is only certain to be found again after this.
    bodies.sync_dir(bodies.dir())?;
    bodies.sync_dir(data_dir)?;
    let bodies = Arc::new(bodies);
    let (rows, wal) = recover(disk, data_dir, engine, &bodies)?;
    let found = Found::list(&bodies)?;
    let counts = Arc::new(Counts::default());
    let (named, highest) = read_messages(&rows, &bodies, &counts)?;
    let last = last_position(&rows)?.max(highest);
    rows.start_behind(last);
    let rows = Arc::new(rows);
    let (found_segment, found_large) = found.highest();
    let (named_segment, named_large) = named.highest();
    bodies.start_large_ids_at(found_large.max(named_large) + 1);
    let next_segment = found_segment.max(named_segment) + 1;

    let commit_queue = Arc::new(CommitQueue::new(limits.queue_bytes));
    let cache = Arc::<MessageCache>::default();
    let writer = Writer {
        rows: rows.clone(),
        wal,
        bodies: bodies.clone(),
        appender: Appender::new(bodies.clone(), next_segment),
        eraser: match executor {
            Executor::Threads => Eraser::start(bodies.clone())?,
            Executor::Task { .. } => Eraser::Inline(bodies.clone()),
        },
        commit_queue: commit_queue.clone(),
        counts: counts.clone(),
        cache: cache.clone(),
        ack_failure: None,
        checkpoint_at: None,
        checkpoint_failure: None,
        copies: std::collections::VecDeque::new(),
        copy_slice: limits.copy_slice.max(1),
        tidy_at: None,
    };
    let running =
        Running::start(executor, writer, OrphanGc { bodies: bodies.clone(), found, named })?;
    Ok(Shared {
        rows,
        bodies,
        commit_queue,
        counts,
        cache,
        room: Arc::new(Semaphore::new(limits.queue_bytes)),
        queue_bytes: limits.queue_bytes,
        last_given: Mutex::new(last),
        running: Mutex::new(Some(running)),
        lock: Mutex::new(Some(lock)),
    })
}

/// Works through the log that a crash left, and begins a new one.
fn recover(
    disk: Arc<dyn Disk>,
    data_dir: &Path,
    engine: Arc<dyn Engine>,
    bodies: &Bodies,
) -> Result<(Rows<dyn Engine>, Wal), StoreError> {
    let replay = Replay::read(&*disk, data_dir, &*engine)?;
    if replay.is_torn {
        log_undone();
    }
    let mut memtable = Memtable::default();
    memtable.apply(Change::Put(FORMAT_KEY.into(), FORMAT.to_be_bytes().to_vec()));
    replay.changes.into_iter().for_each(|change| memtable.apply(change));
    restore(bodies, &memtable.alive()?, &replay.runs)?;
    let rows = Rows::new(engine, memtable);
    let mut wal = Wal::open(disk, data_dir)?;
    let epoch = wal.next_epoch()?;
    rows.checkpoint(Some(epoch))?;
    wal.begin(epoch);
    wal.give_back()?;
    Ok((rows, wal))
}

/// Writes the bodies of the log to their segments, those that are still `alive`.
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

/// Reads all message rows: what is alive where, how much there is, and the highest position.
fn read_messages(
    engine: &(impl ReadRows + ?Sized),
    bodies: &Bodies,
    counts: &Counts,
) -> Result<(Named, Position), StoreError> {
    let (mut named, mut highest) = (Named::default(), Position::default());
    let (mut messages, mut queued) = (0_u64, 0_u64);
    let mut bad = None;
    let mut sizes = Vec::new();
    let (from, to) = MESSAGES;
    engine.scan(
        (Bound::Included(from), Bound::Excluded(to)),
        &mut |key, row| match message_of(key)
            .and_then(|position| Ok((position, MessageRow::decode(row)?)))
        {
            Ok((position, row)) => {
                highest = highest.max(position);
                messages += 1;
                queued += u64::from(row.remaining);
                sizes.push((position, row.body.len()));
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
    counts.queued.store(queued, Ordering::Relaxed);
    bad.map_or(Ok(()), Err)?;
    counts.read_queues(engine, &sizes)?;
    Ok((named, highest))
}

//! Model of a store: maps in memory, as plain as can be. What the suite compares stores with, and the
//! proof that another store can stand behind the trait.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::ops::Bound;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::{fmt, fs};

use async_trait::async_trait;
use bytes::Bytes;
use tmtp_store::{
    Batch, BodyReader, BodyWriter, Class, Commit, Copied, Cursor, DeviceNumber, FinishedBody,
    Locator, MAX_SMALL_BYTES, MessageReader, NewData, NewMessage, Position, Queue, QueueLengths,
    Queued, RESERVED_PREFIXES, Read, Receipt, Room, Row, Stats, Store, StoreError, StoreMetrics,
    WriteCommit,
};
use tokio::sync::watch;

/// A store that lasts as long as the process. A backup of it is one JSON file.
#[derive(Debug)]
pub struct ModelStore {
    state: Arc<Mutex<State>>,
    metrics: StoreMetrics,
    closed: watch::Sender<bool>,
    /// Whether queues and messages are not read for now.
    held: watch::Sender<bool>,
    /// Whether large bodies are not written for now.
    held_writes: watch::Sender<bool>,
    /// Whether it fails from now on, as after a failed sync.
    fails: AtomicBool,
}

/// The file of a backup, in its folder.
const BACKUP_FILE: &str = "model.json";

/// What a backup holds: the last position, the rows, and the messages.
type Image = (u64, Vec<Row>, Vec<ImageMessage>);

/// Position, whether it is of the user class, head, data, devices.
type ImageMessage = (u64, bool, Vec<u8>, Vec<u8>, BTreeSet<DeviceNumber>);

#[derive(Debug, Default)]
struct State {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    messages: BTreeMap<Position, Stored>,
    last_given: Position,
    last: Position,
}

#[derive(Debug)]
struct Stored {
    class: Class,
    head: Bytes,
    data: Bytes,
    devices: BTreeSet<DeviceNumber>,
}

/// A large body, which here is in memory too.
#[derive(Debug)]
struct Body(Vec<u8>);

/// Takes a large body, no piece of it at once, and none while writes are held.
struct Writer {
    bytes: Vec<u8>,
    is_asked: bool,
    held: watch::Receiver<bool>,
    released: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("len", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Default for ModelStore {
    fn default() -> Self {
        let [closed, held, held_writes] = [(); 3].map(|()| watch::Sender::new(false));
        Self {
            state: Arc::default(),
            metrics: StoreMetrics::default(),
            closed,
            held,
            held_writes,
            fails: AtomicBool::new(false),
        }
    }
}

impl ModelStore {
    /// An empty one.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The store of a backup.
    ///
    /// # Errors
    /// When there is none in `dir`.
    pub fn open_backup(dir: &Path) -> Result<Arc<Self>, StoreError> {
        let failed = |error| StoreError::io("opening a copy of a model", error);
        let bytes = fs::read(dir.join(BACKUP_FILE)).map_err(failed)?;
        let image = serde_json::from_slice(&bytes).map_err(|error| failed(error.into()))?;
        Ok(Arc::new(Self {
            state: Arc::new(Mutex::new(State::of_image(image))),
            ..Self::default()
        }))
    }

    /// From now on nobody knows whether what is submitted was stored, as after a failed sync.
    pub fn fail(&self) {
        self.fails.store(true, Ordering::SeqCst);
    }

    /// Has queues and messages be read only when this is taken back, as in a store that takes its time.
    pub fn hold_reads(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Has large bodies be written only when this is taken back.
    pub fn hold_writes(&self, held: bool) {
        self.held_writes.send_replace(held);
    }

    /// Reads once reading is not held.
    fn read_later<T>(
        &self,
        read: impl FnOnce(&State) -> Result<T, StoreError> + Send + 'static,
    ) -> Read<T> {
        let (state, mut held) = (Arc::clone(&self.state), self.held.subscribe());
        Read::later(async move {
            // Without its sender the model is gone, and nothing is held.
            let _ = held.wait_for(|held| !held).await;
            read(&state.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(
        &self,
        change: impl FnOnce(&mut State) -> Result<Option<Position>, StoreError>,
    ) -> Receipt {
        let open = if *self.closed.borrow() {
            Err(StoreError::Closed)
        } else if self.fails.load(Ordering::SeqCst) {
            Err(StoreError::Uncertain)
        } else {
            Ok(())
        };
        let (answer, receipt) = Receipt::new();
        answer.send(open.and_then(|()| change(&mut self.state())));
        receipt
    }
}

impl State {
    fn image(&self) -> Image {
        let rows = self.rows.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let message = |(position, message): (&Position, &Stored)| {
            let Stored { class, head, data, devices } = message;
            let is_user = matches!(class, Class::User);
            (position.0, is_user, head.to_vec(), data.to_vec(), devices.clone())
        };
        (self.last.0, rows, self.messages.iter().map(message).collect())
    }

    fn of_image((last, rows, messages): Image) -> Self {
        let message = |(position, is_user, head, data, devices): ImageMessage| {
            let class = if is_user { Class::User } else { Class::Rest };
            (Position(position), Stored { class, head: head.into(), data: data.into(), devices })
        };
        Self {
            rows: rows.into_iter().collect(),
            messages: messages.into_iter().map(message).collect(),
            last_given: Position(last),
            last: Position(last),
        }
    }

    fn commit(&mut self, first: Position, commit: Commit) -> Result<Option<Position>, StoreError> {
        let Commit { messages, rows, gives_up } = commit;
        check(&rows)?;
        let stored: Vec<_> = messages.into_iter().map(Stored::new).collect::<Result<_, _>>()?;
        self.last_given = self.last_given.plus(stored.len());
        let waits = |(device, position): &(DeviceNumber, Position)| {
            self.messages.get(position).is_some_and(|message| message.devices.contains(device))
        };
        if !gives_up.iter().all(waits) {
            return Err(StoreError::Gone);
        }
        for (device, position) in gives_up {
            self.ack(device, &[position]);
        }
        let first = (!stored.is_empty()).then_some(first);
        for (at, message) in stored.into_iter().enumerate() {
            self.last = first.unwrap_or_default().plus(at);
            if !message.devices.is_empty() {
                self.messages.insert(self.last, message);
            }
        }
        self.apply(&rows);
        Ok(first)
    }

    fn apply(&mut self, rows: &Batch) {
        for (key, value) in rows.changes() {
            match value {
                Some(value) => drop(self.rows.insert(key.to_vec(), value.to_vec())),
                None => drop(self.rows.remove(key)),
            }
        }
    }

    fn ack(&mut self, device: DeviceNumber, positions: &[Position]) {
        for position in positions {
            if let Some(message) = self.messages.get_mut(position) {
                message.devices.remove(&device);
                if message.devices.is_empty() {
                    self.messages.remove(position);
                }
            }
        }
    }

    /// What waits for `device`, in order of delivery.
    fn queue(&self, device: DeviceNumber) -> impl Iterator<Item = (Position, &Stored)> {
        let of = move |class| {
            let is_in =
                move |message: &Stored| message.class == class && message.devices.contains(&device);
            let messages = self.messages.iter().filter(move |(_, message)| is_in(message));
            messages.map(|(position, message)| (*position, message))
        };
        of(Class::User).chain(of(Class::Rest))
    }
}

impl Stored {
    fn new(message: NewMessage) -> Result<Self, StoreError> {
        let NewMessage { class, head, data, devices } = message;
        let data = match data {
            NewData::Inline(bytes) => {
                let len = head.len().max(bytes.len());
                if len > MAX_SMALL_BYTES {
                    return Err(StoreError::TooLong { len, max: MAX_SMALL_BYTES });
                }
                bytes
            }
            NewData::Large(body) => body.into_held::<Body>()?.0.into(),
        };
        Ok(Self { class, head, data, devices: devices.into_iter().collect() })
    }

    fn queued(&self, device: DeviceNumber, position: Position) -> Queued {
        Queued {
            device,
            class: self.class,
            position,
            head_len: self.head.len() as u32,
            data_len: self.data.len() as u64,
            locator: Locator::new(),
        }
    }

    fn bytes(&self) -> u64 {
        (self.head.len() + self.data.len()) as u64
    }
}

fn check(rows: &Batch) -> Result<(), StoreError> {
    let reserved = rows.changes().filter_map(|(key, _)| key.first());
    match reserved.copied().find(|byte| RESERVED_PREFIXES.contains(byte)) {
        Some(byte) => Err(StoreError::ReservedKey { prefix: char::from(byte) }),
        None => Ok(()),
    }
}

#[async_trait]
impl BodyWriter for Writer {
    fn poll_write(
        &mut self,
        bytes: &[u8],
        context: &mut Context<'_>,
    ) -> Poll<Result<(), StoreError>> {
        if !std::mem::replace(&mut self.is_asked, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut held = self.held.clone();
        let released = self.released.get_or_insert_with(|| {
            Box::pin(async move {
                // An end of the store releases it too.
                let _ = held.wait_for(|held| !held).await;
            })
        });
        ready!(released.as_mut().poll(context));
        self.released = None;
        self.is_asked = false;
        self.bytes.extend_from_slice(bytes);
        Poll::Ready(Ok(()))
    }

    async fn finish(self: Box<Self>) -> Result<FinishedBody, StoreError> {
        Ok(FinishedBody::new(self.bytes.len() as u64, Body(self.bytes)))
    }
}

/// A large body that is read: no piece is there at once.
#[derive(Debug)]
struct Pieces {
    left: Bytes,
    is_asked: bool,
}

impl BodyReader for Pieces {
    fn poll_next(
        &mut self,
        max: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, StoreError>> {
        self.is_asked = !self.is_asked;
        if self.is_asked {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let piece = self.left.split_to(self.left.len().min(max.max(1)));
        Poll::Ready(Ok((!piece.is_empty()).then_some(piece)))
    }
}

impl QueueLengths for ModelStore {
    fn queue(&self, device: DeviceNumber) -> Queue {
        self.queues_together(&[device])
    }

    fn queues_together(&self, devices: &[DeviceNumber]) -> Queue {
        let (state, mut sum) = (self.state(), Queue::default());
        for device in devices {
            state.queue(*device).for_each(|(_, message)| sum.add(message.bytes()));
        }
        sum
    }

    fn queues_over(
        &self,
        devices: &[DeviceNumber],
        messages: u64,
        bytes: u64,
    ) -> Vec<DeviceNumber> {
        let is_over = |device: &&DeviceNumber| {
            let queue = self.queue(**device);
            queue.messages > 0 && queue.reaches(Queue { messages, bytes })
        };
        devices.iter().filter(is_over).copied().collect()
    }
}

#[async_trait]
impl Store for ModelStore {
    fn start_behind(&self, last: Position) {
        let mut state = self.state();
        state.last_given = state.last_given.max(last);
    }

    async fn room(&self, _bytes: usize) -> Room {
        Room::new(None)
    }

    fn large_body(&self) -> Box<dyn BodyWriter> {
        let held = self.held_writes.subscribe();
        Box::new(Writer { bytes: Vec::new(), is_asked: false, held, released: None })
    }

    fn commit(&self, write: WriteCommit) -> Receipt {
        self.change(|state| {
            let first = state.last_given.plus(1);
            state.commit(first, write(first)?)
        })
    }

    fn ack(&self, device: DeviceNumber, messages: &[Position]) {
        self.state().ack(device, messages);
    }

    fn copy_queue(&self, from: DeviceNumber, to: DeviceNumber, begin: Batch) -> Receipt {
        self.change(|state| {
            check(&begin)?;
            state.apply(&begin);
            for message in state.messages.values_mut() {
                if message.devices.contains(&from) {
                    message.devices.insert(to);
                }
            }
            Ok(None)
        })
    }

    fn drop_queue(&self, device: DeviceNumber, rows: Batch) -> Receipt {
        self.change(|state| {
            check(&rows)?;
            state.apply(&rows);
            let queue: Vec<_> = state.queue(device).map(|(position, _)| position).collect();
            state.ack(device, &queue);
            Ok(None)
        })
    }

    fn flush(&self) -> Receipt {
        self.change(|_| Ok(None))
    }

    fn next(
        &self,
        device: DeviceNumber,
        mut cursor: Cursor,
        limit: usize,
    ) -> Read<(Vec<Queued>, Cursor)> {
        self.read_later(move |state| {
            let is_behind = |(position, message): &(Position, &Stored)| {
                cursor.after(message.class).is_none_or(|after| *position > after)
            };
            let found: Vec<_> = state
                .queue(device)
                .filter(is_behind)
                .take(limit)
                .map(|(position, message)| message.queued(device, position))
                .collect();
            found.iter().for_each(|queued| cursor.advance(queued.class, queued.position));
            if found.len() < limit {
                cursor.advance(Class::User, state.last);
                cursor.advance(Class::Rest, state.last);
            }
            Ok((found, cursor))
        })
    }

    async fn next_queued(
        &self,
        device: DeviceNumber,
        class: Class,
        after: Option<Position>,
    ) -> Result<Option<Position>, StoreError> {
        let state = self.state();
        let mut queue = state.queue(device);
        let found = queue.find(|(position, message)| {
            message.class == class && after.is_none_or(|after| *position > after)
        });
        Ok(found.map(|(position, _)| position))
    }

    async fn queued_at(
        &self,
        device: DeviceNumber,
        class: Class,
        position: Position,
    ) -> Result<Option<Queued>, StoreError> {
        let state = self.state();
        let message = state.messages.get(&position).filter(|message| message.class == class);
        let message = message.filter(|message| message.devices.contains(&device));
        Ok(message.map(|message| message.queued(device, position)))
    }

    fn read(&self, queued: &Queued) -> Read<MessageReader> {
        let position = queued.position;
        self.read_later(move |state| {
            let Stored { head, data, .. } =
                state.messages.get(&position).ok_or(StoreError::Gone)?;
            if data.len() <= MAX_SMALL_BYTES {
                return Ok(MessageReader::small(head.clone(), data.clone()));
            }
            let pieces = Pieces { left: data.clone(), is_asked: false };
            Ok(MessageReader::large(head.clone(), Box::new(pieces), data.len() as u64))
        })
    }

    async fn oldest(&self) -> Result<Option<Position>, StoreError> {
        Ok(self.state().messages.keys().next().copied())
    }

    async fn last(&self) -> Result<Position, StoreError> {
        Ok(self.state().last)
    }

    async fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().rows.get(key).cloned())
    }

    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let state = self.state();
        let from = after.map_or(Bound::Included(prefix), Bound::Excluded);
        let behind = state.rows.range::<[u8], _>((from, Bound::Unbounded));
        let rows = behind.filter(|(key, _)| key.starts_with(prefix)).take(limit);
        Ok(rows.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    async fn backup(&self, dir: &Path) -> Result<Copied, StoreError> {
        const DOING: &str = "copying a model";
        let failed = |error| StoreError::io(DOING, error);
        fs::create_dir_all(dir).map_err(failed)?;
        if fs::read_dir(dir).map_err(failed)?.next().is_some() {
            return Err(StoreError::NotEmpty { path: dir.to_owned() });
        }
        let image = self.state().image();
        let bytes = serde_json::to_vec(&image).map_err(|error| failed(error.into()))?;
        fs::write(dir.join(BACKUP_FILE), bytes).map_err(failed)?;
        let (_, rows, messages) = image;
        let body_bytes =
            messages.iter().map(|(_, _, head, data, _)| head.len() + data.len()).sum::<usize>();
        Ok(Copied {
            rows: rows.len() as u64,
            messages: messages.len() as u64,
            body_bytes: body_bytes as u64,
            damaged: Vec::new(),
        })
    }

    fn queues(&self) -> Vec<(DeviceNumber, Queue)> {
        let devices: BTreeSet<_> = {
            let state = self.state();
            state.messages.values().flat_map(|message| message.devices.iter().copied()).collect()
        };
        devices.into_iter().map(|device| (device, self.queue(device))).collect()
    }

    fn stats(&self) -> Stats {
        let state = self.state();
        Stats {
            messages: state.messages.len() as u64,
            queued: state.messages.values().map(|message| message.devices.len() as u64).sum(),
            body_bytes: state.messages.values().map(Stored::bytes).sum(),
            segments: 0,
        }
    }

    fn metrics(&self) -> &StoreMetrics {
        &self.metrics
    }

    async fn ended(&self) {
        // The sender is here, so it cannot fail.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.closed.send_replace(true);
        Ok(())
    }
}

//! Stores in tests: a store that is asked without awaiting, a model in memory, and the suite that every
//! store passes.

pub mod conformance;
mod model;

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tmtp_store::disk::Disk;
use tmtp_store::{
    Batch, BodyWriter, Class, Commit, Copied, Cursor, DeviceNumber, EmbeddedStore, Executor,
    FinishedBody, MessageReader, NewData, NewMessage, Position, Queue, Queued, Receipt, Row, Stats,
    Store, StoreError, StoreLimits,
};
use tokio::runtime::{Builder, Handle, RuntimeFlavor};

pub use model::ModelStore;

/// A store whose answers are waited for, for tests that are no async tasks. Clones share it.
#[derive(Debug, Clone)]
pub struct BlockingStore(Arc<dyn Store>);

/// A message that is to get a certain position.
#[derive(Debug)]
pub struct Message {
    /// Its position, above all that were given before.
    pub id: u64,
    /// What it is.
    pub class: Class,
    /// Its head.
    pub head: Bytes,
    /// Its data.
    pub data: NewData,
    /// Who is to get it.
    pub devices: Vec<DeviceNumber>,
}

impl Message {
    /// A message of the usual class, whose head says its position.
    pub fn text(id: u64, text: &str, devices: &[DeviceNumber]) -> Self {
        Self {
            id,
            class: Class::Rest,
            head: Bytes::from(format!("head of {id}:")),
            data: NewData::Inline(Bytes::copy_from_slice(text.as_bytes())),
            devices: devices.to_vec(),
        }
    }

    fn unnumbered(self) -> NewMessage {
        let Self { id: _, class, head, data, devices } = self;
        NewMessage { class, head, data, devices }
    }
}

impl BlockingStore {
    /// Any store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// The embedded store in a folder.
    ///
    /// # Errors
    /// As of [`EmbeddedStore::open`].
    pub fn open(data_dir: &Path, limits: StoreLimits) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(EmbeddedStore::open(data_dir, limits)?)))
    }

    /// The embedded store on any disk.
    ///
    /// # Errors
    /// As of [`EmbeddedStore::open_on`].
    pub fn open_on(
        disk: Arc<dyn Disk>,
        data_dir: &Path,
        limits: StoreLimits,
        executor: Executor,
    ) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(EmbeddedStore::open_on(disk, data_dir, limits, executor)?)))
    }

    /// The store itself.
    pub fn inner(&self) -> &Arc<dyn Store> {
        &self.0
    }

    /// Commits a message and rows.
    pub fn post(&self, message: Message, rows: Batch) -> Receipt {
        self.post_all(vec![message], rows)
    }

    /// Commits messages and rows.
    pub fn post_all(&self, messages: Vec<Message>, rows: Batch) -> Receipt {
        self.give_up(Vec::new(), messages, rows)
    }

    /// Commits messages and rows with messages that are given up.
    ///
    /// # Panics
    /// When the messages do not get the positions that they name.
    pub fn give_up(
        &self,
        gives_up: Vec<(DeviceNumber, u64)>,
        messages: Vec<Message>,
        rows: Batch,
    ) -> Receipt {
        if let Some(message) = messages.first() {
            self.0.start_behind(Position(message.id.saturating_sub(1)));
        }
        let gives_up =
            gives_up.into_iter().map(|(device, id)| (device, Position(id))).collect::<Vec<_>>();
        self.0.commit(Box::new(move |first| {
            for (id, message) in (first.0..).zip(&messages) {
                assert_eq!(id, message.id, "positions are given in order");
            }
            let messages = messages.into_iter().map(Message::unnumbered).collect();
            Ok(Commit { messages, rows, gives_up })
        }))
    }

    /// As [`Store::submit`].
    pub fn submit(&self, rows: Batch) -> Receipt {
        self.0.submit(rows)
    }

    /// As [`Store::copy_queue`].
    pub fn copy_queue(&self, from: DeviceNumber, to: DeviceNumber, begin: Batch) -> Receipt {
        self.0.copy_queue(from, to, begin)
    }

    /// As [`Store::drop_queue`].
    pub fn drop_queue(&self, device: DeviceNumber, rows: Batch) -> Receipt {
        self.0.drop_queue(device, rows)
    }

    /// As [`Store::flush`].
    pub fn flush(&self) -> Receipt {
        self.0.flush()
    }

    /// As [`Store::ack`].
    pub fn ack(&self, device: DeviceNumber, ids: &[u64]) {
        let positions: Vec<_> = ids.iter().copied().map(Position).collect();
        self.0.ack(device, &positions);
    }

    /// The first `limit` messages that wait for `device` behind `cursor`.
    ///
    /// # Errors
    /// As of [`Store::next`].
    pub fn queued(
        &self,
        device: DeviceNumber,
        mut cursor: Cursor,
        limit: usize,
    ) -> Result<Vec<Queued>, StoreError> {
        self.next(device, &mut cursor, limit)
    }

    /// As [`Store::next`].
    ///
    /// # Errors
    /// As of [`Store::next`].
    pub fn next(
        &self,
        device: DeviceNumber,
        cursor: &mut Cursor,
        limit: usize,
    ) -> Result<Vec<Queued>, StoreError> {
        let (found, behind) = wait(self.0.next(device, *cursor, limit))?;
        *cursor = behind;
        Ok(found)
    }

    /// Positions of all messages that wait for `device`, in order of delivery.
    ///
    /// # Panics
    /// When they cannot be read.
    pub fn queued_ids(&self, device: DeviceNumber) -> Vec<u64> {
        match self.queued(device, Cursor::start(), usize::MAX) {
            Ok(queued) => queued.iter().map(|queued| queued.position.0).collect(),
            Err(error) => panic!("{error}"),
        }
    }

    /// Head and data of a message.
    ///
    /// # Errors
    /// As of [`Store::read`].
    pub fn content(&self, queued: &Queued) -> Result<(Bytes, Vec<u8>), StoreError> {
        let mut reader = self.read(queued)?;
        let mut data = Vec::new();
        while let Some(chunk) = reader.chunk(100_000)? {
            data.extend_from_slice(&chunk);
        }
        assert_eq!(data.len() as u64, reader.0.data_len());
        Ok((reader.0.head().clone(), data))
    }

    /// As [`Store::read`].
    ///
    /// # Errors
    /// As of [`Store::read`].
    pub fn read(&self, queued: &Queued) -> Result<BlockingReader, StoreError> {
        wait(self.0.read(queued)).map(BlockingReader)
    }

    /// As [`Store::large_body`].
    pub fn large_body(&self) -> BlockingBody {
        BlockingBody(self.0.large_body())
    }

    /// As [`Store::last`].
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn last_id(&self) -> u64 {
        match wait(self.0.last()) {
            Ok(last) => last.0,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`Store::get`].
    ///
    /// # Errors
    /// As of [`Store::get`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        wait(self.0.get(key))
    }

    /// All rows whose keys start with `prefix`, in order.
    ///
    /// # Errors
    /// As of [`Store::scan`].
    pub fn scan(&self, prefix: &[u8]) -> Result<Vec<Row>, StoreError> {
        wait(self.0.scan(prefix, None, usize::MAX))
    }

    /// How much waits for `device`.
    pub fn queue(&self, device: DeviceNumber) -> Queue {
        self.0.queue(device)
    }

    /// What the store holds.
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }

    /// As [`Store::backup`].
    ///
    /// # Errors
    /// As of [`Store::backup`].
    pub fn backup(&self, dir: &Path) -> Result<Copied, StoreError> {
        // It has a thread of its own for it, which only a runtime gives.
        runtime().block_on(self.0.backup(dir))
    }

    /// As [`Store::close`].
    ///
    /// # Errors
    /// As of [`Store::close`].
    pub fn close(&self) -> Result<(), StoreError> {
        wait(self.0.close())
    }
}

/// Reads a message without awaiting.
#[derive(Debug)]
pub struct BlockingReader(MessageReader);

impl BlockingReader {
    /// As [`MessageReader::chunk`].
    ///
    /// # Errors
    /// As of [`MessageReader::chunk`].
    pub fn chunk(&mut self, max: usize) -> Result<Option<Bytes>, StoreError> {
        wait(self.0.chunk(max))
    }

    /// As [`MessageReader::head`].
    pub fn head(&self) -> &Bytes {
        self.0.head()
    }
}

/// Receives a large body without awaiting.
#[derive(Debug)]
pub struct BlockingBody(Box<dyn BodyWriter>);

impl BlockingBody {
    /// As [`BodyWriter::poll_write`].
    ///
    /// # Errors
    /// As of [`BodyWriter::poll_write`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        wait(self.0.write(bytes))
    }

    /// As [`BodyWriter::finish`].
    ///
    /// # Errors
    /// As of [`BodyWriter::finish`].
    pub fn finish(self) -> Result<FinishedBody, StoreError> {
        wait(self.0.finish())
    }
}

/// Waits for an answer. The embedded store and the model give most of them at once, in a runtime of one
/// thread all of them.
fn wait<T>(answer: impl Future<Output = T>) -> T {
    let mut answer = pin!(answer);
    if let Poll::Ready(answer) = answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return answer;
    }
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(|| handle.block_on(answer))
        }
        Ok(_) => panic!("the store does not answer at once"),
        Err(_) => runtime().block_on(answer),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("a runtime: {error}"),
    }
}

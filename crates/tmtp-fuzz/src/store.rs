//! Fuzz target of damage to a store that was closed in order, or is as a killed service leaves it.
//!
//! Whatever is done to them, opening it gives a store or an error, and each message that it serves
//! has the bytes that were posted, to a device it was queued for, before and after a new one is
//! posted. Of a store that a check calls whole, all is served.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::{panic, thread};

use arbitrary::{Arbitrary, Unstructured};
use tempfile::TempDir;
use tmtp_store::disk::SystemDisk;
use tmtp_store::{
    Batch, Class, Commit, Cursor, Findings, Inspection, MAX_SMALL_BYTES, NewData, NewMessage,
    Queued, StoreError, StoreLimits,
};
use tmtp_testkit::store::{BlockingStore, Message};

const DEVICES: u32 = 3;

#[derive(Debug, Arbitrary)]
struct Case {
    /// The service was killed; otherwise it stopped in order.
    was_killed: bool,
    damages: Vec<Damage>,
}

#[derive(Debug, Arbitrary)]
struct Damage {
    file: u8,
    at: u32,
    how: How,
}

#[derive(Debug, Arbitrary)]
enum How {
    Flip(u8),
    Write(Box<[u8]>),
    Zeros(u16),
    Cut,
    Grow(u16),
    Remove,
}

/// A store on the disk, and what is queued for each device.
struct Template {
    files: Vec<(PathBuf, Vec<u8>)>,
    folders: Vec<PathBuf>,
    /// Head and data of each message, by device and id.
    queued: BTreeMap<(u32, u64), Vec<u8>>,
}

/// A folder for one input, in memory where the system has such a place.
pub(crate) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let builder = tempfile::Builder::new();
    let made = if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() };
    made.unwrap()
}

fn limits() -> StoreLimits {
    StoreLimits { cache_bytes: 1 << 20, reserve_bytes: 1 << 20, ..StoreLimits::default() }
}

/// Has the fuzzer bear a panic of redb that is caught on this thread, as opening damaged rows does.
/// The fuzzer's hook, which is there already, ends the process at any other.
pub fn bear_what_is_caught() {
    let end = panic::take_hook();
    let here = thread::current().id();
    panic::set_hook(Box::new(move |panic| {
        let of_redb = panic.location().is_some_and(|at| at.file().contains("/redb-"));
        if !of_redb || thread::current().id() != here {
            end(panic);
        }
    }));
}

/// Damages a store, checks it, opens it, reads all of it, and goes on with it.
pub fn run(input: &[u8]) {
    static STOPPED: OnceLock<Template> = OnceLock::new();
    static KILLED: OnceLock<Template> = OnceLock::new();
    let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(input)) else { return };
    let template = match case.was_killed {
        true => KILLED.get_or_init(|| Template::make(true)),
        false => STOPPED.get_or_init(|| Template::make(false)),
    };
    let folder = scratch();
    template.write(folder.path(), &case.damages);
    let checked = check(folder.path());
    // A store that was closed in order cannot lose a message without being reported as damaged.
    assert!(case.was_killed || checked.is_none_or(|queued| queued == template.queued.len() as u64));
    let Ok(store) = BlockingStore::open(folder.path(), limits()) else {
        assert!(checked.is_none(), "what was called whole does not open");
        return;
    };
    let served = template.read(&store);
    assert!(checked.is_none_or(|queued| queued == served), "{served} are served of {checked:?}");
    go_on(&store);
    // New messages have overwritten none.
    let served_then = template.read(&store);
    assert!(
        checked.is_none_or(|queued| queued == served_then),
        "{served_then} are left of {served}"
    );
    let _ = store.close();
}

/// What is queued, if everything is found to be as it was written.
fn check(folder: &Path) -> Option<u64> {
    let checked = Inspection::open(Arc::new(SystemDisk), folder).and_then(|found| found.check());
    let whole = |found: &Findings| !found.newest_commit_undone && found.damage.is_empty();
    checked.ok().filter(whole).map(|found| found.queued)
}

/// Posts to a new device, which is then served just that.
fn go_on(store: &BlockingStore) {
    let (head, data) = ("head of the new", "data of the new");
    let message = NewMessage {
        class: Class::Rest,
        head: head.into(),
        data: NewData::Inline(data.into()),
        devices: vec![DEVICES],
    };
    let commit = Commit { messages: vec![message], ..Commit::default() };
    if store.inner().commit(Box::new(|_| Ok(commit))).wait().is_err() {
        return;
    }
    let Ok(queued) = store.queued(DEVICES, Cursor::start(), usize::MAX) else { return };
    // Others are there if a row's key was damaged; they are not served.
    let served: Vec<_> = queued.iter().filter_map(|one| read(store, one).ok()).collect();
    assert_eq!(served, [[head, data].concat().into_bytes()]);
}

fn read(store: &BlockingStore, queued: &Queued) -> Result<Vec<u8>, StoreError> {
    let mut reader = store.read(queued)?;
    let mut bytes = reader.head().to_vec();
    while let Some(piece) = reader.chunk(10_000)? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

impl Template {
    fn make(was_killed: bool) -> Self {
        let folder = scratch();
        let store = BlockingStore::open(folder.path(), limits()).unwrap();
        let mut queued = BTreeMap::new();
        for id in 1..=8_u64 {
            let data = format!("data of {id}, ").repeat(usize::try_from(id * 20).unwrap());
            let (sent, data) = if id == 8 {
                let data = data.repeat(MAX_SMALL_BYTES / data.len() + 2);
                let mut large = store.large_body();
                large.write(data.as_bytes()).unwrap();
                (NewData::Large(large.finish().unwrap()), data)
            } else {
                (NewData::Inline(data.clone().into_bytes().into()), data)
            };
            let head = format!("head of {id}");
            let devices: Vec<_> =
                (0..DEVICES).filter(|device| id % 3 != u64::from(*device)).collect();
            queued.extend(
                devices
                    .iter()
                    .map(|device| ((*device, id), [head.as_bytes(), data.as_bytes()].concat())),
            );
            let message = Message {
                id,
                class: if id == 5 { Class::User } else { Class::Rest },
                head: head.into_bytes().into(),
                data: sent,
                devices,
            };
            store.post(message, Batch::new()).wait().unwrap();
        }
        if !was_killed {
            store.close().unwrap();
        }
        let (files, folders) = of_one_moment(folder.path());
        Self { files, folders, queued }
    }

    /// Reads what is queued for each device; how many are whole.
    fn read(&self, store: &BlockingStore) -> u64 {
        let mut served = 0;
        for device in 0..DEVICES {
            let Ok(queued) = store.queued(device, Cursor::start(), usize::MAX) else { continue };
            for message in queued {
                let Ok(bytes) = read(store, &message) else { continue };
                let posted = self.queued.get(&(device, message.position.0));
                assert_eq!(
                    Some(&bytes),
                    posted,
                    "device {device}, message {:x}",
                    message.position.0
                );
                served += 1;
            }
        }
        served
    }

    fn write(&self, folder: &Path, damages: &[Damage]) {
        for path in &self.folders {
            fs::create_dir_all(folder.join(path)).unwrap();
        }
        let mut files: Vec<_> = self.files.iter().map(|(_, bytes)| Some(bytes.clone())).collect();
        for damage in damages.iter().take(16) {
            let which = usize::from(damage.file) % files.len();
            damage.apply(&mut files[which]);
        }
        for ((path, _), bytes) in self.files.iter().zip(files) {
            if let Some(bytes) = bytes {
                fs::write(folder.join(path), bytes).unwrap();
            }
        }
    }
}

impl Damage {
    fn apply(&self, file: &mut Option<Vec<u8>>) {
        let Some(bytes) = file else { return };
        let at = (self.at as usize) % (bytes.len() + 1);
        match &self.how {
            How::Flip(bits) => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bits),
            How::Write(new) => {
                bytes.iter_mut().skip(at).zip(new).for_each(|(byte, new)| *byte = *new);
            }
            How::Zeros(count) => {
                bytes.iter_mut().skip(at).take(usize::from(*count)).for_each(|byte| *byte = 0);
            }
            How::Cut => bytes.truncate(at),
            How::Grow(count) => bytes.resize(bytes.len() + usize::from(*count), 0),
            How::Remove => *file = None,
        }
    }
}

/// Files with their bytes, and folders.
type Listed = (Vec<(PathBuf, Vec<u8>)>, Vec<PathBuf>);

/// What is there, while a store may still be busy with it.
fn of_one_moment(root: &Path) -> Listed {
    let look = || {
        let mut listed = Listed::default();
        list(root, Path::new(""), &mut listed);
        listed.0.sort();
        listed
    };
    let mut seen = look();
    loop {
        let now = look();
        if now == seen {
            return now;
        }
        seen = now;
    }
}

fn list(root: &Path, below: &Path, listed: &mut Listed) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            list(root, &path, listed);
            listed.1.push(path);
        } else {
            let bytes = fs::read(root.join(&path)).unwrap();
            listed.0.push((path, bytes));
        }
    }
}

//! A simulated disk, for the real store: it loses power, tears writes, fills up, fails and rots.
//!
//! It keeps apart what processes see and what is certain to last. Bytes last once their file was
//! synced; that a file was made or unlinked lasts once its directory was. What a power cut does to
//! the rest is drawn from the seed: of the writes that were not synced any part survives, block by
//! block, one of them torn at any byte; of the names that were not synced any.
//!
//! [`SimulatedDisk::mount`] gives the file system to one run of a service. Mounting again is what
//! SIGKILL and a restart are: handles of the run before fail from then on, and nothing is lost.
//! [`SimulatedDisk::cut_power`] before that makes it a power cut.

mod file;
mod mount;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tmtp_store::disk::Disk;

use self::file::{Change, File};
use self::mount::Mount;

/// Bytes of a block: what a file system gives out, and what reaches the platters as one.
pub const BLOCK_BYTES: u64 = 4096;

/// A disk that outlives the runs of a service. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
}

/// An operation that will fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A write: nothing of it happens, the disk reports an error.
    Write,
    /// A sync of a file, or of the names in a directory. As with real kernels, what was not
    /// written may never be, although readers see it until the power goes.
    Sync,
}

#[derive(Debug, Clone)]
struct State {
    dice: Dice,
    /// Directories; made ones last at once.
    dirs: BTreeSet<PathBuf>,
    /// The files as processes see them, and as they are certain to be after a power cut.
    names: BTreeMap<PathBuf, u64>,
    lasting: BTreeMap<PathBuf, u64>,
    files: BTreeMap<u64, File>,
    next_file: u64,
    locked: BTreeSet<PathBuf>,
    /// Counts mounts: handles of an earlier one are dead.
    mounts: u64,
    off: bool,
    operations: u64,
    cut_at: Option<u64>,
    /// What fails, and how many of its kind go well before that.
    fault: Option<(Fault, u64)>,
    faults: u64,
    capacity_bytes: Option<u64>,
}

impl SimulatedDisk {
    /// An empty disk. The same seed and the same operations lose the same.
    pub fn new(seed: u64) -> Self {
        let state = State {
            dice: Dice(seed),
            dirs: BTreeSet::new(),
            names: BTreeMap::new(),
            lasting: BTreeMap::new(),
            files: BTreeMap::new(),
            next_file: 0,
            locked: BTreeSet::new(),
            mounts: 0,
            off: false,
            operations: 0,
            cut_at: None,
            fault: None,
            faults: 0,
            capacity_bytes: None,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns the machine on and gives its file system to a new run; everything that an earlier one
    /// still has open fails from now on, and its locks are free.
    pub fn mount(&self) -> Arc<dyn Disk> {
        let mut state = self.state();
        state.mounts += 1;
        state.off = false;
        state.locked.clear();
        let mount = state.mounts;
        drop(state);
        Arc::new(Mount { disk: self.clone(), mount })
    }

    /// A second disk that holds the same, and goes its own way from now on.
    pub fn fork(&self) -> Self {
        Self { state: Arc::new(Mutex::new(self.state().clone())) }
    }

    /// Cuts the power now.
    pub fn cut_power(&self) {
        self.state().cut_power();
    }

    /// Cuts the power in the operation that is number `operation`, counted as
    /// [`SimulatedDisk::operations`] does: it and all after it fail.
    pub fn cut_power_at(&self, operation: u64) {
        self.state().cut_at = Some(operation);
    }

    /// Whether the power is cut.
    pub fn is_off(&self) -> bool {
        self.state().off
    }

    /// How many operations there were that change the disk or make changes last.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Lets the next operation of the kind fail.
    pub fn fail_next(&self, fault: Fault) {
        self.fail_after(fault, 0);
    }

    /// Lets an operation of the kind fail, after so many that go well.
    pub fn fail_after(&self, fault: Fault, others: u64) {
        self.state().fault = Some((fault, others));
    }

    /// How many operations have failed so.
    pub fn faults(&self) -> u64 {
        self.state().faults
    }

    /// Takes back everything that was to go wrong: power, failures and want of room.
    pub fn mend(&self) {
        let mut state = self.state();
        (state.cut_at, state.fault, state.capacity_bytes) = (None, None, None);
    }

    /// Gives the disk room for so many bytes, or for any number. Blocks are given out whole.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state().capacity_bytes = bytes;
    }

    /// Bytes of the blocks in use.
    pub fn used_bytes(&self) -> u64 {
        self.state().used_bytes()
    }

    /// The files there are, and their lengths in bytes.
    pub fn files(&self) -> Vec<(PathBuf, u64)> {
        let state = self.state();
        let len = |id| state.files.get(id).map_or(0, |file| file.bytes().len() as u64);
        state.names.iter().map(|(path, id)| (path.clone(), len(id))).collect()
    }

    /// Everything that somebody who takes the disk away finds, before or after a power cut: each
    /// content of each file that is still there or may be again.
    pub fn image(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let state = self.state();
        let names: BTreeSet<(&PathBuf, &u64)> = state.names.iter().chain(&state.lasting).collect();
        let contents =
            names.into_iter().filter_map(|(path, id)| Some((path, state.files.get(id)?)));
        contents
            .flat_map(|(path, file)| file.contents().map(|bytes| (path.clone(), bytes.to_vec())))
            .collect()
    }

    /// Flips one bit of what is stored, unnoticed by anybody.
    ///
    /// # Errors
    /// There is no such file, or it is shorter.
    pub fn flip_bit(&self, path: &Path, offset: u64, bit: u8) -> io::Result<()> {
        self.damage(path, |file| file.flip(offset, bit))
    }

    /// Cuts a file off, unnoticed by anybody.
    ///
    /// # Errors
    /// There is no such file.
    pub fn truncate(&self, path: &Path, len: u64) -> io::Result<()> {
        self.damage(path, |file| {
            file.change(Change::SetLen(len));
            file.sync();
            Some(())
        })
    }

    /// Takes a file away, unnoticed by anybody.
    ///
    /// # Errors
    /// There is no such file.
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.lasting.remove(path);
        state.names.remove(path).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn damage(&self, path: &Path, damage: impl FnOnce(&mut File) -> Option<()>) -> io::Result<()> {
        let mut state = self.state();
        let id = state.names.get(path).copied();
        let file = id.and_then(|id| state.files.get_mut(&id));
        file.and_then(damage).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl State {
    /// Counts an operation; true when the power goes in it.
    fn begin(&mut self) -> bool {
        self.operations += 1;
        self.cut_at.is_some_and(|at| self.operations >= at)
    }

    /// Takes the fault that is due for an operation of this kind.
    fn fails(&mut self, kind: Fault) -> bool {
        match &mut self.fault {
            Some((due, 0)) if *due == kind => {
                self.fault = None;
                self.faults += 1;
                true
            }
            Some((due, others)) if *due == kind => {
                *others -= 1;
                false
            }
            _ => false,
        }
    }

    fn cut_power(&mut self) {
        if std::mem::replace(&mut self.off, true) {
            return;
        }
        self.cut_at = None;
        self.keep_some_names(|_| true);
        self.names = self.lasting.clone();
        let left: BTreeSet<u64> = self.names.values().copied().collect();
        self.files.retain(|id, _| left.contains(id));
        for file in self.files.values_mut() {
            file.cut_power(&mut self.dice);
        }
    }

    /// Of the names that are not synced, some last all the same.
    fn keep_some_names(&mut self, of: impl Fn(&Path) -> bool) {
        let paths: BTreeSet<PathBuf> =
            self.names.keys().chain(self.lasting.keys()).filter(|path| of(path)).cloned().collect();
        for path in paths {
            let (seen, lasting) = (self.names.get(&path), self.lasting.get(&path));
            if seen != lasting && self.dice.flip() {
                match self.names.get(&path).copied() {
                    Some(id) => self.lasting.insert(path, id),
                    None => self.lasting.remove(&path),
                };
            }
        }
    }

    fn used_bytes(&self) -> u64 {
        self.files.values().map(|file| file.blocks() * BLOCK_BYTES).sum()
    }

    fn free_bytes(&self) -> u64 {
        self.capacity_bytes.map_or(u64::MAX / 2, |all| all.saturating_sub(self.used_bytes()))
    }

    /// Forgets files that no name and no handle needs any more.
    fn forget_unnamed(&mut self, id: u64) {
        let named = self.names.values().chain(self.lasting.values()).any(|named| *named == id);
        if !named && self.files.get(&id).is_some_and(|file| !file.is_open()) {
            self.files.remove(&id);
        }
    }
}

/// Numbers that look random and follow from the seed (SplitMix64).
#[derive(Debug, Clone)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn flip(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }

    /// A number below `end`, which is above 0.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

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
mod state;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};

use tmtp_store::disk::Disk;

pub use self::file::BLOCK_BYTES;
use self::file::{Change, File};
use self::mount::Mount;
pub use self::state::Fault;
use self::state::{SharedState, State};

/// A disk that outlives the runs of a service. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimulatedDisk {
    state: SharedState,
}

impl SimulatedDisk {
    /// An empty disk. The same seed and the same operations lose the same.
    pub fn new(seed: u64) -> Self {
        Self { state: SharedState::new(State::new(seed)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
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
        Arc::new(Mount { state: self.state.clone(), number: mount })
    }

    /// A second disk that holds the same, and goes its own way from now on.
    pub fn fork(&self) -> Self {
        Self { state: SharedState::new(self.state().clone()) }
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

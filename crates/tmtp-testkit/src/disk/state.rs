//! State of a simulated disk: what is seen, what lasts, and what is to go wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::file::{BLOCK_BYTES, File};
use crate::dice::Dice;

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
pub(super) struct State {
    pub(super) dice: Dice,
    /// Directories; made ones last at once.
    pub(super) dirs: BTreeSet<PathBuf>,
    /// The files as processes see them, and as they are certain to be after a power cut.
    pub(super) names: BTreeMap<PathBuf, u64>,
    pub(super) lasting: BTreeMap<PathBuf, u64>,
    pub(super) files: BTreeMap<u64, File>,
    pub(super) next_file: u64,
    pub(super) locked: BTreeSet<PathBuf>,
    /// Counts mounts: handles of an earlier one are dead.
    pub(super) mounts: u64,
    pub(super) off: bool,
    pub(super) operations: u64,
    pub(super) cut_at: Option<u64>,
    /// What fails, and how many of its kind go well before that.
    pub(super) fault: Option<(Fault, u64)>,
    pub(super) faults: u64,
    pub(super) capacity_bytes: Option<u64>,
}

/// The state, which the disk shares with its mounts.
#[derive(Debug, Clone)]
pub(super) struct SharedState(Arc<Mutex<State>>);

impl SharedState {
    pub(super) fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Of an empty disk.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
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
        }
    }

    /// Counts an operation; true when the power goes in it.
    pub(super) fn begin(&mut self) -> bool {
        self.operations += 1;
        self.cut_at.is_some_and(|at| self.operations >= at)
    }

    /// Takes the fault that is due for an operation of this kind.
    pub(super) fn fails(&mut self, kind: Fault) -> bool {
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

    pub(super) fn cut_power(&mut self) {
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
    pub(super) fn keep_some_names(&mut self, of: impl Fn(&Path) -> bool) {
        let paths: BTreeSet<PathBuf> =
            self.names.keys().chain(self.lasting.keys()).filter(|path| of(path)).cloned().collect();
        for path in paths {
            let (seen, lasting) = (self.names.get(&path), self.lasting.get(&path));
            if seen != lasting && self.dice.once_in(2) {
                match self.names.get(&path).copied() {
                    Some(id) => self.lasting.insert(path, id),
                    None => self.lasting.remove(&path),
                };
            }
        }
    }

    pub(super) fn used_bytes(&self) -> u64 {
        self.files.values().map(|file| file.blocks() * BLOCK_BYTES).sum()
    }

    pub(super) fn free_bytes(&self) -> u64 {
        self.capacity_bytes.map_or(u64::MAX / 2, |all| all.saturating_sub(self.used_bytes()))
    }

    /// Forgets files that no name and no handle needs any more.
    pub(super) fn forget_unnamed(&mut self, id: u64) {
        let named = self.names.values().chain(self.lasting.values()).any(|named| *named == id);
        if !named && self.files.get(&id).is_some_and(|file| !file.is_open()) {
            self.files.remove(&id);
        }
    }
}

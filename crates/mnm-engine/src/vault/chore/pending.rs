//! Pending chores.

use std::collections::VecDeque;

use crate::vault::change::Left;
use crate::vault::settle::StepId;
use crate::view::ThreadId;

/// Pending chores.
#[derive(Debug, Default)]
pub(in crate::vault) struct Chores {
    /// The step from which on early letters are left to settle; none if there are none.
    pub(super) unsettled: Option<StepId>,
    /// The thread from which on threads are left to erase; none if there are none.
    pub(super) erasing: Option<ThreadId>,
    /// Whether threads may be left in which somebody is called otherwise.
    pub(super) renamed: bool,
    /// Whether something may be left to index.
    pub(super) indexing: bool,
    /// Orphaned files.
    pub(super) orphans: VecDeque<i64>,
    /// Whether pages became free since the last vacuum.
    pub(super) erased: bool,
}

impl Chores {
    /// Adds the chores left by a write.
    pub(in crate::vault) fn take(&mut self, left: Left) {
        self.orphans.extend(left.orphans);
        if left.unsettled {
            self.unsettled.get_or_insert(0);
        }
        if left.erasing {
            self.erasing = Some(0);
        }
        self.renamed |= left.renamed;
    }

    /// Adds an orphaned file.
    pub(in crate::vault) fn erase(&mut self, blob: i64) {
        self.orphans.push_back(blob);
    }

    /// Vacuums, if there is enough to be worth it.
    pub(in crate::vault) fn give_back(&mut self) {
        self.erased = true;
    }
}

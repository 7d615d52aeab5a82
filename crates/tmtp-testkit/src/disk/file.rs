//! One simulated file: what processes see, what lasts, and the changes in between.

use std::collections::BTreeSet;

use crate::dice::Dice;

/// Bytes of a block: what a file system gives out, and what reaches the platters as one.
pub const BLOCK_BYTES: u64 = 4096;

/// A change that a sync makes last.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    SetLen(u64),
    Punch { from: u64, to: u64 },
}

#[derive(Debug, Clone, Default)]
pub(super) struct File {
    /// As processes see it.
    seen: Vec<u8>,
    /// As it is certain to be after a power cut.
    lasting: Vec<u8>,
    /// What leads from the one to the other.
    unsynced: Vec<Change>,
    /// The blocks that are given out.
    blocks: BTreeSet<u64>,
    open: usize,
}

impl File {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.seen
    }

    pub(super) fn blocks(&self) -> u64 {
        self.blocks.len() as u64
    }

    /// The blocks that a write would have to be given.
    pub(super) fn new_blocks(&self, offset: u64, len: u64) -> u64 {
        let touched = offset / BLOCK_BYTES..(offset + len).div_ceil(BLOCK_BYTES);
        touched.filter(|block| !self.blocks.contains(block)).count() as u64
    }

    pub(super) fn is_open(&self) -> bool {
        self.open > 0
    }

    pub(super) fn opened(&mut self) {
        self.open += 1;
    }

    pub(super) fn closed(&mut self) {
        self.open -= 1;
    }

    pub(super) fn change(&mut self, change: Change) {
        match &change {
            Change::Write { offset, bytes } => self
                .blocks
                .extend(offset / BLOCK_BYTES..(offset + bytes.len() as u64).div_ceil(BLOCK_BYTES)),
            Change::SetLen(len) => drop(self.blocks.split_off(&len.div_ceil(BLOCK_BYTES))),
            Change::Punch { from, to } => {
                let whole = from.div_ceil(BLOCK_BYTES)..to / BLOCK_BYTES;
                self.blocks.retain(|block| !whole.contains(block));
            }
        }
        change.apply(&mut self.seen);
        self.unsynced.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.lasting);
        }
    }

    /// A sync failed: any of the changes will never last, although they are seen.
    pub(super) fn fail_sync(&mut self, dice: &mut Dice) {
        self.unsynced.retain(|_| dice.once_in(2));
    }

    /// From now on processes see what is on the disk or on its way there.
    pub(super) fn forget_cached(&mut self) {
        self.seen.clone_from(&self.lasting);
        self.unsynced.iter().for_each(|change| change.apply(&mut self.seen));
    }

    /// Keeps what was synced and any part of the rest.
    pub(super) fn cut_power(&mut self, dice: &mut Dice) {
        let mut pieces: Vec<Change> = self
            .unsynced
            .drain(..)
            .flat_map(Change::into_blocks)
            .filter(|_| dice.once_in(2))
            .collect();
        if !pieces.is_empty() && dice.once_in(2) {
            let torn = dice.place(pieces.len());
            if let Change::Write { bytes, .. } = &mut pieces[torn] {
                bytes.truncate(dice.place(bytes.len()));
            }
        }
        for piece in pieces {
            piece.apply(&mut self.lasting);
        }
        self.seen.clone_from(&self.lasting);
        let blocks = (self.seen.len() as u64).div_ceil(BLOCK_BYTES);
        self.blocks = (0..blocks).filter(|block| !self.is_zero(*block)).collect();
        self.open = 0;
    }

    fn is_zero(&self, block: u64) -> bool {
        let (from, to) = (block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
        let to = (to as usize).min(self.seen.len());
        self.seen[from as usize..to].iter().all(|byte| *byte == 0)
    }

    pub(super) fn flip(&mut self, offset: u64, bit: u8) -> Option<()> {
        let offset = offset as usize;
        *self.seen.get_mut(offset)? ^= 1 << (bit % 8);
        if let Some(byte) = self.lasting.get_mut(offset) {
            *byte ^= 1 << (bit % 8);
        }
        Some(())
    }

    /// Every content that may be found on the platters.
    pub(super) fn contents(&self) -> impl Iterator<Item = &[u8]> {
        let lasting = (self.lasting != self.seen).then_some(self.lasting.as_slice());
        std::iter::once(self.seen.as_slice()).chain(lasting)
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                let (from, to) = (*offset as usize, *offset as usize + bytes.len());
                if content.len() < to {
                    content.resize(to, 0);
                }
                content[from..to].copy_from_slice(bytes);
            }
            Self::SetLen(len) => content.resize(*len as usize, 0),
            Self::Punch { from, to } => {
                let to = (*to as usize).min(content.len());
                let from = (*from as usize).min(to);
                content[from..to].fill(0);
            }
        }
    }

    /// What reaches the platters one by one.
    fn into_blocks(self) -> Vec<Self> {
        let Self::Write { offset, bytes } = self else { return vec![self] };
        let mut pieces = Vec::new();
        let mut rest = bytes.as_slice();
        let mut at = offset;
        while !rest.is_empty() {
            let len = (BLOCK_BYTES - at % BLOCK_BYTES).min(rest.len() as u64);
            let (piece, after) = rest.split_at(len as usize);
            pieces.push(Self::Write { offset: at, bytes: piece.to_vec() });
            at += len;
            rest = after;
        }
        pieces
    }
}

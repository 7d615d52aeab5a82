//! Pseudo-random numbers that follow from a seed.

/// A source of numbers (SplitMix64). The same seed gives the same numbers on every machine.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice of their own for somebody: what others throw does not change theirs.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.number())
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `from` to `to`, both included.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.number() % (to - from + 1)
    }

    /// A place in a list of `len`, which is not empty.
    pub fn place(&mut self, len: usize) -> usize {
        self.between(0, len.max(1) as u64 - 1) as usize
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.number().is_multiple_of(n)
    }

    /// One of a list; none of an empty one.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.place(from.len()))
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(8) {
            let number = self.number().to_le_bytes();
            piece.copy_from_slice(&number[..piece.len()]);
        }
    }

    /// Bytes in which `marker` stands again and again, so that any rest of them can be found.
    pub fn marked_bytes(&mut self, len: usize, marker: &str, every_bytes: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.fill(&mut bytes);
        for piece in bytes.chunks_mut(every_bytes).filter(|piece| piece.len() >= marker.len()) {
            piece[..marker.len()].copy_from_slice(marker.as_bytes());
        }
        bytes
    }
}

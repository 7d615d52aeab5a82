//! Extents: where the body of a message lies.

/// Where a small body lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Extent {
    pub(crate) segment: u32,
    pub(crate) offset: u32,
    pub(crate) len: u32,
    pub(crate) crc32c: u32,
}

/// Which file holds a large body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LargeRef {
    pub(crate) id: u64,
    pub(crate) len: u64,
    pub(crate) crc32c: u32,
}

/// A body to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyRef {
    Small(Extent),
    Large(LargeRef),
}

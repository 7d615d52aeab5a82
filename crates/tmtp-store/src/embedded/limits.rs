//! Limits of the store on memory and disk.

/// What the store may use.
#[derive(Debug, Clone)]
pub struct StoreLimits {
    /// Rows kept in memory, in bytes.
    pub cache_bytes: usize,
    /// Bodies and rows that may wait for the disk, in bytes, and about the size of one commit.
    pub queue_bytes: usize,
    /// Room that new messages leave free on the disk, in bytes, so that acknowledgements can be
    /// committed even when it is full.
    pub reserve_bytes: u64,
    /// Messages of a queue that are copied to a new device between two commits of others.
    pub copy_slice: usize,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            cache_bytes: 16 * 1024 * 1024,
            queue_bytes: 8 * 1024 * 1024,
            reserve_bytes: 32 * 1024 * 1024,
            copy_slice: 500,
        }
    }
}

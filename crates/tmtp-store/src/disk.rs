//! Disk seam: everything the store asks of a file system, and the one of this machine.
//!
//! All that is durable goes through [`Disk`], the rows' engine included, so that the whole store
//! runs on a simulated disk that loses power, tears writes, fills up and flips bits. The contract
//! is what POSIX promises after a power cut, which is little: bytes last once the file was synced,
//! and a file that was made or unlinked stays so once its directory was.

use std::fmt::Debug;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{Advice, FallocateFlags, fadvise, fallocate, statvfs};
use rustix::io::Errno;

/// A file system, or something that behaves like one.
pub trait Disk: Debug + Send + Sync + 'static {
    /// Makes `path` and what is missing above it, for this user alone. What exists is left as it is.
    fn make_dir(&self, path: &Path) -> io::Result<()>;

    /// Opens a file.
    ///
    /// # Errors
    /// `NotFound` or `AlreadyExists` as `how` demands, or what the system says.
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>>;

    /// Unlinks a file; who has it open goes on using it.
    fn unlink(&self, path: &Path) -> io::Result<()>;

    /// Gives a file another name in the same directory, in place of a file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// The names in a directory, in no order.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Makes files that were created in or unlinked from `dir` stay so.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Bytes that this user may still write below `dir`.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;

    /// A number that nobody can guess.
    fn unguessable(&self) -> io::Result<u64>;

    /// Locks the file at `path`, opened as `how` says, against every other process until the lock
    /// is dropped; `None` when another holds it.
    fn lock(&self, path: &Path, how: Open) -> io::Result<Option<Box<dyn Lock>>>;
}

/// An open file. Reads and writes say where, so that threads can share it.
pub trait DiskFile: Debug + Send + Sync + 'static {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether it has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `out` from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file ends before that, or what the system says.
    fn read_exact_at(&self, out: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all of `bytes` from `offset` on. After an error any part of it may be written.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file off, or lengthens it with zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Makes the bytes from `from` to `to` unreadable: gives their blocks back where the file
    /// system can, writes zeros where it cannot. The length stays.
    fn punch(&self, from: u64, to: u64) -> io::Result<()>;

    /// Makes everything written so far durable.
    ///
    /// # Errors
    /// When the system could not; what the file holds is not known then.
    fn sync_data(&self) -> io::Result<()>;

    /// Has whoever reads next read from the disk what is not waiting to be written. Needed after a
    /// failed sync: readers would go on seeing what will never be written, after a restart too, until
    /// the power goes.
    fn forget_cached(&self);
}

/// A lock, held until it is dropped.
pub trait Lock: Debug + Send + Sync {}

/// What a file is opened for. New files are of mode 0600.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// Reading a file that exists.
    Read,
    /// Reading and writing a file that exists.
    Edit,
    /// Reading and writing a file, made where needed.
    EditOrMake,
    /// Reading and writing a file that must not exist yet.
    Make,
}

impl Open {
    fn open(self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).mode(0o600);
        match self {
            Self::Read => &mut options,
            Self::Edit => options.write(true),
            Self::EditOrMake => options.write(true).create(true).truncate(false),
            Self::Make => options.write(true).create_new(true),
        };
        options.open(path)
    }
}

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn make_dir(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(how.open(path)?))
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        std::fs::read_dir(dir)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let disk = statvfs(dir)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn unguessable(&self) -> io::Result<u64> {
        getrandom::u64().map_err(io::Error::other)
    }

    fn lock(&self, path: &Path, how: Open) -> io::Result<Option<Box<dyn Lock>>> {
        let file = how.open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Lock for File {}

impl DiskFile for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_exact_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, out, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }

    fn punch(&self, from: u64, to: u64) -> io::Result<()> {
        if from >= to {
            return Ok(());
        }
        let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        match fallocate(self, hole, from, to - from) {
            Ok(()) => Ok(()),
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_zeros(self, from, to),
            Err(error) => Err(error.into()),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn forget_cached(&self) {
        if let Err(error) = fadvise(self, 0, None, Advice::DontNeed) {
            tracing::warn!(%error, "what is read of a file may not be what is on the disk");
        }
    }
}

fn write_zeros(file: &File, mut from: u64, to: u64) -> io::Result<()> {
    let zeros = [0_u8; 64 * 1024];
    while from < to {
        let len = (to - from).min(zeros.len() as u64);
        FileExt::write_all_at(file, &zeros[..len as usize], from)?;
        from += len;
    }
    Ok(())
}

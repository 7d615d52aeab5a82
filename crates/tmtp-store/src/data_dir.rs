//! Data directory: its lock, its files, and the format of what is in it.

use std::io;
use std::path::Path;

use crate::disk::{Disk, Lock, Open};
use crate::engine::ReadRows;
use crate::error::StoreError;
use crate::position::Position;
use crate::row::{FORMAT_KEY, LAST_POSITION_KEY};

/// The format this version writes, and the highest it reads. 2 has a WAL, which versions that
/// read only 1 would not work through.
pub(crate) const FORMAT: u32 = 2;

/// The file of the rows, in the data directory.
pub(crate) const ROWS_FILE: &str = "rows.redb";

/// Bodies without rows would all be erased as garbage.
pub(crate) fn check_rows_are_there(disk: &dyn Disk, data_dir: &Path) -> Result<(), StoreError> {
    let names = |dir: &Path| match disk.list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        names => names.map_err(|error| StoreError::io("opening the data directory", error)),
    };
    let bodies = data_dir.join("bodies");
    if !names(data_dir)?.iter().any(|name| name == ROWS_FILE)
        && (names(&bodies)?.iter().any(|name| name.ends_with(".seg"))
            || !names(&bodies.join("large"))?.is_empty())
    {
        return Err(StoreError::corrupt(format!("{ROWS_FILE} is missing, and there are messages")));
    }
    Ok(())
}

/// Makes the directory where needed and locks it for this process.
pub(crate) fn lock(disk: &dyn Disk, data_dir: &Path) -> Result<Box<dyn Lock>, StoreError> {
    let failed = |error| StoreError::io("opening the data directory", error);
    disk.make_dir(data_dir).map_err(failed)?;
    let lock = disk.lock(&data_dir.join("LOCK"), Open::EditOrMake).map_err(failed)?;
    lock.ok_or_else(|| StoreError::InUse { path: data_dir.to_owned() })
}

/// A store that is new has no format yet.
pub(crate) fn check_format(engine: &(impl ReadRows + ?Sized)) -> Result<(), StoreError> {
    engine.get(FORMAT_KEY)?.map_or(Ok(()), |_| known_format(engine))
}

/// Whether this version can read the rows.
pub(crate) fn known_format(engine: &(impl ReadRows + ?Sized)) -> Result<(), StoreError> {
    let row =
        engine.get(FORMAT_KEY)?.ok_or_else(|| StoreError::corrupt("there is no format row"))?;
    match number(&row, "format")? {
        found if found > u64::from(FORMAT) => {
            Err(StoreError::NewerFormat { found: found as u32, known: FORMAT })
        }
        _ => Ok(()),
    }
}

pub(crate) fn last_position(engine: &(impl ReadRows + ?Sized)) -> Result<Position, StoreError> {
    engine.get(LAST_POSITION_KEY)?.map_or(Ok(0), |row| number(&row, "last position")).map(Position)
}

fn number(row: &[u8], name: &str) -> Result<u64, StoreError> {
    if row.len() > 8 {
        return Err(StoreError::corrupt(format!("the {name} row has an unknown form")));
    }
    Ok(row.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

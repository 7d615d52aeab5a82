//! SQLite's write-ahead log, checked before SQLite reads it.
//!
//! SQLite accepts a log up to the first frame with a wrong checksum, and silently skips the rest:
//! after a power failure that is what was being written. Each checksum continues the one before. So
//! if frames after a wrong one continue its stored checksum, they were written after it, and it was
//! damaged later.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use mnm_engine::vault::database::PAGE_BYTES;

/// Bytes of the header of a log.
pub(crate) const HEADER: usize = 32;
/// Bytes of the header of a frame.
pub(crate) const FRAME_HEADER: usize = 24;
/// The magic number; its last bit is the byte order of the checksums.
const MAGIC: u32 = 0x377f_0682;

/// Number of transactions in the log of `home` that follow damage, so that SQLite skips them. Zero
/// if that may be a power failure.
///
/// # Errors
/// The log cannot be read. A missing one is empty.
pub(crate) fn lost_commits(home: &Path) -> io::Result<u64> {
    let mut log = match File::open(home.join("vault.db-wal")) {
        Ok(log) => BufReader::new(log),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut header = [0; HEADER];
    if log.read_exact(&mut header).is_err() || number(&header, 0) & !1 != MAGIC {
        return Ok(0);
    }
    let big_endian = number(&header, 0) & 1 == 1;
    let mut before = stored(&header, 24);
    let mut is_whole = is_header_whole(&header);
    let (mut lost, mut round) = (0, None::<(u32, u32)>);
    let mut frame = [0; FRAME_HEADER + PAGE_BYTES as usize];
    while log.read_exact(&mut frame).is_ok() {
        let (head, page) = frame.split_at(FRAME_HEADER);
        let sum = checksum(before, head.get(..8).unwrap_or_default(), big_endian);
        before = stored(head, 16);
        // Frames of an earlier round have another salt.
        let continues = *round.get_or_insert_with(|| salt(&header, head)) == salt_of(head)
            && checksum(sum, page, big_endian) == before;
        if !continues {
            is_whole = false;
        } else if !is_whole && number(head, 4) != 0 {
            lost += 1;
        }
    }
    // The last one may still have been on its way to the disk; a second begins only when the first
    // has arrived.
    Ok(if lost > 1 { lost } else { 0 })
}

/// The salt of this round of the log, from its header, or from its first frame if the header is
/// damaged.
pub(crate) fn salt(header: &[u8], first: &[u8]) -> (u32, u32) {
    if is_header_whole(header) { stored(header, 16) } else { salt_of(first) }
}

/// The salt of a frame.
pub(crate) fn salt_of(frame: &[u8]) -> (u32, u32) {
    stored(frame, 8)
}

fn is_header_whole(header: &[u8]) -> bool {
    let big_endian = number(header, 0) & 1 == 1;
    checksum((0, 0), header.get(..24).unwrap_or_default(), big_endian) == stored(header, 24)
}

/// A big-endian number of the log.
pub(crate) fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes)
}

fn stored(bytes: &[u8], at: usize) -> (u32, u32) {
    (number(bytes, at), number(bytes, at + 4))
}

/// A step of SQLite's log checksum.
fn checksum(from: (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    let word = |four: &[u8]| {
        let four = <[u8; 4]>::try_from(four).unwrap_or_default();
        if big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    };
    bytes.chunks_exact(8).fold(from, |(first, second), eight| {
        let (left, right) = eight.split_at(4);
        let first = first.wrapping_add(word(left)).wrapping_add(second);
        (first, second.wrapping_add(word(right)).wrapping_add(first))
    })
}

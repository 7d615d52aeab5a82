//! Search for plain text of letters in every file of the service.
//!
//! Delivered means erased: not only from the queues, but from free pages, write-ahead logs and segments.
//! So the files are read as bytes, and each letter and attachment is looked for by a passage of it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::letter::Letter;

/// Passages are cut to this: one in the middle of a page is more likely whole when short.
const PASSAGE_MAX: usize = 48;
/// Shorter lines occur in other texts too.
const PASSAGE_MIN: usize = 16;
const PIECE: usize = 1 << 20;

/// Passages by which what was written can be recognised.
#[derive(Debug)]
pub(crate) struct Passages {
    passages: Vec<Vec<u8>>,
    /// Whether some passage begins with these two bytes; spares looking at most places.
    begins: Vec<bool>,
}

impl Passages {
    /// The longest line of each letter, and further passages.
    pub(crate) fn of(letters: &[Letter], further: &[&str]) -> Result<Self> {
        let mut passages: Vec<Vec<u8>> = letters
            .iter()
            .filter_map(|letter| letter.text.lines().max_by_key(|line| line.len()))
            .filter(|line| line.len() >= PASSAGE_MIN)
            .chain(further.iter().copied())
            .map(|line| line.as_bytes()[..line.len().min(PASSAGE_MAX)].to_vec())
            .collect();
        passages.sort();
        passages.dedup();
        ensure!(!passages.is_empty(), "no letter has a line to be recognised by");
        let mut begins = vec![false; 1 << 16];
        for passage in &passages {
            begins[pair(passage)] = true;
        }
        Ok(Self { passages, begins })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.passages.len()
    }

    /// The files below a folder that hold any of them.
    pub(crate) fn found_in(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                found.extend(self.found_in(&path)?);
                continue;
            }
            // The service may remove a file while we look: then nothing is left in it.
            if let Ok(file) = File::open(&path)
                && self.found_in_file(file)?
            {
                found.push(path);
            }
        }
        Ok(found)
    }

    fn found_in_file(&self, mut file: impl Read) -> Result<bool> {
        let mut window = Vec::with_capacity(PIECE + PASSAGE_MAX);
        loop {
            // The end of the piece before stays, for a passage that lies across both.
            let keep = window.len().min(PASSAGE_MAX);
            window.drain(..window.len() - keep);
            let read = (&mut file).take(PIECE as u64).read_to_end(&mut window)?;
            if self.found_in_bytes(&window) {
                return Ok(true);
            }
            if read == 0 {
                return Ok(false);
            }
        }
    }

    fn found_in_bytes(&self, bytes: &[u8]) -> bool {
        (0..bytes.len().saturating_sub(1)).any(|at| {
            self.begins[pair(&bytes[at..])]
                && self.passages.iter().any(|passage| bytes[at..].starts_with(passage))
        })
    }
}

fn pair(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

/// Bytes of all files below a folder, holes not counted.
pub(crate) fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => occupied(&metadata),
        Err(_) => 0,
    });
    sizes.sum()
}

#[cfg(unix)]
fn occupied(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(metadata) * 512
}

#[cfg(not(unix))]
fn occupied(metadata: &std::fs::Metadata) -> u64 {
    metadata.len()
}

#[cfg(test)]
mod tests {
    use super::{PIECE, Passages};

    #[test]
    fn a_passage_is_found_wherever_it_lies() {
        let passages = Passages::of(&[], &["a passage to find"]).expect("one passage");
        for at in [0, 1, PIECE - 20, PIECE - 5, PIECE, 2 * PIECE - 8] {
            let mut bytes = vec![b'a'; 2 * PIECE + 100];
            bytes[at..at + 17].copy_from_slice(b"a passage to find");
            assert!(passages.found_in_file(&bytes[..]).expect("memory can be read"), "at {at}");
        }
        let without = vec![b'a'; 2 * PIECE + 100];
        assert!(!passages.found_in_file(&without[..]).expect("memory can be read"));
    }
}

//! The tar format (POSIX ustar), which every system can open.

/// Bytes of a block; a header is one, and files are padded to full ones.
const BLOCK: usize = 512;
/// Longest name, in bytes.
const NAME_MAX: usize = 100;
/// Largest size that a header can hold: eleven octal digits.
const SIZE_MAX: u64 = (1 << 33) - 1;

/// The header of a file. `number` precedes its name, so that names are unique and none is a path.
pub(super) fn header(number: usize, name: &str, size: u64) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    put(&mut block, 0, own_name(number, name).as_bytes());
    put(&mut block, 100, b"0000600\0");
    put(&mut block, 108, b"0000000\0");
    put(&mut block, 116, b"0000000\0");
    put(&mut block, 124, format!("{:011o}\0", size.min(SIZE_MAX)).as_bytes());
    put(&mut block, 136, b"00000000000\0");
    // The checksum is computed with blanks in its place.
    put(&mut block, 148, b"        ");
    put(&mut block, 156, b"0");
    put(&mut block, 257, b"ustar\x0000");
    let sum: u32 = block.iter().copied().map(u32::from).sum();
    put(&mut block, 148, format!("{sum:06o}\0 ").as_bytes());
    block
}

/// The padding after a file of this many bytes.
pub(super) fn padding(size: u64) -> Vec<u8> {
    let over = usize::try_from(size % BLOCK as u64).unwrap_or_default();
    vec![0; (BLOCK - over) % BLOCK]
}

/// The end of an archive.
pub(super) fn end() -> Vec<u8> {
    vec![0; 2 * BLOCK]
}

/// Keeps the end of a long name: it holds the extension.
fn own_name(number: usize, name: &str) -> String {
    let clean: String =
        name.chars().map(|c| if c.is_control() || "/\\".contains(c) { '_' } else { c }).collect();
    let number = format!("{number}-");
    let room = NAME_MAX - number.len();
    let from = (clean.len().saturating_sub(room)..=clean.len())
        .find(|&from| clean.is_char_boundary(from))
        .unwrap_or(clean.len());
    number + clean.get(from..).unwrap_or_default()
}

fn put(block: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(field) = block.get_mut(at..at + bytes.len()) {
        field.copy_from_slice(bytes);
    }
}

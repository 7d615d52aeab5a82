//! Pictures that can be shown in place: kind and size, parsed from the head of a file as a browser
//! does.
//!
//! A file of some kilobytes can hold a picture of billions of pixels, which a browser would decode.
//! So a picture is shown only if its size is known and bounded.

use serde::{Deserialize, Serialize};

/// Bytes of a file that are parsed. What precedes the size of a JPEG, such as a thumbnail, is
/// rarely longer.
pub const HEAD_BYTES: usize = 1 << 20;
/// Most pixels of a picture that is shown: as many as cameras make; a browser needs four bytes for
/// each.
const POINTS_MAX: u64 = 50_000_000;

/// A kind of picture that every browser can show and that cannot contain scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
}

impl Format {
    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
        }
    }
}

/// Size of a picture on the screen, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Size {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Size {
    /// Whether a picture of this size is shown in place.
    pub fn is_shown(self) -> bool {
        u64::from(self.width) * u64::from(self.height) <= POINTS_MAX
    }
}

/// Kind and size of the picture whose file begins with `head`, the first [`HEAD_BYTES`]; none if it
/// is no picture of a known kind, or browsers would not find its size either.
pub fn read(head: &[u8]) -> Option<(Format, Size)> {
    let head = head.get(..HEAD_BYTES).unwrap_or(head);
    let (format, size) = match head {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => (Format::Png, png(head)?),
        [0xff, 0xd8, 0xff, ..] => (Format::Jpeg, jpeg(head)?),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => (Format::Gif, gif(head)?),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
            (Format::Webp, webp(head)?)
        }
        _ => return None,
    };
    (size.width > 0 && size.height > 0).then_some((format, size))
}

fn png(head: &[u8]) -> Option<Size> {
    // The chunk with the size must be the first.
    (head.get(8..16)? == b"\0\0\0\rIHDR").then_some(())?;
    Some(Size { width: be32(head, 16)?, height: be32(head, 20)? })
}

/// The first frame may be larger than the screen that the head announces; browsers enlarge it then.
fn gif(head: &[u8]) -> Option<Size> {
    let screen = (le16(head, 6)?, le16(head, 8)?);
    let mut at = 13 + colours(*head.get(10)?);
    while *head.get(at)? == 0x21 {
        at += 2;
        loop {
            let length = usize::from(*head.get(at)?);
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
    }
    (*head.get(at)? == 0x2c).then_some(())?;
    let right = le16(head, at + 1)? + le16(head, at + 5)?;
    let bottom = le16(head, at + 3)? + le16(head, at + 7)?;
    Some(Size { width: screen.0.max(right), height: screen.1.max(bottom) })
}

/// Bytes of the colour table that the flags announce.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn webp(head: &[u8]) -> Option<Size> {
    match head.get(12..16)? {
        b"VP8 " => {
            (head.get(23..26)? == [0x9d, 0x01, 0x2a]).then_some(())?;
            Some(Size { width: le16(head, 26)? & 0x3fff, height: le16(head, 28)? & 0x3fff })
        }
        b"VP8L" => {
            (*head.get(20)? == 0x2f).then_some(())?;
            let bits = le32(head, 21)?;
            Some(Size { width: (bits & 0x3fff) + 1, height: (bits >> 14 & 0x3fff) + 1 })
        }
        b"VP8X" => Some(Size { width: le24(head, 24)? + 1, height: le24(head, 27)? + 1 }),
        _ => None,
    }
}

/// Walks the segments to the one with the size.
fn jpeg(head: &[u8]) -> Option<Size> {
    let mut at = 2;
    let mut on_its_side = false;
    loop {
        (*head.get(at)? == 0xff).then_some(())?;
        let marker = *head.get(at + 1)?;
        at += match marker {
            // Fill bytes.
            0xff => 1,
            // Markers without a length.
            0x01 | 0xd0..=0xd8 => 2,
            // The picture data begins, or ends, without a size.
            0xd9 | 0xda => return None,
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let (height, width) = (be16(head, at + 5)?, be16(head, at + 7)?);
                let (width, height) = if on_its_side { (height, width) } else { (width, height) };
                return Some(Size { width, height });
            }
            _ => {
                let length = usize::try_from(be16(head, at + 2)?).ok()?;
                if marker == 0xe1 {
                    let segment = head.get(at + 4..(at + 2 + length).min(head.len()));
                    on_its_side |= segment.and_then(orientation).is_some_and(|turn| turn >= 5);
                }
                2 + length
            }
        };
    }
}

/// The orientation, 1 to 8, in Exif.
fn orientation(segment: &[u8]) -> Option<u32> {
    const ORIENTATION: u32 = 0x0112;
    let tiff = segment.strip_prefix(b"Exif\0\0")?;
    let (short, long): (Read, Read) = match tiff.get(..4)? {
        b"II*\0" => (le16, le32),
        b"MM\0*" => (be16, be32),
        _ => return None,
    };
    let directory = usize::try_from(long(tiff, 4)?).ok()?;
    let tiff = tiff.get(directory..)?;
    let entries = usize::try_from(short(tiff, 0)?).ok()?;
    let entry =
        (0..entries).map(|n| 2 + 12 * n).find(|&at| short(tiff, at) == Some(ORIENTATION))?;
    short(tiff, entry + 8)
}

/// Reads a number at an offset.
type Read = fn(&[u8], usize) -> Option<u32>;

fn be16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?).into())
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn le16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?).into())
}

fn le24(bytes: &[u8], at: usize) -> Option<u32> {
    let &[low, middle, high] = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes([low, middle, high, 0]))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
#[path = "picture/picture_tests.rs"]
mod tests;

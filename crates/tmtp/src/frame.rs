//! Framing: `hhhh` + header + data, cut out of a stream in any fragmentation.
//!
//! [`Decoder::next_piece`] takes bytes from the front of its input and gives back at most one
//! piece. Headers that arrive whole and all data are handed out where they lie, without a copy;
//! only a header in fragments is collected, so a decoder never holds more than one header.

use crate::head::{HEAD_MIN_BYTES, LENGTH_BYTES};

/// The four digits before a header are no hex number of at least [`HEAD_MIN_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid header length")]
pub struct InvalidLength;

/// A part of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A whole header, without its digits. Whoever reads it tells the decoder with
    /// [`Decoder::expect_data`] how much data follows.
    Head(Head<'a>),
    /// Some of the data.
    Data {
        /// At least one byte.
        bytes: &'a [u8],
        /// Whether the message ends with them.
        last: bool,
    },
}

/// A header, in the input or in the decoder's buffer.
#[derive(Debug, PartialEq, Eq)]
pub enum Head<'a> {
    /// It arrived whole.
    Whole(&'a [u8]),
    /// It arrived in fragments.
    Collected(Vec<u8>),
}

impl Head<'_> {
    /// The JSON object.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Collected(bytes) => bytes,
        }
    }
}

/// Cuts a stream into headers and data.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Fragment of `hhhh` + header; empty between messages and inside data.
    fragment: Vec<u8>,
    /// Data bytes of the message that have not come yet.
    data_left: u64,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// So much data belongs to the header that was just handed out.
    pub fn expect_data(&mut self, bytes: u64) {
        self.data_left = bytes;
    }

    /// Whether a message has begun and not ended.
    pub fn inside_message(&self) -> bool {
        self.data_left > 0 || !self.fragment.is_empty()
    }

    /// Takes the next piece from the front of `input`. None: all of the input is taken and more is
    /// needed.
    pub fn next_piece<'a>(
        &mut self,
        input: &mut &'a [u8],
    ) -> Result<Option<Piece<'a>>, InvalidLength> {
        if self.data_left > 0 {
            return Ok(self.take_data(input));
        }
        if self.fragment.is_empty()
            && let Some(length) = head_length(input)?
            && let Some(head) = input.get(LENGTH_BYTES..LENGTH_BYTES + length)
        {
            advance(input, LENGTH_BYTES + length);
            return Ok(Some(Piece::Head(Head::Whole(head))));
        }
        self.collect_head(input)
    }

    fn take_data<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        if input.is_empty() {
            return None;
        }
        let take =
            usize::try_from(self.data_left).map_or(input.len(), |left| left.min(input.len()));
        let bytes = advance(input, take);
        self.data_left -= take as u64;
        Some(Piece::Data { bytes, last: self.data_left == 0 })
    }

    fn collect_head<'a>(
        &mut self,
        input: &mut &'a [u8],
    ) -> Result<Option<Piece<'a>>, InvalidLength> {
        self.collect(input, LENGTH_BYTES);
        let Some(length) = head_length(&self.fragment)? else { return Ok(None) };
        self.collect(input, LENGTH_BYTES + length);
        if self.fragment.len() < LENGTH_BYTES + length {
            return Ok(None);
        }
        let mut head = std::mem::take(&mut self.fragment);
        head.drain(..LENGTH_BYTES);
        Ok(Some(Piece::Head(Head::Collected(head))))
    }

    /// Moves bytes into the fragment until it has `want`.
    fn collect(&mut self, input: &mut &[u8], want: usize) {
        let missing = want.saturating_sub(self.fragment.len());
        let taken = advance(input, missing.min(input.len()));
        self.fragment.extend_from_slice(taken);
    }
}

/// Length of the header that `bytes` begin with; none while the digits are incomplete.
fn head_length(bytes: &[u8]) -> Result<Option<usize>, InvalidLength> {
    let Some(digits) = bytes.get(..LENGTH_BYTES) else { return Ok(None) };
    let length = digits.iter().try_fold(0_usize, |length, digit| {
        char::from(*digit).to_digit(16).map(|digit| length * 16 + digit as usize)
    });
    match length {
        Some(length) if length >= HEAD_MIN_BYTES => Ok(Some(length)),
        _ => Err(InvalidLength),
    }
}

/// Splits `count` bytes (at most all) off the front.
fn advance<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (front, back) = input.split_at(count.min(input.len()));
    *input = back;
    front
}

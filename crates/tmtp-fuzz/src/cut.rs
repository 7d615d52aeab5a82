//! Cuts of a stream into reads.

/// Takes four lengths off the front of `input`; 0 stands for 256.
pub(crate) fn lengths<'a>(input: &mut &'a [u8]) -> Option<&'a [u8; 4]> {
    let (lengths, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(lengths)
}

/// Cuts `bytes` into pieces of these lengths, over and over.
pub(crate) fn cut<'a>(mut bytes: &'a [u8], lengths: &[u8; 4]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let lengths = lengths.map(|length| if length == 0 { 256 } else { usize::from(length) });
    for length in lengths.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at((*length).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

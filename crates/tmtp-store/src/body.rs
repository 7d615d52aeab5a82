//! Bodies: the content of messages, in files from which single bodies are physically erased.
//!
//! Small messages are appended to segments (`bodies/00000001.seg`), large ones have a file each
//! (`bodies/large/0000000000000001`). Files carry no structure of their own: the message rows say
//! what lies where, so whatever no row names is garbage. Life of a small body: made durable by the
//! WAL together with its row; written to its segment and synced with the next checkpoint if it is
//! still alive; then the row deleted, then the body erased. A crash between any two leaves at worst bytes
//! that no row names; [`orphan_gc`] erases those at the next open.
//!
//! Small bodies are erased by punching a hole (the blocks go back to the file system) and whole
//! segments are unlinked when nothing in them is alive.

mod dir;
pub(crate) mod eraser;
pub(crate) mod large;
pub(crate) mod orphan_gc;
pub(crate) mod segment;
pub(crate) mod write_buffer;

pub(crate) use dir::Bodies;

/// Longest head and longest data that a segment takes, in bytes each; longer data needs a
/// `LargeBody`.
pub const MAX_SMALL_BYTES: usize = 64 * 1024;

/// A segment is closed when it has grown this long, in bytes.
pub(crate) const SEGMENT_BYTES: u32 = 64 * 1024 * 1024;

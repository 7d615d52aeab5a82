//! Frames per second.
fn main() {}

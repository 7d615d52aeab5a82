//! Fuzz target of invitations and device codes, as somebody pastes them.

/// Reads it as an address and as a device code.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    mnm_engine::fuzz::address(text);
    mnm_engine::fuzz::device_code(text);
}

//! What somebody pastes to join a service or to add a device.

/// Reads it as an address and as a device code.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    mnm_engine::fuzz::address(text);
    mnm_engine::fuzz::device_code(text);
}

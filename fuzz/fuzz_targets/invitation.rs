//! Fuzz target `invitation`: what somebody pastes to join.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tmtp_fuzz::invitation::run(input));

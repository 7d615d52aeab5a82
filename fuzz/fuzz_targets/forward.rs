//! Fuzz target `forward`: forwarded threads.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tmtp_fuzz::forward::run(input));

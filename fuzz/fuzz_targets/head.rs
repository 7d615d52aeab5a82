//! Fuzz target `head`: headers.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tmtp_fuzz::head::run(input));

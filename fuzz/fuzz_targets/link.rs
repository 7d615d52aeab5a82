//! Fuzz target `link`: links to a whole service.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tmtp_fuzz::link::run(input));

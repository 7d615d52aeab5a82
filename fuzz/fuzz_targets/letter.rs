//! Fuzz target `letter`: letters and their text.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tmtp_fuzz::letter::run(input));

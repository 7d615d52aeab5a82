//! Fuzz target `name`: names.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tmtp_fuzz::name::run(input));

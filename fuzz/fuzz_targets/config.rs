//! Fuzz target `config`: configuration files.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tmtp_fuzz::config::run(input));

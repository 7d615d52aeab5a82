//! Fuzz target `session`: sequences of requests and answers.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tmtp_fuzz::session::run(input));

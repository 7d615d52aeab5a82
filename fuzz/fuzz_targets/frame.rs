//! Fuzz target `frame`: streams of frames.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tmtp_fuzz::frame::run(input));

//! Fuzz target `admin`: the administrator's socket.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tmtp_fuzz::admin::run(input));

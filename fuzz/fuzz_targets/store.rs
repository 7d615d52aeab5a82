//! Fuzz target `store`: damaged files of a store.

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: tmtp_fuzz::store::bear_what_is_caught(),
    |input: &[u8]| tmtp_fuzz::store::run(input)
);

//! Arbitrary updates, in messages that are right.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    engine_fuzz::receive_all(engine_fuzz::pieces(input).map(engine_fuzz::update_message));
});

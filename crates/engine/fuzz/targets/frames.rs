//! Arbitrary messages.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    engine_fuzz::receive_all(engine_fuzz::pieces(input).map(<[u8]>::to_vec));
});

//! Whatever a server answers, no panic, no set that is shorter than what it said, no ok that it did not say.
//!
//! Two bytes shape the pipeline, the rest is what arrives. Run with `cargo fuzz run -s none replies`.
#![no_main]

use indelible_valkey::fuzzing::{Shape, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let [shape, chunk, replies @ ..] = input {
        check(Shape::from_bytes(*shape, *chunk), replies);
    }
});

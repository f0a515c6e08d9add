#![no_main]

#[path = "../../tests/support/laws.rs"]
#[allow(dead_code, reason = "each target takes one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| laws::front_end(bytes));

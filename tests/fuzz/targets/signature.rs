#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tailor::fuzzing::run("signature", input));

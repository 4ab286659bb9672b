#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| roamd_fuzzing::web(bytes));

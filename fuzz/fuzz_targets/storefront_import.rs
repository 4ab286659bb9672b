#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| roamd_fuzzing::storefront_import(bytes));

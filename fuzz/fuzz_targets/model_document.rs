#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| authz::fuzzing::reader("model_document")(bytes));

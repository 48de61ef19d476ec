#![no_main]

#[allow(dead_code)]
#[path = "../../tests/calls/mod.rs"]
mod calls;
#[path = "../../tests/fuzz/rows.rs"]
mod rows;

std::thread_local! {
    static ROWS: rows::Rows = rows::Rows::new();
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ROWS.with(|rows| rows.try_out(bytes)));

//! `cargo test --benches` runs each bench once, to see that it still does: then little is enough.
#![allow(dead_code)]

/// Whether something is to be measured: `cargo bench` says so.
pub fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// As many as are usual where something is measured.
pub fn usual<T>(usual: T, few: T) -> T {
    if is_measured() { usual } else { few }
}

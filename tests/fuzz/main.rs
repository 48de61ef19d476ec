//! Every reader of the room `fuzzing` over its kept seeds, and over changes of them that look like chance and are always the same. `fuzz/`
//! goes further with libFuzzer; what it finds is kept as a seed.
//!
//! `AUTHZ_LONG=1 cargo test --release --test fuzz` makes fifty times as many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../calls/mod.rs"]
mod calls;
mod mutations;
mod rows;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use authz::fuzzing::READERS;
use mutations::Mutations;

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// The seeds of a target, in the order of their names.
fn seeds_of(name: &str) -> Vec<Vec<u8>> {
    let folder = seeds().join(name);
    names(&folder).into_iter().map(|seed| std::fs::read(folder.join(seed)).unwrap()).collect()
}

/// How many changes of seeds each target gets.
fn rounds(usual: u64) -> u64 {
    if std::env::var("AUTHZ_LONG").is_ok_and(|value| value == "1") { usual * 50 } else { usual }
}

/// The bytes on which a target fails, as a sentence.
fn failure(name: &str, target: impl Fn(&[u8]), bytes: &[u8]) -> Option<String> {
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| target(bytes)));
    done.err().map(|_| {
        let text = String::from_utf8_lossy(bytes);
        format!("{name} fails on {text:?}; keep it in fuzz/seeds/{name}: b\"{}\"", bytes.escape_ascii())
    })
}

/// The first failure of a target on its seeds and on so many changes of them.
fn first_failure(name: &str, usual: u64, target: impl Fn(&[u8])) -> Option<String> {
    let seeds = seeds_of(name);
    let mut mutations = Mutations::of(&seeds);
    seeds
        .iter()
        .find_map(|seed| failure(name, &target, seed))
        .or_else(|| (0..rounds(usual)).find_map(|_| failure(name, &target, &mutations.next())))
}

#[test]
fn every_reader_keeps_its_properties_on_changed_seeds() {
    let failures: Vec<String> = READERS.iter().filter_map(|(name, reader)| first_failure(name, 10_000, reader)).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn a_file_with_changed_rows_makes_nothing_panic_and_nobody_welcome() {
    let rows = rows::Rows::new();
    let failure = first_failure("rows", 60, |bytes| rows.try_out(bytes));
    assert!(failure.is_none(), "{}", failure.unwrap_or_default());
}

#[test]
fn every_target_has_seeds_and_every_reader_a_target() {
    let readers: BTreeSet<String> = READERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let targets = names(&seeds().with_file_name("fuzz_targets"));
    assert_eq!(names(&seeds()), targets, "the folders of fuzz/seeds are the targets");
    assert!(readers.is_subset(&targets), "readers without a target: {:?}", &readers - &targets);
    let manifest = std::fs::read_to_string(seeds().with_file_name("Cargo.toml")).unwrap();
    for target in targets {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "fuzz/Cargo.toml lacks {target}");
    }
}

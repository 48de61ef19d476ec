//! Do readers in two threads answer twice as much?
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod laboratory;

use criterion::{Criterion, criterion_group, criterion_main};
use laboratory::questions;
use laboratory::sampling::measure;
use laboratory::worlds;

fn ask(criterion: &mut Criterion) {
    measure(criterion, questions::threads(worlds::documents(1_000_000)));
}

criterion_group!(name = benches; config = laboratory::sampling::criterion(); targets = ask);
criterion_main!(benches);

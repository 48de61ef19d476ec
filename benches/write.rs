//! What do the rules cost a writer?
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod laboratory;

use criterion::{Criterion, criterion_group, criterion_main};
use laboratory::questions;
use laboratory::sampling::measure;
use laboratory::worlds;

fn ask(criterion: &mut Criterion) {
    let n = worlds::documents(1_000_000);
    measure(criterion, questions::puts(n / 10));
    measure(criterion, vec![questions::grant(n)]);
}

criterion_group!(name = benches; config = laboratory::sampling::criterion(); targets = ask);
criterion_main!(benches);

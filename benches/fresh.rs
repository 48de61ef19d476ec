//! What does a check cost when something has just been written? By somebody else, by the connection, within the transaction.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod laboratory;

use criterion::{Criterion, criterion_group, criterion_main};
use laboratory::questions;
use laboratory::sampling::measure;
use laboratory::worlds;

fn ask(criterion: &mut Criterion) {
    let n = worlds::documents(1_000_000);
    measure(criterion, questions::after_writes(n));
    measure(criterion, vec![questions::own_grant(n)]);
}

criterion_group!(name = benches; config = laboratory::sampling::criterion(); targets = ask);
criterion_main!(benches);

//! Which rows may this subject see? As a condition on every row, as a join, as IN.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod laboratory;

use criterion::{Criterion, criterion_group, criterion_main};
use laboratory::questions;
use laboratory::sampling::measure;
use laboratory::worlds;

fn ask(criterion: &mut Criterion) {
    let n = worlds::documents(1_000_000);
    measure(
        criterion,
        vec![questions::scan(n, worlds::ONE_PERCENT, "1_percent", 1.5, 1.1), questions::scan(n, worlds::HALF, "50_percent", 2.0, 1.3)],
    );
    measure(criterion, questions::join(n, worlds::ONE_PERCENT, "1_percent"));
    measure(criterion, questions::join(n, worlds::HALF, "50_percent"));
}

criterion_group!(name = benches; config = laboratory::sampling::criterion(); targets = ask);
criterion_main!(benches);

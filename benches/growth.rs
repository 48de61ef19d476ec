//! How does a check grow with the number of resources?
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod laboratory;

use criterion::{Criterion, criterion_group, criterion_main};
use laboratory::questions::{self, Asked};
use laboratory::sampling::measure;
use laboratory::worlds::{self, Ids};

fn ask(criterion: &mut Criterion) {
    let most = worlds::documents(1_000_000);
    for n in [10_000, 100_000, 1_000_000, 10_000_000].into_iter().filter(|n| *n <= most) {
        let mut question = questions::point(n, Ids::Integer, Asked::All);
        question.name = format!("check/growth/{n}_documents");
        measure(criterion, vec![question]);
    }
}

criterion_group!(name = benches; config = laboratory::sampling::criterion(); targets = ask);
criterion_main!(benches);

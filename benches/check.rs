//! Is this subject allowed? One check, many in one statement, a group of 100,000, 10,000 levels.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod laboratory;

use criterion::{Criterion, criterion_group, criterion_main};
use laboratory::questions::{self, Asked};
use laboratory::sampling::measure;
use laboratory::worlds::{self, Ids};

fn ask(criterion: &mut Criterion) {
    let n = worlds::documents(1_000_000);
    measure(
        criterion,
        vec![
            questions::point(n, Ids::Integer, Asked::All),
            questions::point(n, Ids::Integer, Asked::Allowed),
            questions::point(n, Ids::Integer, Asked::Denied),
            questions::point(n, Ids::Uuid, Asked::All),
            questions::sum(n, Ids::Integer),
            questions::sum(n, Ids::Uuid),
        ],
    );
    measure(criterion, questions::extremes());
}

criterion_group!(name = benches; config = laboratory::sampling::criterion(); targets = ask);
criterion_main!(benches);

//! A question under criterion: its base and itself in one group.

use std::time::Duration;

use criterion::{Criterion, Throughput};

use super::measure::{Question, Run};

/// Settings that suit questions of 300 nanoseconds and of 3 seconds.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args()
}

/// Measures each question, the quickest base first.
pub fn measure(criterion: &mut Criterion, questions: Vec<Question>) {
    for mut question in questions {
        question.settle();
        let mut group = criterion.benchmark_group(&question.name);
        group.throughput(Throughput::Elements(question.answers));
        let mut bench = |name: &str, run: &mut Run| {
            group.bench_function(name, |bencher| bencher.iter_custom(|times| (0..times).map(|_| run().0).sum()));
        };
        if let Some(base) = question.bases.first_mut() {
            bench("base", base);
        }
        bench("authz", &mut question.ask);
        group.finish();
    }
}

//! The table of ratios: each question against its base, both measured in turn in one run.
//!
//! ```text
//! cargo bench --bench ratios                              the short version, 100,000 documents, under two minutes
//! AUTHZ_DOCUMENTS=1000000 cargo bench --bench ratios      the table of docs/performance.md
//! cargo bench --bench ratios -- filter                    only what has `filter` in its name
//! cargo bench --bench ratios -- --markdown                for a document
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod laboratory;

use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Color, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use laboratory::brief;
use laboratory::measure::{Measure, Outcome, Question};
use laboratory::questions::{self, Asked};
use laboratory::worlds::{self, Ids};

const SMALL: u32 = 10_000;

fn main() {
    let documents = worlds::documents(100_000);
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    // Long enough for the slowest statement where there are many rows, short enough for two minutes where there are few.
    let time = Duration::from_secs(brief::usual(if documents > 100_000 { 8 } else { 2 }, 0));
    println!("authz {}, SQLite {}, {documents} documents, {}", env!("CARGO_PKG_VERSION"), authz::rusqlite::version(), machine());

    let mut outcomes = Vec::new();
    for (names, questions) in questions::all(documents) {
        if !wanted.is_empty()
            && !wanted.iter().any(|part| names.split(' ').any(|name| name.contains(part.as_str()) || part.starts_with(name)))
        {
            continue;
        }
        for mut question in questions().into_iter().filter(|question| is_wanted(&question.name)) {
            outcomes.push(measured(&mut question, time));
        }
    }
    if is_wanted("check/growth") {
        outcomes.push(growth(documents, time));
    }
    println!("{}", table(&outcomes));
}

fn measured(question: &mut Question, time: Duration) -> Outcome {
    let progress = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {msg} {elapsed}").unwrap());
    progress.set_message(question.name.clone());
    progress.enable_steady_tick(Duration::from_millis(200));
    let outcome = question.outcome(time, 300);
    progress.finish_and_clear();
    // Where nobody watches the bars, a line for each: the whole takes minutes.
    if progress.is_hidden() {
        eprintln!("{}: {:.3}", outcome.name, outcome.result);
    }
    outcome
}

/// How a check grows from 10,000 documents, divided by how a look-up grows in the same files.
fn growth(documents: u32, time: Duration) -> Outcome {
    let point = |documents| measured(&mut questions::point(documents, Ids::Integer, Asked::All), time);
    let (small, large) = (point(SMALL), point(documents));
    Outcome {
        name: format!("check/growth/from_{SMALL}_to_{documents}"),
        base: "the growth of a look-up",
        result: large.result / small.result,
        must: Some(1.5),
        aim: Some(1.0),
        ..large
    }
}

fn table(outcomes: &[Outcome]) -> Table {
    let mut table = Table::new();
    let is_markdown = std::env::args().any(|argument| argument == "--markdown");
    table.load_style(if is_markdown { presets::ASCII_MARKDOWN } else { presets::UTF8_FULL_CONDENSED }).set_header([
        "question",
        "base",
        "base takes",
        "takes",
        "result",
        "must",
        "aim",
    ]);
    for outcome in outcomes {
        let unit = match outcome.measure {
            Measure::Ratio => "",
            Measure::MoreMilliseconds => " ms more",
            Measure::Throughput => " ×",
            Measure::Mebibytes => " MiB",
        };
        let limit = |limit: Option<f64>| {
            limit.map_or_else(String::new, |limit| format!("{}{limit}", if outcome.measure == Measure::Throughput { "≥ " } else { "≤ " }))
        };
        let color = match (outcome.keeps(outcome.must), outcome.keeps(outcome.aim)) {
            (Some(false), _) => Color::Red,
            (Some(true), Some(false)) => Color::Yellow,
            _ => Color::Green,
        };
        let base_takes = if outcome.base_time.is_zero() { String::new() } else { shown(outcome.base_time) };
        table.add_row([
            Cell::new(&outcome.name),
            Cell::new(outcome.base),
            Cell::new(base_takes).set_alignment(CellAlignment::Right),
            Cell::new(shown(outcome.time)).set_alignment(CellAlignment::Right),
            Cell::new(format!("{:.3}{unit}", outcome.result)).set_alignment(CellAlignment::Right).fg(color),
            Cell::new(limit(outcome.must)),
            Cell::new(limit(outcome.aim)),
        ]);
    }
    table
}

/// Three digits are as many as a measurement is good for.
fn shown(time: Duration) -> String {
    let nanoseconds = time.as_secs_f64() * 1e9;
    let (unit, value) = [("s", 1e9), ("ms", 1e6), ("µs", 1e3)].into_iter().find(|(_, size)| nanoseconds >= *size).unwrap_or(("ns", 1.0));
    let value = nanoseconds / value;
    let decimals = if value >= 100.0 || unit == "ns" {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$} {unit}")
}

/// What kind of machine this is.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{} {}, {cores} cores", std::env::consts::OS, std::env::consts::ARCH)
}

//! Whatever fails under a call of the library, the call fails as a whole, and everything goes on.
//!
//! A short run takes some cases of each kind, always the same. The long one, of hours, takes all of them:
//!
//! ```text
//! AUTHZ_LONG=1 cargo test --release --test injection
//! AUTHZ_INJECTION_POINTS=50          so many points of each call instead of 400, at which an allocation fails or an interrupt comes
//! AUTHZ_INJECTION_ONLY=authz_grant   only calls that contain this text
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod allocations;
mod answers;
mod authorizers;
#[path = "../calls/mod.rs"]
mod calls;
mod case;
mod content;
mod disk;
mod files;
mod interrupts;
mod judgement;
mod memory;
mod other_states;
mod readers;
mod stack;
mod statement;
mod tally;
mod triggers;
mod world;

use std::hash::{DefaultHasher, Hash, Hasher};

use authz::rusqlite::Connection;

/// Whether everything is to be tried.
fn is_full() -> bool {
    std::env::var("AUTHZ_LONG").is_ok_and(|value| value == "1")
}

/// A number below `count`, not the same for every call and always the same for one.
fn turn(call: &calls::Call, count: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    call.to_string().hash(&mut hasher);
    hasher.finish() % count.max(1)
}

/// How many of the many points at which a call can fail are tried in the long run.
fn most_points() -> u64 {
    std::env::var("AUTHZ_INJECTION_POINTS").ok().and_then(|count| count.parse().ok()).unwrap_or(400)
}

/// Some of the numbers from 1 to `count`: in the long run all of them or many, else so many as given, spread evenly and not the same for every call.
fn points(count: u64, most: usize, call: &calls::Call) -> Vec<u64> {
    let most = if is_full() { most_points() } else { most as u64 };
    if count <= most {
        return (1..=count).collect();
    }
    let shift = turn(call, count / most);
    (0..most).map(|place| 1 + place * count / most + shift).filter(|&at| at <= count).collect()
}

#[test]
fn every_function_has_a_call() {
    memory::start();
    let bare = Connection::open_in_memory().unwrap();
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    assert_eq!(calls::without_a_call(&bare, &connection), Vec::<String>::new());
}

#[test]
fn every_call_is_answered_and_both_forms_do_the_same() {
    for subject in case::subjects().into_iter().chain(case::statements()) {
        let clean = subject.clean(calls::Form::Select, false);
        let by_hand = calls::make(&subject.stage(case::Setting::PLAIN).connection, subject.call, calls::Form::Select);
        assert_eq!(by_hand.map(|rows| rows.len()), Ok(clean.rows.len()), "{}", subject.call);
        assert!(clean.writes || !subject.call.is_statement(), "{} changes nothing", subject.call);
        if subject.writes() && subject.has_insert() {
            let inserted = subject.clean(calls::Form::Insert, false);
            assert_eq!(inserted.rows, clean.rows, "{}", subject.call);
            assert!(inserted.after.is_like(&clean.after), "{}: {}", subject.call, clean.after.difference(&inserted.after));
        }
    }
}

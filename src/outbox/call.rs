//! One call, one event for each object.
//!
//! Events are written by triggers, one for each row that changes, so that they are there whoever writes. A function of the library may
//! touch an object more than once; [`as_one_call`] folds what it wrote to one event for each object.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, params};

use crate::sqlite::connection::Engine;
use crate::sqlite::error::Result;

/// Runs `work` as a whole or not at all, and folds the events it writes to one for each object.
///
/// A call inside a call belongs to the outer one. What makes one statement on each object, such as an INSERT or a DELETE with all that
/// it takes along, writes no event twice and does without; so does a call that finds nothing to change and should not write at all.
pub(crate) fn as_one_call<T>(engine: &Engine, work: impl FnOnce() -> Result<T>) -> Result<T> {
    engine.atomically(|| {
        let begun = engine.with(include_str!("../../sql/outbox/call/begin_call.sql"), |statement| {
            Ok(statement.query_row([], |row| row.get::<_, i64>(0)).optional()?)
        })?;
        let answer = work()?;
        if let Some(first) = begun {
            if first > 0 {
                fold(engine)?;
            }
            engine.with(include_str!("../../sql/outbox/call/end_call.sql"), |statement| Ok(statement.execute([])?))?;
        }
        Ok(answer)
    })
}

/// What an event says of its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Created,
    Changed,
    Deleted,
}

impl Verb {
    fn of(event: &str) -> Verb {
        match event.rsplit('.').next() {
            Some("created" | "member_added" | "user_added") => Verb::Created,
            Some("deleted" | "expired" | "member_removed" | "user_removed") => Verb::Deleted,
            _ => Verb::Changed,
        }
    }
}

/// Folds the events of the running call: an object that came and changed came as it is now; one that changed twice changed once; one that
/// changed and went just went, as it was before the call, and one that came and went was never there. What goes and comes again are two objects.
fn fold(engine: &Engine) -> Result<()> {
    struct Written {
        seq: i64,
        event: String,
        has_previous: bool,
        key: String,
    }
    let events = engine.with(include_str!("../../sql/outbox/call/written.sql"), |statement| {
        let rows = statement
            .query_map([], |row| Ok(Written { seq: row.get(0)?, event: row.get(1)?, has_previous: row.get(2)?, key: row.get(3)? }))?;
        Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
    })?;
    let run = |sql: &'static str, parameters: &[&dyn rusqlite::ToSql]| -> Result<()> {
        engine.with(sql, |statement| Ok(statement.execute(parameters).map(drop)?))
    };
    // The last event of each object that may take in what comes after it. An update has the object as it was before in the row after it.
    let mut open: HashMap<&str, (&Written, Verb)> = HashMap::new();
    for written in &events {
        let (seq, verb) = (written.seq, Verb::of(&written.event));
        let Some((first, before)) = open.get(written.key.as_str()).copied() else {
            open.insert(&written.key, (written, verb));
            continue;
        };
        match (before, verb) {
            (Verb::Created | Verb::Changed, Verb::Changed) => {
                run(include_str!("../../sql/outbox/call/copy_object.sql"), params![first.seq, seq])?;
                // A move that also renames is a move.
                if before == Verb::Changed && written.event.ends_with(".moved") {
                    run(include_str!("../../sql/outbox/call/rename.sql"), params![first.seq, written.event])?;
                }
                run(include_str!("../../sql/outbox/call/drop.sql"), params![seq])?;
            }
            (Verb::Changed, Verb::Deleted) => {
                if first.has_previous {
                    run(include_str!("../../sql/outbox/call/copy_object.sql"), params![seq, first.seq + 1])?;
                }
                run(include_str!("../../sql/outbox/call/drop_later_notes.sql"), params![first.seq, seq])?;
                run(include_str!("../../sql/outbox/call/move_notes.sql"), params![first.seq, seq])?;
                run(include_str!("../../sql/outbox/call/drop.sql"), params![first.seq])?;
                open.insert(&written.key, (written, verb));
            }
            (Verb::Created, Verb::Deleted) => {
                run(include_str!("../../sql/outbox/call/drop.sql"), params![first.seq])?;
                run(include_str!("../../sql/outbox/call/drop.sql"), params![seq])?;
                open.remove(written.key.as_str());
            }
            (Verb::Deleted, _) | (_, Verb::Created) => {
                open.insert(&written.key, (written, verb));
            }
        }
    }
    Ok(())
}

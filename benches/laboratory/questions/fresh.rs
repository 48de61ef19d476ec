//! Answers that cannot come from what was kept: on a fresh connection, after writes, after a write of one's own.

use std::rc::Rc;
use std::time::Duration;

use authz::rusqlite::{Connection, params};

use super::{CHECK, CHECKS, LOOK_UP, check, only, pairs, prepare};
use crate::laboratory::measure::{Measure, Question, Run, timed};
use crate::laboratory::worlds::{self, HALF, Ids};

/// `open/…`: the first answer on a fresh connection, SQLite's own settings.
pub fn open(documents: u32) -> Question {
    let file = worlds::tree(documents, Ids::Integer);
    let again = file.clone();
    let opened = |file: &std::path::Path| Connection::open(file).unwrap();
    let base: Run = Box::new(move || {
        let mut kept = None;
        timed(|| {
            let connection = kept.insert(opened(&file));
            connection.query_row(LOOK_UP, [4711], |row| row.get(0)).unwrap()
        })
    });
    let ask: Run = Box::new(move || {
        let mut kept = None;
        timed(|| {
            let connection = kept.insert(opened(&again));
            authz::register(connection).unwrap();
            connection.query_row(CHECK, params![HALF, 4711], |row| row.get(0)).unwrap()
        })
    });
    Question::ratio("open/first_answer", "open, and one look-up", 5.0, 1.0, 1, vec![base], ask)
        .unlike()
        .measured_as(Measure::MoreMilliseconds)
}

/// `check/after_writes/…`: a grant after every hundred checks, which are timed alone.
pub fn after_writes(documents: u32) -> Vec<Question> {
    let file = worlds::tree(documents, Ids::Integer);
    let pairs = pairs(worlds::open_to_read(&file));
    /// Who writes between the checks.
    #[derive(Clone, Copy, PartialEq)]
    enum Writer {
        None,
        Same,
        Other,
    }
    let checks = |writer: Writer| -> Run {
        let (folder, copy) = worlds::copy(&file);
        let reader: &'static Connection = Box::leak(Box::new(worlds::open(&copy)));
        let other: &'static Connection = match writer {
            Writer::Other => Box::leak(Box::new(worlds::open(&copy))),
            Writer::Same | Writer::None => reader,
        };
        let mut grant = prepare(other, "SELECT authz_grant(?1, 'document-reader', 'document', ?2)");
        let mut statement = prepare(reader, CHECK);
        let pairs = Rc::clone(&pairs);
        reader.execute_batch("BEGIN").unwrap();
        pairs.iter().for_each(|(subject, document, _)| _ = check(&mut statement, subject, document));
        reader.execute_batch("COMMIT").unwrap();
        let (mut next, mut written) = (0, 0);
        Box::new(move || {
            let _kept = &folder;
            let mut total = Duration::ZERO;
            for hundred in pairs[next..next + CHECKS].chunks(100) {
                if writer != Writer::None {
                    let (subject, _, _) = &pairs[(written * 7919 + 1) % pairs.len()];
                    let (_, document, _) = &pairs[(written * 104_729 + 2) % pairs.len()];
                    grant.query_row(params![subject, document], |_| Ok(())).unwrap();
                    written += 1;
                }
                total += timed(|| {
                    reader.execute_batch("BEGIN").unwrap();
                    let allowed = hundred.iter().map(|(subject, document, _)| check(&mut statement, subject, document)).sum();
                    reader.execute_batch("COMMIT").unwrap();
                    allowed
                })
                .0;
            }
            next = (next + CHECKS) % pairs.len();
            (total, 0)
        })
    };
    let ratio = |name: &str, writer| {
        Question::ratio(name, "the same checks without writes", 1.5, 1.2, CHECKS as u64, vec![checks(Writer::None)], checks(writer))
    };
    vec![
        ratio("check/after_writes/one_grant_in_100_checks/same_connection", Writer::Same),
        ratio("check/after_writes/one_grant_in_100_checks/other_connection", Writer::Other),
    ]
}

/// `check/own_grant/…`: one check inside a transaction that has just written the grant it depends on.
pub fn own_grant(documents: u32) -> Question {
    let (folder, copy) = worlds::copy(&worlds::tree(documents, Ids::Integer));
    let connection: &'static Connection = Box::leak(Box::new(worlds::open(&copy)));
    let reader = worlds::open_to_read(&copy);
    let pairs = only(0, &pairs(reader));
    let mut grant = prepare(connection, "SELECT authz_grant(?1, 'document-reader', 'document', ?2)");
    let mut after = prepare(connection, CHECK);
    let mut warm = prepare(reader, CHECK);
    let each = 100;
    let again = Rc::clone(&pairs);
    for (subject, document, _) in pairs.iter() {
        check(&mut warm, subject, document);
        check(&mut after, subject, document);
    }
    let (mut next, mut next_base) = (0, 0);
    let base: Run = Box::new(move || {
        let mut total = Duration::ZERO;
        for (subject, document, _) in &again[next_base..next_base + each] {
            total += timed(|| check(&mut warm, subject, document)).0;
        }
        next_base = (next_base + each) % again.len();
        (total, 0)
    });
    let ask: Run = Box::new(move || {
        let _kept = &folder;
        let mut total = Duration::ZERO;
        for (subject, document, _) in &pairs[next..next + each] {
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
            grant.query_row(params![subject, document], |_| Ok(())).unwrap();
            let (taken, allowed) = timed(|| check(&mut after, subject, document));
            assert_eq!(allowed, 1);
            total += taken;
            connection.execute_batch("ROLLBACK").unwrap();
        }
        next = (next + each) % pairs.len();
        (total, 0)
    });
    Question::ratio("check/own_uncommitted_grant", "the warm check", 4.0, 1.5, each as u64, vec![base], ask)
}

//! One decision, and many in one statement.

use std::rc::Rc;

use authz::rusqlite::{Connection, params};

use super::{CHECK, CHECKS, LOOK_UP, Pair, check, number, only, pairs, prepare, rows};
use crate::laboratory::measure::{Question, Run, timed};
use crate::laboratory::worlds::{self, IN_THE_CROWD, Ids, JOINER, PAIRS};

/// One check after the other, each about another subject and another document.
fn checks_one_by_one(connection: &'static Connection, pairs: &Rc<Vec<Pair>>) -> Run {
    let pairs = Rc::clone(pairs);
    let mut statement = prepare(connection, CHECK);
    let mut next = 0;
    // All once: warm, and each answer as the plan of the world has it.
    for (subject, document, allowed) in pairs.iter() {
        assert_eq!(check(&mut statement, subject, document), *allowed, "{subject} {document:?}");
    }
    Box::new(move || {
        let slice = &pairs[next..next + CHECKS];
        next = (next + CHECKS) % pairs.len();
        timed(|| slice.iter().map(|(subject, document, _)| check(&mut statement, subject, document)).sum())
    })
}

fn look_ups(connection: &'static Connection, pairs: &Rc<Vec<Pair>>) -> Run {
    let pairs = Rc::clone(pairs);
    let mut statement = prepare(connection, LOOK_UP);
    let mut next = 0;
    // All once, to have every page at hand.
    for (_, document, _) in pairs.iter() {
        statement.query_row([document], |_| Ok(())).unwrap();
    }
    Box::new(move || {
        let slice = &pairs[next..next + CHECKS];
        next = (next + CHECKS) % pairs.len();
        timed(|| {
            let found = slice.iter().filter(|(_, document, _)| {
                let mut rows = statement.query([document]).unwrap();
                rows.next().unwrap().is_some_and(|row| row.get_ref(0).is_ok())
            });
            found.count() as i64
        })
    })
}

/// Which checks are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Half of them allowed
    All,
    Allowed,
    Denied,
}

/// `check/point/…`: one check by a prepared statement.
pub fn point(documents: u32, ids: Ids, asked: Asked) -> Question {
    let connection = worlds::open_to_read(&worlds::tree(documents, ids));
    let (pairs, name) = match asked {
        Asked::All => (pairs(connection), ids.name()),
        Asked::Allowed => (only(1, &pairs(connection)), "allowed"),
        Asked::Denied => (only(0, &pairs(connection)), "denied"),
    };
    Question::ratio(
        format!("check/point/depth_4/{name}"),
        "one primary-key look-up",
        1.5,
        0.5,
        CHECKS as u64,
        vec![look_ups(connection, &pairs)],
        checks_one_by_one(connection, &pairs),
    )
    .unlike()
}

/// `check/sum/…`: 200,000 checks in one statement.
pub fn sum(documents: u32, ids: Ids) -> Question {
    let connection = worlds::open_to_read(&worlds::tree(documents, ids));
    let allowed: i64 = connection.query_row("SELECT sum(allowed) FROM pairs", [], |row| row.get(0)).unwrap();
    let mut ask = number(connection, "SELECT sum(authz_check(p.subject, 'document:read', 'document', p.document)) FROM pairs AS p", vec![]);
    assert_eq!(ask().1, allowed);
    Question::ratio(
        format!("check/sum/200000_pairs/{}", ids.name()),
        "the statement with a primary-key sub-select",
        1.0,
        0.35,
        u64::from(PAIRS),
        vec![number(
            connection,
            "SELECT count((SELECT d.project_id FROM documents AS d WHERE d.id = +p.document)) FROM pairs AS p",
            vec![],
        )],
        ask,
    )
    .unlike()
}

/// `check/wide/…`, `check/deep/…`: what should not matter.
pub fn extremes() -> Vec<Question> {
    let connection = worlds::open_to_read(&worlds::wide());
    let ask = |name: &str, connection: &'static Connection, subject: &str, from: i64, to: i64| {
        let mut statement = prepare(
            connection,
            "SELECT sum(authz_check(?1, 'document:read', 'document', d.id)) FROM documents AS d WHERE d.id BETWEEN ?2 AND ?3",
        );
        let mut base = prepare(
            connection,
            "SELECT count((SELECT o.title FROM documents AS o WHERE o.id = d.id)) FROM documents AS d WHERE d.id BETWEEN ?1 AND ?2",
        );
        let subject = subject.to_owned();
        let base: Run = Box::new(move || timed(|| base.query_row([from, to], |row| row.get(0)).unwrap()));
        let ask: Run = Box::new(move || timed(|| statement.query_row(params![subject, from, to], |row| row.get(0)).unwrap()));
        let answers = (to - from + 1) as u64;
        Question::ratio(name, "a primary-key look-up in the same statement", 0.0, 0.0, answers, vec![base], ask).unlike().without_limits()
    };
    let mut questions = vec![
        ask("check/wide/member_of_a_group_of_100000", connection, IN_THE_CROWD, 10_002, 11_001),
        ask("check/wide/member_of_10000_groups", connection, JOINER, 2, 1001),
        ask("check/wide/document_shared_with_10000_groups", connection, JOINER, 1, 1),
    ];
    let deep = worlds::open_to_read(&worlds::deep());
    questions.push(ask("check/deep/10000_levels", deep, "user:ana", 1, 1));
    questions.push(
        Question::ratio(
            "tree/ancestors/10000",
            "the recursive CTE",
            0.0,
            0.0,
            1,
            vec![rows(deep, include_str!("../../sql/ancestors.sql"), vec![vec![1.into()]])],
            rows(deep, "SELECT count(*), sum(depth) FROM authz_ancestors('document', ?1)", vec![vec![1.into()]]),
        )
        .without_limits(),
    );
    questions
}

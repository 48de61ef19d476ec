//! What the library answers about the world: a battery of questions, always the same.

use std::collections::HashMap;
use std::sync::LazyLock;

use authz::rusqlite::types::Value;
use authz::rusqlite::{Connection, Statement, params_from_iter};
use serde::{Deserialize, Serialize};

use crate::content::{shown, steady};
use crate::is_full;

/// The answers to all questions, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers(Vec<Result<Vec<String>, String>>);

/// How two sets of answers differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Differ {
    /// A yes, or a row of a list, which the right answer has not
    WrongYes(String),
    /// An error instead of an answer
    Error(String),
    /// Anything else
    Other(String),
}

/// A question.
struct Question {
    sql: &'static str,
    parameters: Vec<Value>,
    /// Whether all that it says is a yes to something
    grants: bool,
}

const SUBJECTS: [&str; 9] =
    ["user:ana", "user:ben", "user:cyd", "user:eve", "group:all#member", "user:*", "user:nobody", "group:web", "service:ci"];

/// A type, what may be asked about it, and the resources of it that are asked about.
type Place = (&'static str, Vec<&'static str>, Vec<Value>);

static PLACES: LazyLock<Vec<Place>> = LazyLock::new(|| {
    let number = Value::Integer;
    let text = |text: &str| Value::Text(text.into());
    vec![
        (
            "document",
            vec!["document:read", "document:edit", "document:see", "viewer", "blocked"],
            vec![number(10), number(20), number(30), text("forty"), number(60)],
        ),
        ("project", vec!["project:read", "project:edit"], vec![number(1), number(2), number(3), number(4)]),
        ("organization", vec!["org:bill"], vec![text("acme"), number(7)]),
        ("folder", vec!["viewer", "editor"], vec![number(1), number(2), number(3)]),
    ]
});

const CHECK: &str = "SELECT authz_check(?1, ?2, ?3, ?4)";
const MANY: &str =
    "SELECT resource_type, resource_id FROM authz_resources WHERE resource_type = ?3 AND authz_check(?1, ?2, resource_type, resource_id)";
const RESOURCES: &str = "SELECT resource_id FROM authz_list_resources(?1, ?2, ?3)";
const LISTED_SUBJECTS: &str = "SELECT subject FROM authz_list_subjects(?1, ?2, ?3)";
const PERMISSIONS: &str = "SELECT permission FROM authz_list_permissions(?1, ?2, ?3)";
// Of several reasons any may be told first, as a connection happens to know them.
const EXPLAIN: &str = "SELECT 1 WHERE authz_explain(?1, ?2, ?3, ?4) ->> 'allowed'";
const SESSION: &str = "SELECT authz_session_subject(?1, ?2) WHERE authz_session_subject(?1, ?2) IS NOT NULL";
const CLAIMS: &str = "SELECT authz_claims(?1, ?2) ->> '$.permissions'";
const SEARCH: &str = "SELECT kind, id FROM authz_search(?1, ?2)";

/// Every check of the first subjects, and some of the other questions; in the long run everything.
static QUESTIONS: LazyLock<Vec<Question>> = LazyLock::new(|| {
    let mut questions = Vec::new();
    let text = |text: &str| Value::Text(text.into());
    let every = if is_full() { 1 } else { 13 };
    let subjects = &SUBJECTS[..if is_full() { SUBJECTS.len() } else { 5 }];
    let mut turn = 0;
    let mut is_due = move || {
        turn += 1;
        turn % every == 0
    };
    for (kind, permissions, ids) in PLACES.iter() {
        for permission in permissions {
            for &subject in subjects {
                for id in ids {
                    let parameters = vec![text(subject), text(permission), text(kind), id.clone()];
                    questions.push(Question { sql: CHECK, parameters: parameters.clone(), grants: true });
                    if is_due() {
                        questions.push(Question { sql: EXPLAIN, parameters, grants: true });
                    }
                }
                let parameters = vec![text(subject), text(permission), text(kind)];
                if is_due() {
                    questions.push(Question { sql: RESOURCES, parameters: parameters.clone(), grants: true });
                }
                if is_due() {
                    questions.push(Question { sql: MANY, parameters, grants: true });
                }
            }
            for id in ids {
                if is_due() {
                    questions.push(Question {
                        sql: LISTED_SUBJECTS,
                        parameters: vec![text(permission), text(kind), id.clone()],
                        grants: true,
                    });
                }
            }
        }
        for id in ids {
            for &subject in subjects {
                if is_due() {
                    questions.push(Question { sql: PERMISSIONS, parameters: vec![text(subject), text(kind), id.clone()], grants: true });
                }
            }
        }
    }
    for (session, organization) in [("web", "acme"), ("phone", "acme"), ("gone", "acme"), ("other", "7"), ("other", "acme")] {
        questions.push(Question { sql: SESSION, parameters: vec![text(session), text(organization)], grants: true });
    }
    questions.push(Question { sql: CLAIMS, parameters: vec![text("ana"), text("acme")], grants: true });
    questions.push(Question { sql: SEARCH, parameters: vec![text("logo"), text("user:ana")], grants: true });
    questions
});

/// Asks everything on a connection.
pub fn ask(connection: &Connection) -> Answers {
    ask_some(connection, |_| true)
}

/// Asks what scalar functions answer.
pub fn ask_functions(connection: &Connection) -> Answers {
    ask_some(connection, |question| [CHECK, MANY, EXPLAIN, SESSION, CLAIMS].contains(&question.sql))
}

fn ask_some(connection: &Connection, is_asked: impl Fn(&Question) -> bool) -> Answers {
    let mut prepared: HashMap<&str, Result<Statement<'_>, String>> = HashMap::new();
    let answers = QUESTIONS.iter().map(|question| {
        if !is_asked(question) {
            return Ok(Vec::new());
        }
        let statement =
            prepared.entry(question.sql).or_insert_with(|| connection.prepare(question.sql).map_err(|error| steady(&error.to_string())));
        let statement = statement.as_mut().map_err(|error| error.clone())?;
        let columns = statement.column_count();
        let mut rows = Vec::new();
        let mut found = statement.query(params_from_iter(&question.parameters)).unwrap();
        loop {
            match found.next() {
                Ok(None) => break,
                Ok(Some(row)) => {
                    let mut line = String::new();
                    for column in 0..columns {
                        line.push('|');
                        shown(row.get_ref(column).unwrap(), &mut line);
                    }
                    rows.push(line);
                }
                Err(error) => return Err(steady(&error.to_string())),
            }
        }
        rows.sort_unstable();
        if question.sql == CHECK {
            // A no is the absence of a yes.
            rows.retain(|line| line != "|0");
        }
        Ok(rows)
    });
    Answers(answers.collect())
}

impl Answers {
    /// The worst of what is different in the second.
    pub fn difference(&self, other: &Answers) -> Option<Differ> {
        let mut worst = None;
        for ((question, right), found) in QUESTIONS.iter().zip(&self.0).zip(&other.0) {
            if right == found {
                continue;
            }
            let parameters: Vec<String> = question
                .parameters
                .iter()
                .map(|value| {
                    let mut line = String::new();
                    shown(value.into(), &mut line);
                    line
                })
                .collect();
            let told = format!("{} with {}: {found:?} instead of {right:?}", question.sql, parameters.join(" "));
            let differ = match (right, found) {
                (Ok(right), Ok(found)) if question.grants && found.iter().any(|row| !right.contains(row)) => Differ::WrongYes(told),
                (Err(_), Ok(found)) if question.grants && !found.is_empty() => Differ::WrongYes(told),
                (_, Err(_)) => Differ::Error(told),
                _ => Differ::Other(told),
            };
            if matches!(differ, Differ::WrongYes(_)) {
                return Some(differ);
            }
            worst.get_or_insert(differ);
        }
        worst
    }
}

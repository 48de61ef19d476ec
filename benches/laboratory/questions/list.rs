//! Whole sets: subjects, permissions, the hierarchy.

use authz::rusqlite::types::Value;

use super::{CHECKS, NOW, number, pairs, rows};
use crate::laboratory::measure::Question;
use crate::laboratory::worlds::{self, Ids, READ};

/// `list/subjects/…`: who may read a document with a thousand readers.
pub fn subjects(documents: u32) -> Question {
    let connection = worlds::open_to_read(&worlds::tree(documents, Ids::Integer));
    Question::ratio(
        "list/subjects/1000_readers",
        "hand-written SQL",
        1.0,
        0.3,
        1,
        vec![rows(connection, include_str!("../../sql/subjects.sql"), vec![vec![8.into(), READ.to_owned().into(), NOW.to_owned().into()]])],
        rows(connection, "SELECT subject FROM authz_list_subjects(?2, 'document', ?1)", vec![vec![8.into(), READ.to_owned().into()]]),
    )
}

/// `list/permissions/…`: what a subject may do to a document, for a thousand pairs.
pub fn permissions(documents: u32) -> Question {
    let connection = worlds::open_to_read(&worlds::tree(documents, Ids::Integer));
    let pairs = pairs(connection);
    let given: Vec<Vec<Value>> =
        pairs[..CHECKS].iter().map(|(subject, document, _)| vec![subject.clone().into(), document.clone()]).collect();
    let with_now = given.iter().map(|given| given.iter().cloned().chain([NOW.to_owned().into()]).collect()).collect();
    Question::ratio(
        "list/permissions/depth_4",
        "hand-written SQL",
        1.0,
        0.3,
        CHECKS as u64,
        vec![rows(connection, include_str!("../../sql/permissions.sql"), with_now)],
        rows(connection, "SELECT permission FROM authz_list_permissions(?1, 'document', ?2)", given),
    )
}

/// `tree/…`: the hierarchy as rows.
pub fn tree(documents: u32) -> Vec<Question> {
    let connection = worlds::open_to_read(&worlds::tree(documents, Ids::Integer));
    let ids: Vec<Vec<Value>> = pairs(connection)[..CHECKS].iter().map(|(_, document, _)| vec![document.clone()]).collect();
    let ratio = |name: &str, answers, base, ask| Question::ratio(name, "the recursive CTE", 1.0, 0.4, answers, vec![base], ask);
    vec![
        ratio(
            "tree/descendants/all/authz_descendants",
            u64::from(documents),
            number(connection, include_str!("../../sql/descendants.sql"), vec![]),
            number(
                connection,
                "SELECT count(*), sum(t.depth) FROM organizations AS o, authz_descendants('organization', o.id) AS t",
                vec![],
            ),
        ),
        ratio(
            "tree/descendants/all/authz_hierarchy",
            u64::from(documents),
            number(connection, include_str!("../../sql/hierarchy.sql"), vec![]),
            number(connection, "SELECT count(*), sum(depth) FROM node_tree WHERE root = 0", vec![]),
        ),
        ratio(
            "tree/ancestors/4",
            CHECKS as u64,
            rows(connection, include_str!("../../sql/ancestors.sql"), ids.clone()),
            rows(connection, "SELECT count(*), sum(depth) FROM authz_ancestors('document', ?1)", ids),
        ),
    ]
}

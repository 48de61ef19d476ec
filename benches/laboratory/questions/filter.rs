//! Rows filtered by permission.

use authz::rusqlite::functions::FunctionFlags;
use authz::rusqlite::types::Value;

use super::{NOW, number, rows};
use crate::laboratory::measure::Question;
use crate::laboratory::worlds::{self, Ids, ONE_PERCENT, READ};

/// `filter/scan/…`: a permission as a condition on every row.
pub fn scan(documents: u32, subject: &str, name: &str, must: f64, aim: f64) -> Question {
    let connection = worlds::open_to_read(&worlds::tree(documents, Ids::Integer));
    connection.create_scalar_function("yes", 4, FunctionFlags::SQLITE_UTF8, |_| Ok(1)).unwrap();
    let sql = |function: &str| format!("SELECT count(*) FROM documents AS d WHERE {function}(?1, 'document:read', 'document', d.id)");
    Question::ratio(
        format!("filter/scan/{name}_pass"),
        "the scan with a function that returns 1",
        must,
        aim,
        u64::from(documents),
        vec![number(connection, &sql("yes"), vec![Value::from(subject.to_owned())])],
        number(connection, &sql("authz_check"), vec![Value::from(subject.to_owned())]),
    )
    .unlike()
}

/// `filter/join/…`, `filter/in/…`: the list of what a subject may read, joined to the application's table.
pub fn join(documents: u32, subject: &str, name: &str) -> Vec<Question> {
    let connection = worlds::open_to_read(&worlds::tree(documents, Ids::Integer));
    let given = vec![Value::from(subject.to_owned()), Value::from(READ.to_owned())];
    let with_now: Vec<Value> = given.iter().cloned().chain([Value::from(NOW.to_owned())]).collect();
    let ask = |shape: &str, sql: &str| {
        Question::ratio(
            format!("filter/{shape}/{name}_pass"),
            "the best hand-written recursive CTE",
            0.7,
            0.25,
            1,
            vec![
                number(connection, include_str!("../../sql/set_join.sql"), with_now.clone()),
                number(connection, include_str!("../../sql/set_in.sql"), with_now.clone()),
            ],
            number(connection, sql, given.clone()),
        )
    };
    vec![
        ask("join", "SELECT count(*) FROM authz_list_resources(?1, ?2, 'document') AS m JOIN documents AS d ON d.id = m.resource_id"),
        ask("in", "SELECT count(*) FROM documents AS d WHERE d.id IN (SELECT resource_id FROM authz_list_resources(?1, ?2, 'document'))"),
    ]
}

/// `page/newest_20/…`: the first page by an index on time.
pub fn page(documents: u32) -> Question {
    let connection = worlds::open_to_read(&worlds::tree(documents, Ids::Integer));
    let given = vec![Value::from(ONE_PERCENT.to_owned()), Value::from(READ.to_owned())];
    let with_now: Vec<Value> = given.iter().cloned().chain([Value::from(NOW.to_owned())]).collect();
    Question::ratio(
        "page/newest_20/1_percent_pass",
        "the best hand-written SQL",
        0.2,
        0.05,
        1,
        vec![
            rows(connection, include_str!("../../sql/page_by_set.sql"), vec![with_now.clone()]),
            rows(connection, include_str!("../../sql/page_by_row.sql"), vec![with_now]),
        ],
        rows(
            connection,
            "SELECT d.id FROM documents AS d WHERE authz_check(?1, ?2, 'document', d.id) ORDER BY d.edited_at DESC LIMIT 20",
            vec![given],
        ),
    )
}

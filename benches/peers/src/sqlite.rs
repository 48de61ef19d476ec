//! authz itself, and SQL written by hand over the same tables.

use authz::rusqlite::{Connection, Params, Statement, params};

use crate::Peer;

const NOW: &str = "2026-01-01T00:00:00.000Z";

fn column<P: Params>(statement: &mut Statement<'_>, parameters: P) -> Vec<i64> {
    statement.query_map(parameters, |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

pub struct Authz {
    version: String,
    check: Statement<'static>,
    count: Statement<'static>,
    newest: Statement<'static>,
    count_part: Statement<'static>,
    /// Of how many of the newest documents the next lists are asked for; of all if there is none
    pub part: Option<usize>,
}

impl Authz {
    pub fn new(connection: &'static Connection) -> Authz {
        let prepare = |sql| connection.prepare(sql).unwrap();
        Authz {
            version: connection.query_row("SELECT authz_version()", [], |row| row.get(0)).unwrap(),
            check: prepare("SELECT authz_check(?1, 'document:read', 'document', ?2)"),
            count: prepare(
                "SELECT count(*) FROM authz_list_resources(?1, 'document:read', 'document') m JOIN documents d ON d.id = m.resource_id",
            ),
            newest: prepare(
                "SELECT d.id FROM documents d WHERE authz_check(?1, 'document:read', 'document', d.id) ORDER BY d.edited_at DESC LIMIT 20",
            ),
            part: None,
            count_part: prepare(
                "SELECT count(*) FROM (SELECT id FROM documents ORDER BY edited_at DESC LIMIT ?2) d
                 WHERE authz_check(?1, 'document:read', 'document', d.id)",
            ),
        }
    }
}

impl Peer for Authz {
    fn name(&self) -> String {
        format!("authz {}", self.version)
    }

    fn how(&self) -> &'static str {
        "prepared statements; the count as a join to authz_list_resources, the page by authz_check"
    }

    fn check(&mut self, subject: &str, document: i64) -> bool {
        self.check.query_row(params![subject, document], |row| row.get(0)).unwrap()
    }

    fn count(&mut self, subject: &str) -> Option<i64> {
        Some(match self.part {
            Some(part) => column(&mut self.count_part, params![subject, part as i64])[0],
            None => column(&mut self.count, [subject])[0],
        })
    }

    fn newest(&mut self, subject: &str) -> Option<Vec<i64>> {
        Some(column(&mut self.newest, [subject]))
    }
}

pub struct ByHand {
    check: Statement<'static>,
    count: Statement<'static>,
    newest: Statement<'static>,
}

impl ByHand {
    pub fn new(connection: &'static Connection) -> ByHand {
        let prepare = |sql| connection.prepare(sql).unwrap();
        ByHand {
            check: prepare(include_str!("../sql/check.sql")),
            count: prepare(include_str!("../../sql/set_in.sql")),
            newest: prepare(include_str!("../../sql/page_by_row.sql")),
        }
    }
}

impl Peer for ByHand {
    fn name(&self) -> String {
        format!("recursive CTE, SQLite {}", authz::rusqlite::version())
    }

    fn how(&self) -> &'static str {
        "prepared statements over the same tables and indexes: upwards for a check and for the page, a set downwards for the count"
    }

    fn check(&mut self, subject: &str, document: i64) -> bool {
        self.check.query_row(params![subject, document, NOW], |row| row.get(0)).unwrap()
    }

    fn count(&mut self, subject: &str) -> Option<i64> {
        Some(column(&mut self.count, params![subject, "document:read", NOW])[0])
    }

    fn newest(&mut self, subject: &str) -> Option<Vec<i64>> {
        Some(column(&mut self.newest, params![subject, "document:read", NOW]))
    }
}

//! Long lists: whatever way they are asked for, every row stands there once.

use authz::rusqlite::params;

use crate::open;
use crate::server::{Dashboard, Visitor};

/// What stands between two marks, each time.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    text.split(from).skip(1).filter_map(|rest| rest.split_once(to)).map(|(found, _)| found).collect()
}

/// All rows of a list, page by page, each by the parameter `of` in its link.
fn all(visitor: &Visitor, first: &str, of: &str) -> Vec<String> {
    let (mut page, mut found) = (first.to_owned(), Vec::new());
    loop {
        let answer = visitor.get(&page);
        assert_eq!(answer.status, 200, "{page}: {}", answer.body);
        found.extend(between(&answer.body, of, "\"").into_iter().map(str::to_owned));
        let Some((_, rest)) = answer.body.split_once("\" rel=\"next\"").map(|(before, after)| (after, before)) else { return found };
        let next = rest.rsplit("href=\"").next().unwrap().replace("&amp;", "&");
        assert_ne!(next, page, "a page that leads to itself");
        page = next;
    }
}

#[test]
fn a_long_list_has_every_row_once() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("many.db");
    let connection = open(&db);
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            r#"BEGIN;
            SELECT authz_apply('{"resource_types": {"document": {"parents": ["organization"]}},
                                 "permissions": {"document:read": {"resource_type": "document"}},
                                 "roles": {"owner": {"resource_type": "organization", "permissions": ["document:read"]},
                                           "reader": {"resource_type": "document", "permissions": ["document:read"]}}}');
            SELECT authz_put_resource('organization', 'acme', NULL, NULL);
            -- integers and texts side by side, some of which look like integers
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5400)
            INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id)
            SELECT 'document', CASE i % 3 WHEN 0 THEN i WHEN 1 THEN 't' || i ELSE CAST(i AS TEXT) END, 'organization', 'acme' FROM n;
            SELECT authz_grant('user:all', 'owner', 'organization', 'acme');
            WITH RECURSIVE n (i) AS (SELECT 3 UNION ALL SELECT i + 3 FROM n WHERE i < 360)
            INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) SELECT 'user:few', 'reader', 'document', i FROM n;
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 130)
            INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) SELECT 'user:u' || i, 'reader', 'document', 3 FROM n;
            COMMIT;"#,
        )
        .unwrap();
    let strings = |sql: &str, parameter: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map(params![parameter], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let dashboard = Dashboard::start(&db, &[]);
    let visitor = dashboard.open();
    // The one who sees all is listed row by row, the other from the list; both are in the order of the ids.
    let seen = "SELECT CAST(resource_id AS TEXT) FROM authz_list_resources(?1, 'document:read', 'document') ORDER BY resource_id";
    for who in ["user:all", "user:few"] {
        let listed = all(
            &visitor,
            &format!("access?subject={}&permission=document:read", who.replace(':', "%3A")),
            "class=\"resource\" href=\"resource?type=document&amp;id=",
        );
        assert_eq!(listed, strings(seen, who), "{who}");
    }
    let who_can = "SELECT replace(subject, ':', '%3A') FROM authz_list_subjects('document:read', 'document', ?1) ORDER BY subject";
    let listed = all(&visitor, "access?permission=document%3Aread&id=3", "class=\"subject\" href=\"subject?id=");
    assert_eq!(listed, strings(who_can, "3"));
    let children = "SELECT CAST(resource_id AS TEXT) FROM authz_resources WHERE parent_id = ?1 ORDER BY resource_id";
    let listed = all(&visitor, "resources?root=document", "class=\"resource\" href=\"resource?type=document&amp;id=");
    assert_eq!(listed, strings(children, "acme"));
    let held = "SELECT CAST(resource_id AS TEXT) FROM authz_role_assignments WHERE subject = ?1 ORDER BY resource_id";
    let listed = all(&visitor, "subject?id=user%3Afew", "class=\"resource\" href=\"resource?type=document&amp;id=");
    assert_eq!(listed, strings(held, "user:few"));
    let events = all(&visitor, "events", "data-seq=\"");
    assert_eq!(events, strings("SELECT CAST(seq AS TEXT) FROM authz_events WHERE seq > CAST(?1 AS INTEGER) ORDER BY seq DESC", "0"));
}

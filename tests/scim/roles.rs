//! Roles that a directory group gives.

use serde_json::{Value, json};

use crate::{group, number, operations, person, scim, text, user, world};

#[test]
fn a_group_gives_a_role_on_its_organization_or_below() {
    let connection = world();
    connection
        .execute_batch(
            r#"SELECT authz_apply('{
                 "resource_types": {"project": {"parents": ["organization"]}},
                 "permissions": {"project:edit": {"resource_type": "project"}, "org:bill": {"resource_type": "organization"}},
                 "roles": {"editor": {"resource_type": "project", "permissions": ["project:edit"]},
                           "biller": {"resource_type": "organization", "permissions": ["org:bill"]}}}');
               SELECT authz_put_resource('project', 1, 'organization', 'acme'), authz_put_resource('project', 2, 'organization', 'rival')"#,
        )
        .unwrap();
    let ana = user(&connection, "ana@acme.com");
    let inner = group(&connection, "Inner", &[&ana]);
    let outer = group(&connection, "Outer", &[&inner]);
    let subject = format!("user:{}", person(&connection, &ana).unwrap());
    let may = |permission: &str, kind: &str, id: &str| {
        let sql = format!("SELECT authz_check('{subject}', '{permission}', '{kind}', {id})");
        number(&connection, &sql) == 1
    };
    let call = |sql: String| connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).map_err(|error| error.to_string());
    let (edit, bill) = (("project:edit", "project", "1"), ("org:bill", "organization", "'acme'"));
    assert_eq!(call(format!("SELECT authz_map_group_role('d', '{outer}', 'editor', 'project', '1')")), Ok(1));
    assert_eq!(call(format!("SELECT authz_map_group_role('d', '{outer}', 'editor', 'project', 1)")), Ok(0));
    assert_eq!(call(format!("SELECT authz_map_group_role('d', '{inner}', 'biller')")), Ok(1));
    assert!(may(edit.0, edit.1, edit.2) && may(bill.0, bill.1, bill.2));
    assert_eq!(text(&connection, "SELECT group_concat(role || resource_type || source, ' ') FROM (SELECT * FROM authz_role_assignments WHERE source <> 'direct' ORDER BY role)").as_deref(), Some("billerorganizationdirectory editorprojectdirectory"));
    assert_eq!(
        number(
            &connection,
            &format!(
                "SELECT count(*) FROM authz_directory_group_roles WHERE directory_group = '{inner}' AND role = 'biller' AND resource_id = 'acme'"
            )
        ),
        1
    );

    // Another organization's resource, group or directory.
    let foreign: Value =
        serde_json::from_str(&text(&connection, "SELECT authz_scim('r', 'POST', '/Groups', '{\"displayName\": \"R\"}')").unwrap()).unwrap();
    let foreign = foreign["body"]["id"].as_str().unwrap();
    for (sql, told) in [
        (format!("SELECT authz_map_group_role('d', '{inner}', 'editor', 'project', 2)"), "another organization"),
        (format!("SELECT authz_map_group_role('d', '{inner}', 'biller', 'organization', 'rival')"), "another organization"),
        (format!("SELECT authz_map_group_role('d', '{foreign}', 'biller')"), "has no group"),
        (format!("SELECT authz_map_group_role('r', '{inner}', 'biller')"), "has no group"),
        ("SELECT authz_map_group_role('d', 'nobody', 'biller')".to_owned(), "has no group"),
        ("SELECT authz_map_group_role('x', 'nobody', 'biller')".to_owned(), "unknown directory"),
        (format!("SELECT authz_map_group_role('d', '{inner}', 'bilker')"), "did you mean `biller`?"),
        (format!("SELECT authz_map_group_role('d', '{inner}', 'editor')"), "assigned on resources of type `project`"),
        (format!("SELECT authz_map_group_role('d', '{inner}', 'editor', 'project', 7)"), "not registered"),
        (format!("SELECT authz_map_group_role('d', NULL, 'editor', 'project', {})", 7), "NULL"),
        (
            format!("INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, source)
                SELECT 'group:' || group_id, 'editor', 'project', '2', 'directory' FROM authz_directory_groups WHERE id = '{inner}' RETURNING 1"),
            "role_organization",
        ),
    ] {
        let error = call(sql.clone()).unwrap_err();
        assert!(error.contains(told), "{sql}: {error}");
    }
    // What is taken back directly is what was granted directly.
    let own = text(&connection, &format!("SELECT 'group:' || group_id FROM authz_directory_groups WHERE id = '{outer}'")).unwrap();
    assert_eq!(call(format!("SELECT authz_revoke('{own}', 'editor', 'project', 1)")), Ok(0));
    assert_eq!(call(format!("SELECT authz_grant('{own}', 'editor', 'project', 1)")), Ok(1));
    assert_eq!(call(format!("SELECT authz_unmap_group_role('d', '{outer}', 'editor', 'project', 1)")), Ok(1));
    assert_eq!(call(format!("SELECT authz_unmap_group_role('d', '{outer}', 'editor', 'project', 1)")), Ok(0));
    assert!(may(edit.0, edit.1, edit.2));
    assert_eq!(call(format!("SELECT authz_revoke('{own}', 'editor', 'project', 1)")), Ok(1));
    assert!(!may(edit.0, edit.1, edit.2));
    // Out of the group, and with the group.
    scim(&connection, "PATCH", &format!("/Groups/{inner}"), operations(json!([{"op": "remove", "path": "members"}])), 204);
    assert!(!may(bill.0, bill.1, bill.2));
    scim(
        &connection,
        "PATCH",
        &format!("/Groups/{inner}"),
        operations(json!([{"op": "add", "path": "members", "value": [{"value": ana}]}])),
        204,
    );
    assert!(may(bill.0, bill.1, bill.2));
    scim(&connection, "DELETE", &format!("/Groups/{inner}"), Value::Null, 204);
    assert!(!may(bill.0, bill.1, bill.2));
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_role_assignments WHERE source = 'directory'"), 0);
}

#[test]
fn directories_are_put_by_their_rules() {
    let connection = world();
    let call = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| error.to_string());
    assert_eq!(call("SELECT authz_put_directory('d', 'acme', 'Acme')"), Ok(0));
    assert_eq!(call("SELECT authz_put_directory('d', 'acme', 'Acme', 'okta scim v2.0')"), Ok(1));
    assert_eq!(call("SELECT authz_put_directory('d', 'acme', 'Acme')"), Ok(0));
    assert_eq!(text(&connection, "SELECT type FROM authz_directories WHERE id = 'd'").as_deref(), Some("okta scim v2.0"));
    connection.execute_batch("SELECT authz_put_resource('organization', 7, NULL, NULL)").unwrap();
    assert_eq!(call("SELECT authz_put_directory('seven', '7', 'Seven')"), Ok(1));
    assert_eq!(text(&connection, "SELECT typeof(organization) FROM authz_directories WHERE id = 'seven'").as_deref(), Some("integer"));
    let answer = text(&connection, "SELECT authz_scim('seven', 'POST', '/Users', '{\"userName\": \"ana@x.org\"}')").unwrap();
    assert!(answer.starts_with("{\"status\":201"), "{answer}");
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_memberships WHERE organization = 7"), 1);
    for (sql, told) in [
        ("SELECT authz_put_directory('d', 'rival', 'Acme')", "another organization"),
        ("SELECT authz_put_directory('n', 'nobody', 'Acme')", "unknown organization `nobody`"),
        ("SELECT authz_put_directory('n', 'acme', 'Acme', 'okta scim')", "did you mean `okta scim v2.0`?"),
        ("SELECT authz_put_directory('n', 'acme', '')", "1 to 256"),
        ("SELECT authz_put_directory('a b', 'acme', 'x')", "a space"),
        ("SELECT authz_put_directory(NULL, 'acme', 'x')", "NULL"),
        ("SELECT authz_scim('nobody', 'GET', '/Users', NULL)", "unknown directory `nobody`"),
        ("SELECT authz_scim('d', NULL, '/Users', NULL)", "the method is NULL"),
    ] {
        let error = call(sql).unwrap_err();
        assert!(error.contains(told), "{sql}: {error}");
    }
}

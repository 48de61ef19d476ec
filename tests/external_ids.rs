//! How organizations know their resources: the external id is unique in its organization and type, and a move into another organization
//! looks at all that moves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use authz::rusqlite::{Connection, Params};

const CONFLICT: &str = "authorization_resource_external_id_conflict";

fn world() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            "INSERT INTO authz_resource_types (slug) VALUES ('project'), ('folder');
             INSERT INTO authz_resource_type_parents (resource_type, parent_type) VALUES
               ('project', 'organization'), ('folder', 'project'), ('folder', 'folder');
             SELECT authz_create_permission('{\"slug\": \"folder:read\", \"resource_type_slug\": \"folder\"}');
             SELECT authz_create_role('{\"slug\": \"reader\", \"resource_type_slug\": \"project\", \"permissions\": [\"folder:read\"]}');
             SELECT authz_put_resource('organization', 'acme', NULL, NULL), authz_put_resource('organization', 'rival', NULL, NULL);
             SELECT authz_put_resource('project', 1, 'organization', 'acme'), authz_put_resource('folder', 10, 'project', 1),
               authz_put_resource('folder', 11, 'folder', 10);",
        )
        .unwrap();
    connection
}

fn put(connection: &Connection, arguments: &str) -> Result<i64, String> {
    let sql = format!("SELECT authz_put_resource({arguments})");
    connection.query_row(&sql, [], |row| row.get(0)).map_err(|error| error.to_string())
}

fn refused(connection: &Connection, sql: &str, parameters: impl Params) -> String {
    connection.execute(sql, parameters).unwrap_err().to_string()
}

fn external_id(connection: &Connection, id: i64) -> (String, Option<String>) {
    let sql = "SELECT external_id, given_external_id FROM authz_resources WHERE resource_type = 'project' AND resource_id = ?1";
    connection.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

#[test]
fn two_organizations_have_each_a_project_known_as_1() {
    let connection = world();
    assert_eq!(external_id(&connection, 1), ("1".to_owned(), None));
    assert_eq!(put(&connection, "'project', 2, 'organization', 'rival', NULL, '1'"), Ok(1));
    assert_eq!(external_id(&connection, 2), ("1".to_owned(), Some("1".to_owned())));
    // What is not said stays, and what is there already is no change.
    assert_eq!(put(&connection, "'project', 2, 'organization', 'rival', 'Second'"), Ok(1));
    assert_eq!(put(&connection, "'project', 2, 'organization', 'rival', 'Second', 1"), Ok(0));
    assert_eq!(put(&connection, "'project', 2, 'organization', 'rival', 'Second', 1.0"), Ok(0));
    assert_eq!(external_id(&connection, 2).0, "1");
    // The id itself need not be stored, and NULL comes back to it.
    assert_eq!(put(&connection, "'project', 2, 'organization', 'rival', 'Second', 2"), Ok(1));
    assert_eq!(external_id(&connection, 2), ("2".to_owned(), None));
    assert_eq!(put(&connection, "'project', 2, 'organization', 'rival', 'Second', 'web site'"), Ok(1));
    assert_eq!(put(&connection, "'project', 2, 'organization', 'rival', 'Second', NULL"), Ok(1));
    assert_eq!(external_id(&connection, 2), ("2".to_owned(), None));
}

#[test]
fn within_an_organization_and_type_it_is_unique_by_whichever_way() {
    let connection = world();
    let sql =
        "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id, given_external_id) VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.execute(sql, ("project", 2, "organization", "acme", "two")).unwrap();
    for (id, external_id) in [("3", Some("two")), ("3", Some("1")), ("two", None)] {
        let told = refused(&connection, sql, ("project", id, "organization", "acme", external_id));
        assert!(told.starts_with(CONFLICT), "{told}");
    }
    // As an upsert too, which does not judge a row that is there by what is not to be written.
    connection.execute(sql, ("project", "3", "organization", "acme", "three")).unwrap();
    connection.execute(&format!("{sql} ON CONFLICT DO NOTHING"), ("project", "3", "organization", "acme", "two")).unwrap();
    connection.execute(&sql.replace("INSERT", "INSERT OR IGNORE"), ("project", "3", "organization", "acme", "two")).unwrap();
    for sql in [
        "UPDATE authz_resources SET given_external_id = 'two' WHERE resource_id = '3'",
        "UPDATE authz_resources SET given_external_id = '1' WHERE resource_id = '3'",
        "UPDATE OR REPLACE authz_resources SET given_external_id = 'two' WHERE resource_id = '3'",
        "UPDATE authz_resources SET given_external_id = 'same' WHERE resource_type = 'project'",
    ] {
        let told = refused(&connection, sql, []);
        assert!(told.starts_with(CONFLICT), "{told}");
    }
    // Two that change places do so by way of a third id.
    connection
        .execute_batch(
            "UPDATE authz_resources SET given_external_id = 'free' WHERE resource_id = 2;
             UPDATE authz_resources SET given_external_id = 'two' WHERE resource_id = '3';
             UPDATE authz_resources SET given_external_id = 'three' WHERE resource_id = 2;",
        )
        .unwrap();
    assert_eq!(
        put(&connection, "'project', 4, 'organization', 'acme', NULL, 'two'"),
        Err(format!(
            "authz_put_resource: {CONFLICT}: the project `4` cannot be `two` in organization `acme`, for the project `3` is; \
             give one of them another external id first"
        ))
    );
    // Other types have external ids of their own.
    assert_eq!(put(&connection, "'folder', 12, 'project', 1, NULL, 'two'"), Ok(1));
}

#[test]
fn an_external_id_is_text_and_not_the_generated_column() {
    let connection = world();
    for value in ["7", "7.0", "''", "printf('%200s', 'x')"] {
        let told = refused(&connection, &format!("UPDATE authz_resources SET given_external_id = {value} WHERE resource_id = 1"), []);
        assert!(told.contains("an external id is TEXT of 1 to 128 characters"), "{told}");
    }
    let told = refused(&connection, "UPDATE authz_resources SET given_external_id = x'31'", []);
    assert!(told.contains("external_id"), "{told}");
    let told = refused(&connection, "UPDATE authz_resources SET external_id = 'x'", []);
    assert!(told.contains("external_id"), "{told}");
    assert!(put(&connection, "'project', 1, 'organization', 'acme', NULL, ''").unwrap_err().contains("has 0 characters"));
    assert!(put(&connection, "'project', 1, 'organization', 'acme', NULL, 1.5").unwrap_err().contains("external id"));
}

#[test]
fn a_move_into_another_organization_takes_all_along() {
    let connection = world();
    let check = |organization: &str| -> Vec<(i64, Option<String>)> {
        let sql = "SELECT resource_id, organization FROM authz_resources WHERE resource_type <> 'organization' ORDER BY resource_id";
        let mut statement = connection.prepare(sql).unwrap();
        let rows: Vec<(i64, Option<String>)> =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
        assert!(rows.iter().all(|(_, of)| of.as_deref() == Some(organization)), "{rows:?}");
        rows
    };
    let last =
        |connection: &Connection| -> i64 { connection.query_row("SELECT max(seq) FROM authz_events", [], |row| row.get(0)).unwrap() };
    let told = |connection: &Connection, after: i64| -> Vec<String> {
        let sql = "SELECT event || ' ' || (data ->> 'resource_id') || ' ' || (context ->> '$.previous_attributes.organization_id')
                   FROM authz_events WHERE seq > ?1 ORDER BY data ->> 'resource_id'";
        connection.prepare(sql).unwrap().query_map([after], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let events = |from: &str| -> Vec<String> {
        [("moved", 1), ("updated", 10), ("updated", 11)].map(|(what, id)| format!("authorization_resource.{what} {id} {from}")).to_vec()
    };
    connection.execute_batch("SELECT authz_grant('user:ana', 'reader', 'project', 1)").unwrap();
    let may = "SELECT authz_check('user:ana', 'folder:read', 'folder', 11)";
    let may = || -> i64 { connection.query_row(may, [], |row| row.get(0)).unwrap() };
    assert_eq!(may(), 1);
    let before = last(&connection);
    assert_eq!(put(&connection, "'project', 1, 'organization', 'rival'"), Ok(1));
    check("rival");
    assert_eq!(told(&connection, before), events("acme"));
    assert_eq!(may(), 1);
    let before = last(&connection);
    connection.execute("UPDATE authz_resources SET parent_id = 'acme' WHERE resource_type = 'project'", []).unwrap();
    check("acme");
    assert_eq!(told(&connection, before), events("rival"));
    // The organization is not moved by itself.
    let told = refused(&connection, "UPDATE authz_resources SET organization = 'rival' WHERE resource_id = 11", []);
    assert!(told.starts_with("resource_organization"), "{told}");
}

#[test]
fn who_is_suspended_in_the_new_organization_has_no_access_after_a_move() {
    let connection = world();
    connection
        .execute_batch(
            "INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.com');
             INSERT INTO authz_memberships (user, organization, status) VALUES ('ana', 'rival', 'inactive');
             SELECT authz_grant('user:ana', 'reader', 'project', 1);",
        )
        .unwrap();
    let may = || -> i64 {
        let sql = "SELECT authz_check('user:ana', 'folder:read', 'folder', 11)";
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(may(), 1);
    connection.execute_batch("BEGIN; UPDATE authz_resources SET parent_id = 'rival' WHERE resource_type = 'project'").unwrap();
    assert_eq!(may(), 0);
    connection.execute_batch("ROLLBACK").unwrap();
    assert_eq!(may(), 1);
    put(&connection, "'project', 1, 'organization', 'rival'").unwrap();
    assert_eq!(may(), 0);
}

#[test]
fn a_move_names_the_first_clash_and_moves_nothing() {
    let connection = world();
    connection
        .execute_batch(
            "SELECT authz_put_resource('project', 2, 'organization', 'rival');
             SELECT authz_put_resource('folder', 20, 'project', 2, NULL, '11');",
        )
        .unwrap();
    let state = || -> String {
        let sql = "SELECT json_group_array(json_array(resource_id, parent_id, organization, external_id, updated_at)) FROM authz_resources";
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let before = state();
    let clash = format!(
        "authz_put_resource: {CONFLICT}: the folder `11` cannot be `11` in organization `rival`, for the folder `20` is; \
         give one of them another external id first"
    );
    assert_eq!(put(&connection, "'project', 1, 'organization', 'rival'"), Err(clash));
    let told = refused(&connection, "UPDATE authz_resources SET parent_id = 'rival' WHERE resource_id = 1", []);
    assert!(told.starts_with(CONFLICT), "{told}");
    assert_eq!(state(), before);
    // A part of it may go where there is no clash, and all of it once the clash is gone.
    assert_eq!(put(&connection, "'folder', 11, 'folder', 10, NULL, 'eleven'"), Ok(1));
    assert_eq!(put(&connection, "'project', 1, 'organization', 'rival', NULL, '2'").unwrap_err().matches("project `2`").count(), 1);
    assert_eq!(put(&connection, "'project', 1, 'organization', 'rival', NULL, 'one'"), Ok(1));
    assert_eq!(external_id(&connection, 1).0, "one");
}

#[test]
fn an_external_id_may_change_with_the_move_that_makes_room_for_it() {
    let connection = world();
    put(&connection, "'project', 2, 'organization', 'acme', NULL, 'web'").unwrap();
    put(&connection, "'project', 3, 'organization', 'rival', NULL, 'shop'").unwrap();
    // In the old organization `web` is taken, in the new one `shop` is.
    put(&connection, "'project', 1, 'organization', 'acme', NULL, 'shop'").unwrap();
    assert_eq!(put(&connection, "'project', 1, 'organization', 'rival', NULL, 'web'"), Ok(1));
    let sql =
        "UPDATE authz_resources SET parent_id = 'acme', given_external_id = 'shop' WHERE resource_id = 1 AND resource_type = 'project'";
    connection.execute(sql, []).unwrap();
    assert_eq!(external_id(&connection, 1).0, "shop");
}

#[test]
fn roles_of_the_organization_do_not_move_along() {
    let connection = world();
    connection
        .execute_batch(
            "SELECT authz_create_role('{\"slug\": \"org-guest\", \"resource_type_slug\": \"folder\", \"permissions\": [\"folder:read\"]}', 'acme');
             SELECT authz_grant('user:ana', 'org-guest', 'folder', 11);",
        )
        .unwrap();
    assert_eq!(
        put(&connection, "'project', 1, 'organization', 'rival'").unwrap_err(),
        "authz_put_resource: resource_organization: `user:ana` holds `org-guest` on the folder `11`, a role from organization `acme`; \
         revoke it before the move"
    );
    let told = refused(&connection, "UPDATE authz_resources SET parent_id = 'rival' WHERE resource_id = 1", []);
    assert!(told.starts_with("resource_organization"), "{told}");
    connection.execute_batch("SELECT authz_revoke('user:ana', 'org-guest', 'folder', 11)").unwrap();
    assert_eq!(put(&connection, "'project', 1, 'organization', 'rival'"), Ok(1));
}

#[test]
fn an_organization_and_its_resource_have_one_external_id() {
    let connection = world();
    let both = || -> (Option<String>, String) {
        let sql = "SELECT o.external_id, r.external_id FROM authz_organizations AS o
                   JOIN authz_resources AS r ON r.resource_type = 'organization' AND r.resource_id = o.id WHERE o.id = 'acme'";
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    assert_eq!(both(), (None, "acme".to_owned()));
    connection.execute_batch("UPDATE authz_organizations SET external_id = 'crm-17' WHERE id = 'acme'").unwrap();
    assert_eq!(both(), (Some("crm-17".to_owned()), "crm-17".to_owned()));
    put(&connection, "'organization', 'acme', NULL, NULL, NULL, 'crm-18'").unwrap();
    assert_eq!(both(), (Some("crm-18".to_owned()), "crm-18".to_owned()));
    connection.execute_batch("INSERT INTO authz_organizations (id, external_id) VALUES ('third', 'crm-19')").unwrap();
    let sql = "SELECT external_id FROM authz_resources WHERE resource_id = 'third'";
    assert_eq!(connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap(), "crm-19");
}

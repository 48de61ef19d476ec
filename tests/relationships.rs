//! Relations and relationships through SQL: what may be written, what a model in either notation changes and keeps, what goes by force.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod needs;

use std::fmt::Write as _;

use authz::rusqlite::{Connection, ToSql};
use proptest::prelude::*;
use serde_json::{Value, json};

const MODEL: &str = "
model
  schema 1.1
type user
type folder
  relations
    define parent: [folder]
    define owner: [user]
    define viewer: [user, user:*, group#member] or owner or viewer from parent
type document
  relations
    define parent: [folder]
    define blocked: [user]
    define editor: [user] or owner from parent
    define viewer: (editor or viewer from parent) but not blocked
";

fn fresh() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    authz::register(&db).unwrap();
    authz::migrate(&db).unwrap();
    db
}

fn with_model(model: &str) -> Connection {
    let db = fresh();
    apply(&db, model).unwrap();
    db
}

fn value<T: authz::rusqlite::types::FromSql>(db: &Connection, sql: &str, parameters: &[&dyn ToSql]) -> Result<T, String> {
    db.query_row(sql, parameters, |row| row.get(0)).map_err(|error| error.to_string())
}

fn apply(db: &Connection, model: &str) -> Result<Value, String> {
    value::<String>(db, "SELECT authz_apply(?1)", &[&model]).map(|text| serde_json::from_str(&text).unwrap())
}

fn force(db: &Connection, model: &str) -> Result<Value, String> {
    value::<String>(db, "SELECT authz_apply(?1, 'force')", &[&model]).map(|text| serde_json::from_str(&text).unwrap())
}

fn rows(db: &Connection, sql: &str) -> String {
    let mut statement = db.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut found = statement.query([]).unwrap();
    let mut text = String::new();
    while let Some(row) = found.next().unwrap() {
        for column in 0..columns {
            let bar = if column > 0 { "|" } else { "" };
            match row.get::<_, authz::rusqlite::types::Value>(column).unwrap() {
                authz::rusqlite::types::Value::Null => text.push_str(bar),
                authz::rusqlite::types::Value::Integer(number) => write!(text, "{bar}{number}").unwrap(),
                authz::rusqlite::types::Value::Text(words) => write!(text, "{bar}{words}").unwrap(),
                other => panic!("{other:?}"),
            }
        }
        text.push('\n');
    }
    text
}

fn changes(db: &Connection, model: &str) -> Vec<String> {
    let mut statement = db.prepare("SELECT action || ' ' || kind || ' ' || name FROM authz_plan(?1)").unwrap();
    let rows = statement.query_map([model], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn relating_says_whether_something_changed() {
    let db = with_model(MODEL);
    let relate = |call: &str| value::<i64>(&db, &format!("SELECT {call}"), &[]);
    assert_eq!(relate("authz_relate('user:ana', 'owner', 'folder', 1)"), Ok(1));
    assert_eq!(relate("authz_relate('user:ana', 'owner', 'folder', 1)"), Ok(0));
    assert_eq!(relate("authz_relate('user:ana', 'owner', 'folder', '1')"), Ok(0));
    assert_eq!(relate("authz_relate('user:ana', 'owner', 'folder', '01')"), Ok(1));
    assert_eq!(relate("authz_relate('user:*', 'viewer', 'folder', 1)"), Ok(1));
    assert_eq!(relate("authz_relate('group:eng#member', 'viewer', 'folder', '1', '2100-01-31T12:00:00+02:00')"), Ok(1));
    assert_eq!(relate("authz_relate('group:eng#member', 'viewer', 'folder', 1, '2100-01-31T10:00:00Z')"), Ok(0));
    assert_eq!(relate("authz_relate('group:eng#member', 'viewer', 'folder', 1)"), Ok(1));
    assert_eq!(
        rows(
            &db,
            "SELECT subject, relation, resource_type, resource_id, typeof(resource_id), expires_at FROM authz_relationships ORDER BY resource_id, relation, subject"
        ),
        "user:ana|owner|folder|1|integer|\ngroup:eng#member|viewer|folder|1|integer|\nuser:*|viewer|folder|1|integer|\nuser:ana|owner|folder|01|text|\n"
    );
    assert_eq!(relate("authz_unrelate('group:eng#member', 'viewer', 'folder', '1')"), Ok(1));
    assert_eq!(relate("authz_unrelate('group:eng#member', 'viewer', 'folder', '1')"), Ok(0));
    assert_eq!(
        rows(&db, "SELECT event, data ->> '$.subject' FROM authz_events WHERE event GLOB 'relationship.*'"),
        "relationship.created|user:ana\nrelationship.created|user:ana\nrelationship.created|user:*\nrelationship.created|group:eng#member\n\
         relationship.updated|group:eng#member\nrelationship.deleted|group:eng#member\n"
    );
}

#[test]
fn refusals_name_what_the_model_allows() {
    let db = with_model(MODEL);
    for (call, sentence) in [
        (
            "relate('agent:x', 'viewer', 'folder', 1)",
            "the relation `viewer` of `folder` does not take `agent:x`; it takes `group#member`, `user`, `user:*`",
        ),
        (
            "relate('group:eng', 'viewer', 'folder', 1)",
            "the relation `viewer` of `folder` does not take `group:eng`; it takes `group#member`, `user`, `user:*`",
        ),
        ("relate('user:*', 'owner', 'folder', 1)", "the relation `owner` of `folder` does not take `user:*`; it takes `user`"),
        (
            "relate('user:ana', 'viewer', 'document', 1)",
            "the relation `viewer` of `document` takes no subject, so not `user:ana`: it follows from its rule, `(editor or viewer from parent) but not blocked`; relate to what that names",
        ),
        ("relate('user:ana', 'vewer', 'folder', 1)", "the type `folder` has no relation `vewer`; did you mean `viewer`?"),
        ("relate('user:ana', 'viewer', 'foldr', 1)", "unknown resource type `foldr`; did you mean `folder`?"),
        ("relate('usr:ana', 'viewer', 'folder', 1)", "unknown subject type `usr`; did you mean `user`?"),
        (
            "relate('user:ana', 'member', 'group', 'eng')",
            "the members of groups are kept apart; write them with authz_add_member and authz_remove_member",
        ),
        (
            "relate('user:a b', 'owner', 'folder', 1)",
            "the subject id `a b` contains a space; an id has no white space, control character or `#`",
        ),
        ("relate('user:*#x', 'owner', 'folder', 1)", "the subject id `*` is kept for wildcards; an id is anything else"),
        ("relate('user:ana', 'owner', 'folder', NULL)", "the resource id is NULL; give one"),
        ("relate('user:ana', 'owner', 'folder', '*')", "the resource id `*` is kept for wildcards; an id is anything else"),
        ("unrelate('user:ana', 'vewer', 'folder', 1)", "the type `folder` has no relation `vewer`; did you mean `viewer`?"),
    ] {
        let (name, _) = call.split_once('(').unwrap();
        assert_eq!(value::<i64>(&db, &format!("SELECT authz_{call}"), &[]).unwrap_err(), format!("authz_{name}: {sentence}"));
    }
    assert_eq!(rows(&db, "SELECT count(*) FROM authz_relationships"), "0\n");
}

#[test]
fn relations_may_be_given_to_subject_types_and_organizations() {
    let db = with_model(
        "model schema 1.1
         type user relations define manager: [user] define boss: manager or boss from manager
         type organization relations define auditor: [user]
         type group relations define member: [user, group#member] define owner: [user]
         type document relations define viewer: [group#member] or auditor from org define org: [organization]",
    );
    assert_eq!(rows(&db, "SELECT slug FROM authz_resource_types"), "document\norganization\n");
    for call in [
        "authz_relate('user:ana', 'manager', 'user', 'ben')",
        "authz_relate('user:ana', 'member', 'group', 'eng')",
        "authz_relate('group:eng#member', 'viewer', 'document', 1)",
        "authz_relate('organization:acme', 'org', 'document', 2)",
        "authz_relate('user:cy', 'auditor', 'organization', 'acme')",
        "authz_check('user:ana', 'boss', 'user', 'ben')",
        "authz_check('user:ana', 'viewer', 'document', 1)",
        "authz_check('user:cy', 'viewer', 'document', 2)",
    ] {
        assert_eq!(value::<i64>(&db, &format!("SELECT {call}"), &[]), Ok(1), "{call}");
    }
    let json: Value = serde_json::from_str(&value::<String>(&db, "SELECT authz_model()", &[]).unwrap()).unwrap();
    assert_eq!(json["resource_types"]["user"], json!({"relations": {"boss": "manager or boss from manager", "manager": "[user]"}}));
    assert_eq!(json["resource_types"]["group"]["relations"]["member"], "[user, group#member]");
}

#[test]
fn contextual_relationships_last_as_long_as_their_savepoint() {
    let db = with_model(MODEL);
    let check = "SELECT authz_check('user:ana', 'viewer', 'document', 7)";
    db.execute_batch(
        "SAVEPOINT context;
         SELECT authz_relate('user:ana', 'owner', 'folder', 'plans');
         SELECT authz_relate('folder:plans', 'parent', 'document', 7);",
    )
    .unwrap();
    assert_eq!(value::<i64>(&db, check, &[]), Ok(1));
    db.execute_batch("ROLLBACK TO context; RELEASE context").unwrap();
    assert_eq!(value::<i64>(&db, check, &[]), Ok(0));
    assert_eq!(rows(&db, "SELECT count(*) FROM authz_relationships"), "0\n");
}

#[test]
fn what_is_deleted_takes_its_relationships_along() {
    let model = MODEL.replace("define blocked: [user]", "define blocked: [user, user#friend, group#admin, folder#viewer]")
        + "type group relations define admin: [user] define member: [user]\n";
    let db = with_model(&model.replace("type user\n", "type user\n  relations\n    define friend: [user]\n"));
    db.execute_batch(
        "INSERT INTO authz_resources (resource_type, resource_id) VALUES ('folder', 1), ('folder', 2);
         INSERT INTO authz_groups (id) VALUES ('7');
         INSERT INTO authz_users (id) VALUES ('ana'), ('ben');
         INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES
           ('user:ben', 'owner', 'folder', 1), ('folder:1', 'parent', 'folder', 2), ('folder:1#viewer', 'blocked', 'document', 1),
           ('folder:10#viewer', 'blocked', 'document', 1),
           ('user:ben', 'admin', 'group', 7), ('group:7#admin', 'blocked', 'document', 2), ('group:77#admin', 'blocked', 'document', 2),
           ('user:ana', 'owner', 'folder', 2), ('user:ben', 'friend', 'user', 'ana'), ('user:ana#friend', 'blocked', 'document', 3);",
    )
    .unwrap();
    let remaining = |deletion: &str| {
        db.execute_batch(deletion).unwrap();
        rows(&db, "SELECT count(*) FROM authz_relationships")
    };
    assert_eq!(remaining("DELETE FROM authz_resources WHERE resource_id = 1"), "7\n");
    assert_eq!(remaining("DELETE FROM authz_groups"), "5\n");
    assert_eq!(remaining("DELETE FROM authz_users WHERE id = 'ana'"), "2\n");
    assert_eq!(rows(&db, "SELECT subject FROM authz_relationships"), "folder:10#viewer\ngroup:77#admin\n");
    let told = "SELECT event, count(*) FROM authz_events WHERE event GLOB 'relationship.*' GROUP BY event";
    assert_eq!(rows(&db, told), "relationship.created|10\nrelationship.deleted|8\n");
    // Children first.
    let last = "SELECT event FROM authz_events ORDER BY seq DESC LIMIT 2";
    assert_eq!(rows(&db, last), "user.deleted\nrelationship.deleted\n");
}

#[test]
fn with_a_membership_go_the_relationships_in_the_organization() {
    let db = with_model(
        r#"{"resource_types": {"project": {"parents": ["organization"], "relations": {"lead": "[user]"}}, "board": {"relations": {"lead": "[user]"}}}}"#,
    );
    db.execute_batch(
        "INSERT INTO authz_organizations (id) VALUES ('acme'), ('other');
         INSERT INTO authz_users (id) VALUES ('ana');
         INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme'), ('ana', 'other');
         INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id)
         VALUES ('project', 1, 'organization', 'acme'), ('project', 2, 'organization', 'other');
         INSERT INTO authz_relationships (subject, relation, resource_type, resource_id)
         VALUES ('user:ana', 'lead', 'project', 1), ('user:ana', 'lead', 'project', 2), ('user:ana', 'lead', 'board', 1);
         DELETE FROM authz_memberships WHERE organization = 'acme';",
    )
    .unwrap();
    assert_eq!(rows(&db, "SELECT resource_type, resource_id FROM authz_relationships"), "board|1\nproject|2\n");
}

#[test]
fn a_text_governs_types_and_relations_and_nothing_else() {
    let db = fresh();
    let document = r#"{
        "resource_types": {"project": {"parents": ["organization"], "description": "Work"}, "page": {"relations": {"reader": "[user]"}},
                           "note": {}, "memo": {"relations": {"reader": "[user]"}}},
        "permissions": {"page:read": {"resource_type": "page"}, "project:read": {"resource_type": "project"}},
        "roles": {"lead": {"resource_type": "project", "permissions": ["project:read"]}}}"#;
    apply(&db, document).unwrap();
    let text = "model schema 1.1 type user type task relations define owner: [user] type note relations define reader: [user]";
    assert_eq!(
        changes(&db, text),
        [
            "remove relation memo#reader",
            "remove relation page#reader",
            "create resource_type task",
            "remove resource_type memo",
            "create relation task#owner",
            "create relation note#reader"
        ]
    );
    let answer = apply(&db, text).unwrap();
    assert_eq!(answer["version"], 2);
    assert_eq!(changes(&db, text), Vec::<String>::new());
    let json: Value = serde_json::from_str(&value::<String>(&db, "SELECT authz_model()", &[]).unwrap()).unwrap();
    assert_eq!(
        json,
        json!({
            "resource_types": {"note": {"relations": {"reader": "[user]"}}, "page": {},
                "project": {"parents": ["organization"], "description": "Work"}, "task": {"relations": {"owner": "[user]"}}},
            "permissions": {"page:read": {"resource_type": "page"}, "project:read": {"resource_type": "project"}},
            "roles": {"lead": {"resource_type": "project", "permissions": ["project:read"]}}
        })
    );
    assert_eq!(
        value::<String>(&db, "SELECT authz_model('fga')", &[]).unwrap(),
        "model\n  schema 1.1\n\ntype user\n\ntype note\n  relations\n    define reader: [user]\n\ntype page\n\ntype project\n\ntype task\n  relations\n    define owner: [user]\n"
    );
    // The first document is as good as ever: it takes back what the text added.
    apply(&db, document).unwrap();
    assert_eq!(changes(&db, document), Vec::<String>::new());
    assert_eq!(rows(&db, "SELECT resource_type, relation FROM authz_relations"), "memo|reader\npage|reader\n");
}

#[test]
fn what_lies_under_a_parent_needs_no_relationship_to_it() {
    let db = fresh();
    apply(&db, r#"{"resource_types": {"folder": {}, "file": {"parents": ["folder"]}}}"#).unwrap();
    apply(&db, "model schema 1.1 type folder relations define viewer: [user] type file relations define viewer: viewer from parent")
        .unwrap();
    db.execute_batch(
        "SELECT authz_put_resource('folder', 1, NULL, NULL), authz_put_resource('file', 2, 'folder', 1), authz_relate('user:ana', 'viewer', 'folder', 1)",
    )
    .unwrap();
    assert_eq!(value::<i64>(&db, "SELECT authz_check('user:ana', 'viewer', 'file', 2)", &[]), Ok(1));
}

#[test]
fn a_permission_may_be_granted_by_a_relation() {
    let db = fresh();
    let document = |relation: &str, rest: &str| {
        format!(
            r#"{{"resource_types": {{"page": {{"relations": {{"reader": "[user]", "writer": "[user]" {rest}}}}}}},
                "permissions": {{"page:read": {{"resource_type": "page" {relation}}}}}}}"#
        )
    };
    apply(&db, &document(r#", "relation": "reader""#, "")).unwrap();
    db.execute_batch("SELECT authz_relate('user:ana', 'reader', 'page', 1), authz_relate('user:ben', 'writer', 'page', 1)").unwrap();
    let allowed = "SELECT authz_check('user:ana', 'page:read', 'page', 1) || authz_check('user:ben', 'page:read', 'page', 1)";
    assert_eq!(value::<String>(&db, allowed, &[]).unwrap(), "10");
    let planned: String = value(&db, "SELECT detail FROM authz_plan(?1)", &[&document(r#", "relation": "writer""#, "")]).unwrap();
    assert_eq!(planned, "relation from \"reader\" to \"writer\"");
    apply(&db, &document(r#", "relation": "writer""#, "")).unwrap();
    assert_eq!(value::<String>(&db, allowed, &[]).unwrap(), "01");
    let event =
        "SELECT data ->> '$.relation', context ->> '$.previous_attributes.relation' FROM authz_events WHERE event = 'permission.updated'";
    assert_eq!(rows(&db, event), "writer|reader\n");
    // Relation and permission change places: the permission lets go of the relation before that goes.
    force(&db, r#"{"resource_types": {"page": {"relations": {"page-read": "[user]"}}}, "permissions": {"writer": {"resource_type": "page"}, "page:read": {"resource_type": "page", "relation": "page-read"}}}"#).unwrap();
    assert_eq!(value::<String>(&db, allowed, &[]).unwrap(), "00");
    let error = force(&db, "model schema 1.1 type page").unwrap_err();
    assert_eq!(error, "authz_apply: permissions.page:read.relation: unknown relation `page-read` of resource type `page`");
}

#[test]
fn what_the_model_no_longer_allows_stays_by_force_and_counts_for_nothing() {
    let db = with_model(MODEL);
    db.execute_batch(
        "SELECT authz_relate('user:*', 'viewer', 'folder', 1), authz_relate('user:ana', 'viewer', 'folder', 2), authz_relate('user:ana', 'blocked', 'document', 3)",
    )
    .unwrap();
    let narrower =
        MODEL.replace("[user, user:*, group#member]", "[user]").replace(" but not blocked", "").replace("    define blocked: [user]\n", "");
    for (model, sentence) in [
        (
            narrower.as_str(),
            "authz_apply: relation `document#blocked` would no longer take a `user`: there are such relationships, of `user:ana to document 3`; delete them first, or apply with 'force', which leaves them there without effect",
        ),
        (
            &MODEL.replace("[user, user:*, group#member]", "[user]"),
            "authz_apply: relation `folder#viewer` would no longer take `user:*`: there are such relationships, of `user:* to folder 1`; delete them first, or apply with 'force', which leaves them there without effect",
        ),
        ("model schema 1.1", "authz_apply: relation `document#blocked` would no longer take a `user`"),
    ] {
        let error = apply(&db, model).unwrap_err();
        assert!(error.starts_with(sentence), "{error}");
    }
    let planned = "SELECT count(*) FROM authz_plan(?1, 'force')";
    assert_eq!(value::<i64>(&db, planned, &[&narrower]), Ok(3));
    force(&db, &narrower).unwrap();
    let orphans = "SELECT subject, relation, resource_type, resource_id FROM authz_orphans()";
    assert_eq!(rows(&db, orphans), "user:ana|blocked|document|3\nuser:*|viewer|folder|1\n");
    assert_eq!(value::<i64>(&db, "SELECT authz_check('user:ben', 'viewer', 'folder', 1)", &[]), Ok(0));
    assert_eq!(value::<i64>(&db, "SELECT authz_check('user:ana', 'viewer', 'folder', 2)", &[]), Ok(1));
    // They can be taken back, and count again where a later model allows them again.
    assert_eq!(value::<i64>(&db, "SELECT authz_unrelate('user:ana', 'blocked', 'document', 3)", &[]), Ok(1));
    apply(&db, MODEL).unwrap();
    assert_eq!(rows(&db, orphans), "");
    assert_eq!(value::<i64>(&db, "SELECT authz_check('user:ben', 'viewer', 'folder', 1)", &[]), Ok(1));
}

#[test]
fn by_force_roles_and_types_go_with_what_was_given_on_them() {
    let db = fresh();
    apply(
        &db,
        r#"{"resource_types": {"project": {"parents": ["organization"]}, "page": {"parents": ["project", "page"], "relations": {"reader": "[user]"}}},
            "permissions": {"page:read": {"resource_type": "page"}, "organization:read": {"resource_type": "organization"}},
            "roles": {"reader": {"resource_type": "page", "permissions": ["page:read"]}, "auditor": {"resource_type": "organization", "permissions": ["page:read"]}}}"#,
    )
    .unwrap();
    db.execute_batch(
        "SELECT authz_put_resource('organization', 1, NULL, NULL), authz_put_resource('project', 1, 'organization', 1),
                authz_put_resource('page', 1, 'project', 1), authz_put_resource('page', 2, 'page', 1),
                authz_grant('user:ana', 'reader', 'page', 2), authz_grant('page:1', 'auditor', 'organization', 1),
                authz_grant('user:ben', 'auditor', 'organization', 1), authz_add_member('group:eng', 'page:1'),
                authz_relate('user:ana', 'reader', 'page', 1), authz_relate('user:ana', 'reader', 'page', 9)",
    )
    .unwrap();
    let smaller = r#"{"resource_types": {"project": {"parents": ["organization"]}}, "permissions": {"organization:read": {"resource_type": "organization"}},
            "roles": {"auditor": {"resource_type": "organization", "permissions": ["organization:read"]}}}"#;
    assert!(apply(&db, smaller).unwrap_err().contains("it has resources, such as `1`; remove them first"));
    force(&db, smaller).unwrap();
    assert_eq!(rows(&db, "SELECT subject, role FROM authz_role_assignments"), "user:ben|auditor\n");
    assert_eq!(rows(&db, "SELECT resource_type, resource_id FROM authz_resources"), "organization|1\nproject|1\n");
    assert_eq!(rows(&db, "SELECT count(*) FROM authz_group_members"), "0\n");
    assert_eq!(rows(&db, "SELECT subject, resource_id FROM authz_orphans()"), "user:ana|9\n");
    assert_eq!(
        rows(&db, "SELECT event, count(*) FROM authz_events WHERE event GLOB '*.deleted' AND event NOT GLOB 'permission*' GROUP BY event"),
        "authorization_resource.deleted|2\ngroup_member.deleted|1\nrelationship.deleted|1\nrole.deleted|1\nrole_assignment.deleted|2\n"
    );
    force(&db, "{}").unwrap();
    assert_eq!(rows(&db, "SELECT resource_type, resource_id FROM authz_resources"), "organization|1\n");
    assert!(force(&db, r#"{"permissions": {"x": {"resource_type": "nowhere"}}}"#).is_err());
    assert_eq!(
        value::<String>(&db, "SELECT authz_apply('{}', 'farce')", &[]).unwrap_err(),
        "authz_apply: the second argument `farce` is not known; it is 'force' or left out"
    );
    assert_eq!(
        value::<String>(&db, "SELECT authz_model('xml')", &[]).unwrap_err(),
        "authz_model: unknown notation `xml`; it is 'json' or 'fga'"
    );
}

fn models() -> impl Strategy<Value = String> {
    let rule = prop::sample::select(vec![
        "[user]",
        "[user, user:*, b#w]",
        "[a, b]",
        "w",
        "[user] or w",
        "(v and w) or [b#v]",
        "([user, a#w] or w) but not v",
        "w from up",
        "[user] or (v from up but not w)",
    ]);
    prop::collection::vec((rule.clone(), rule), 3).prop_map(|rules| {
        let mut text = String::from("model\n  schema 1.1\ntype user\n");
        for (name, (v, w)) in ["a", "b", "organization"].iter().zip(rules) {
            writeln!(text, "type {name}\n  relations\n    define up: [a, b]\n    define v: {v} # one\n    define w: {w}").unwrap();
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: needs::cases(40), ..ProptestConfig::default() })]

    /// A model in the language, its JSON and its text as they are printed are one model.
    #[test]
    fn a_model_is_the_same_in_both_notations(model in models()) {
        let db = with_model(&model);
        let (json, text): (String, String) =
            db.query_row("SELECT authz_model(), authz_model('fga')", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        for printed in [&model, &json, &text] {
            prop_assert_eq!(changes(&db, printed), Vec::<String>::new(), "{}", printed);
            let other = with_model(printed);
            prop_assert_eq!(value::<String>(&other, "SELECT authz_model()", &[]).unwrap(), json.clone());
            prop_assert_eq!(value::<String>(&other, "SELECT authz_model('fga')", &[]).unwrap(), text.clone());
            let kinds = "SELECT * FROM authz_relation_subjects";
            prop_assert_eq!(rows(&other, kinds), rows(&db, kinds));
        }
    }
}

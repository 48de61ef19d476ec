//! `authz scim-import`: lists and lines, once, twice, and after it was killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::process::{Command, Stdio};

use authz::rusqlite::Connection;
use serde_json::{Value, json};

fn database(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; INSERT INTO authz_organizations (id) VALUES ('acme');
             INSERT INTO authz_organization_domains (organization, domain, state) VALUES ('acme', 'acme.com', 'verified');
             SELECT authz_put_directory('d', 'acme', 'Acme')",
        )
        .unwrap();
    connection
}

fn import(database: &Path, file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authz"));
    command.arg("scim-import").arg(database).arg("d").arg(file).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Exit status, standard output, standard error.
fn run(mut command: Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn user(number: usize) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": format!("u{number}"), "externalId": format!("e{number}"),
        "userName": format!("user{number}@acme.com"), "name": {"givenName": format!("User {number}")}, "active": !number.is_multiple_of(7),
        "meta": {"resourceType": "User", "created": "2020-01-01T00:00:00Z"}})
}

fn group(number: usize, members: &[String]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id, "display": "whoever"})).collect();
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": format!("g{number}"), "displayName": format!("Group {number}"),
        "members": members})
}

/// A directory of so many users; its groups hold some of them, and each the one before.
fn resources(users: usize, groups: usize) -> Vec<Value> {
    let members = |number: usize| -> Vec<String> {
        let users = (0..users).filter(|user| user % groups == number).map(|user| format!("u{user}"));
        users.chain((number > 0).then(|| format!("g{}", number - 1))).collect()
    };
    // Groups stand first, and the first that is contained comes last.
    let groups = (0..groups).rev().map(|number| group(number, &members(number)));
    groups.chain((0..users).map(user)).collect()
}

/// What a directory contains, without what is drawn at random.
fn contents(connection: &Connection) -> Vec<String> {
    let sql = "
        SELECT json_array('user', u.username, u.idp_id, u.state, u.email, json(u.raw_attributes), m.status, p.email)
          FROM authz_directory_users u LEFT JOIN authz_memberships m ON m.user = u.user LEFT JOIN authz_users p ON p.id = u.user
        UNION ALL SELECT json_array('group', g.name, json(g.raw_attributes), o.name)
          FROM authz_directory_groups g JOIN authz_groups o ON o.id = g.group_id
        UNION ALL SELECT json_array('member', g.name, u.username, i.name)
          FROM authz_directory_group_members m JOIN authz_directory_groups g ON g.id = m.directory_group
          LEFT JOIN authz_directory_users u ON u.id = m.member LEFT JOIN authz_directory_groups i ON i.id = m.member
        UNION ALL SELECT json_array('held', g.name, p.email, i.name)
          FROM authz_group_members m JOIN authz_groups g ON g.id = m.group_id
          LEFT JOIN authz_users p ON m.subject = 'user:' || p.id LEFT JOIN authz_groups i ON m.subject = 'group:' || i.id
        UNION ALL SELECT json_array('events', count(*), event) FROM _authz_outbox WHERE event IS NOT NULL GROUP BY event
        ORDER BY 1";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_list_and_lines_say_the_same_and_twice_is_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let all = resources(40, 4);
    let list = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": all.len(), "Resources": all});
    let lines: Vec<String> = all.iter().map(Value::to_string).collect();
    std::fs::write(at("list.json"), serde_json::to_string_pretty(&list).unwrap()).unwrap();
    std::fs::write(at("lines.ndjson"), lines.join("\n")).unwrap();
    let (one, other) = (database(&at("one.db")), database(&at("other.db")));
    let said = run(import(&at("one.db"), &at("list.json")));
    assert_eq!(
        said,
        (0, "40 users: 40 new, 0 changed, 0 as they were\n4 groups: 4 new, 0 changed, 0 as they were\n".into(), String::new())
    );
    assert_eq!(run(import(&at("other.db"), &at("lines.ndjson"))).0, 0);
    let after = contents(&one);
    assert_eq!(after, contents(&other));
    assert_eq!(after.iter().filter(|row| row.starts_with("[\"held\"")).count(), 40 + 3);
    let mut again = import(&at("one.db"), &at("lines.ndjson"));
    again.arg("--json");
    let (status, out, _) = run(again);
    let none = json!({"new": 0, "changed": 0, "same": 40});
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &told["users"], &told["groups"]["same"], &told["refused"]), (0, &none, &json!(4), &json!([])));
    assert_eq!(contents(&one), after);
    // A file that has changed changes what it says, and no more.
    let mut fewer = resources(39, 4);
    fewer.last_mut().unwrap()["active"] = json!(false);
    std::fs::write(at("fewer.json"), Value::from(fewer).to_string()).unwrap();
    let said = run(import(&at("one.db"), &at("fewer.json"))).1;
    assert_eq!(said, "39 users: 0 new, 1 changed, 38 as they were\n4 groups: 0 new, 1 changed, 3 as they were\n");
}

#[test]
fn killed_and_run_again_it_ends_at_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let lines: Vec<String> = resources(1_200, 3).iter().map(Value::to_string).collect();
    std::fs::write(at("all.ndjson"), lines.join("\n")).unwrap();
    let (whole, broken) = (database(&at("whole.db")), database(&at("broken.db")));
    assert_eq!(run(import(&at("whole.db"), &at("all.ndjson"))).0, 0);
    let count = || broken.query_row("SELECT count(*) FROM authz_directory_users", [], |row| row.get::<_, i64>(0)).unwrap();
    for reached in [1, 500] {
        let mut child = import(&at("broken.db"), &at("all.ndjson")).spawn().unwrap();
        while count() < reached && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!((reached..1_200).contains(&count()), "{}", count());
    }
    assert_eq!(run(import(&at("broken.db"), &at("all.ndjson"))).0, 0);
    assert!(contents(&broken) == contents(&whole));
}

#[test]
fn what_is_refused_is_told_and_the_rest_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let connection = database(&at("one.db"));
    let write = |text: &str| std::fs::write(at("file"), text).unwrap();
    let twin = json!({"userName": "twin", "emails": [{"value": "user1@acme.com"}]});
    let all = [user(1), twin, user(2), group(1, &["u1".into(), "u2".into(), "u9".into()])];
    write(&Value::from(all.to_vec()).to_string());
    let (status, out, err) = run(import(&at("one.db"), &at("file")));
    assert_eq!((status, out.as_str()), (2, "2 users: 2 new, 0 changed, 0 as they were\n1 groups: 1 new, 0 changed, 0 as they were\n"));
    assert_eq!(
        err,
        "authz: twin: another user of the directory has that e-mail address\nauthz: Group 1: 1 of its members are not in the file\n\
         authz: 2 of them were refused or are incomplete; mend the file and import it again\n"
    );
    assert_eq!(connection.query_row("SELECT count(*) FROM authz_group_members", [], |row| row.get::<_, i64>(0)), Ok(2));
    for (text, told) in [
        ("{\"userName\"", "neither a SCIM list nor NDJSON"),
        ("7", "value 1 of the file is no resource"),
        ("{\"Resources\": [7]}", "holds what is no resource"),
        ("{\"id\": \"x\"}", "neither a user nor a group"),
        ("{\"displayName\": \"A\"}\n{\"displayName\": \"a\"}", "two groups are named `a`"),
    ] {
        write(text);
        let (status, _, err) = run(import(&at("one.db"), &at("file")));
        assert!(status == 2 && err.contains(told), "{text}: {err}");
    }
    write("{\"userName\": \"x\"}");
    let mut unknown = Command::new(env!("CARGO_BIN_EXE_authz"));
    unknown.args(["scim-import", at("one.db").to_str().unwrap(), "dd", at("file").to_str().unwrap()]);
    let (status, _, err) = run(unknown);
    assert!(status == 2 && err.contains("did you mean `d`?"), "{err}");
}

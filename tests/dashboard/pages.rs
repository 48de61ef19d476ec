//! Every page in a browser: over the demo, over a real organization, and over names that would like to be more than names.

use std::path::Path;

use authz::rusqlite::{Connection, params};
use serde_json::Value;

use crate::browser::Browser;
use crate::needs;
use crate::server::Dashboard;
use crate::{demo, open, text};

#[allow(dead_code)]
#[path = "../../examples/github_org.rs"]
mod github_org;

/// How a page is looked at: wide and narrow, light and dark; and by which rules, where the others could say nothing new.
const LOOKS: [(u32, &str, &[&str]); 3] = [(1280, "light", &[]), (1280, "dark", &["color-contrast"]), (380, "light", &[])];

/// Opens each page, looks at it in each look, and holds it against what must be so of all of them.
fn look_at(browser: &Browser, dashboard: &Dashboard, place: &str, pages: &[String]) {
    for page in pages {
        browser.go(&format!("http://127.0.0.1:{}{place}/{page}", dashboard.port));
        let heading = browser.run("return document.querySelector('h1')?.textContent ?? ''");
        assert!(heading.as_str().is_some_and(|heading| !heading.is_empty() && heading != "That did not work"), "{page}: {heading}");
        for (width, scheme, rules) in LOOKS {
            browser.look(width, scheme);
            let wide = browser.run("return document.documentElement.scrollWidth");
            assert!(wide.as_u64().unwrap() <= u64::from(width), "{page} is {wide} wide in a window of {width}");
            if let Some(violations) = browser.violations(rules) {
                assert!(violations.is_empty(), "{page}, {width} {scheme}: {violations:#?}");
            }
        }
        let complaints = browser.complaints();
        assert!(complaints.is_empty(), "{page}: {complaints:#?}");
    }
}

/// Goes in by the first URL, in the browser; the path that everything lies below.
fn enter(browser: &Browser, dashboard: &Dashboard) -> String {
    browser.go(&dashboard.first_url);
    let path = browser.run("return location.pathname");
    path.as_str().unwrap().strip_suffix("/overview").unwrap_or_else(|| panic!("the first URL led to {path}")).to_owned()
}

fn owned(pages: &[&str]) -> Vec<String> {
    pages.iter().map(|page| (*page).to_owned()).collect()
}

/// Sign-ins of every kind and a session, and the pages that show them.
fn sign_ins(connection: &Connection) -> Vec<String> {
    connection
        .execute_batch(
            "INSERT INTO authz_organization_domains (organization, domain, state) VALUES ('acme', 'acme.example', 'verified');
             INSERT INTO authz_connections (id, organization, type, name) VALUES ('okta', 'acme', 'OktaSAML', 'Acme Okta');
             SELECT authz_sso_start('okta', '{\"ip_address\": \"198.51.100.7\", \"request\": {\"RelayState\": \"/billing\"}}');
             SELECT authz_sso_start('okta', '{\"origin\": \"test\"}');
             SELECT authz_sso_fail(authz_sso_start('okta', '{\"email\": \"ben@acme.example\"}'), 'access_denied', NULL);
             SELECT authz_sso_succeed(authz_sso_start('okta', NULL), '{\"idp_id\": \"00u1\", \"email\": \"ana@acme.example\"}');
             SELECT authz_session_start('ana', 'acme', 'sso')",
        )
        .unwrap();
    let mut pages = owned(&[
        "sessions",
        "sessions?status=failed&connection=okta&who=ben%40acme.example&origin=sp&organization=acme&from=2020",
        "sessions?status=success&to=2020",
        "app-sessions",
    ]);
    pages.extend(
        [
            "SELECT id FROM authz_sso_sessions WHERE status = 'failed'",
            "SELECT id FROM authz_sso_sessions WHERE status = 'in_progress' AND origin = 'sp'",
            "SELECT id FROM authz_sessions",
        ]
        .map(|sql| format!("session?id={}", text(connection, sql))),
    );
    pages
}

/// Attributes and a template, and the pages that show what they give.
fn attributes(connection: &Connection) -> Vec<String> {
    connection
        .execute_batch(
            "SELECT authz_define_attribute('department_name'), authz_define_attribute('level', '{\"type\": \"number\"}');
             SELECT authz_set_attributes('ana', 'acme', 'sso', '{\"department_name\": \"Tax\", \"level\": 3}');
             SELECT authz_set_jwt_template('{\"department\": \"{{ organization_membership.custom_attributes.department_name }}\"}')",
        )
        .unwrap();
    owned(&[
        "subject?id=user%3Aana&in=acme&template=%7B%22name%22%3A%20%22%7B%7B%20user.email%20%7D%7D%22%7D",
        "subject?id=user%3Aana&in=acme&template=%7B%22sub%22%3A%201%7D",
    ])
}

#[test]
fn every_page_over_the_demo() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let db = demo(folder.path());
    let connection = open(&db);
    connection
        .execute_batch(
            "SELECT authz_create_role('{\"name\": \"Team Lead\"}', 'acme');
             INSERT INTO authz_users (id, email, first_name, last_name) VALUES ('ana', 'ana@acme.example', 'Ana', 'Silva');
             INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme');
             SELECT authz_ack('mailer', 5)",
        )
        .unwrap();
    let event = text(&connection, "SELECT id FROM authz_events WHERE event = 'role.created' ORDER BY seq LIMIT 1");
    let mut more = sign_ins(&connection);
    more.extend(attributes(&connection));
    let dashboard = Dashboard::start(&db, &[]);
    let place = enter(&browser, &dashboard);
    let mut pages = owned(&[
        "overview",
        "access",
        "access?subject=user%3Aana&permission=document%3Aedit&id=30",
        "access?subject=user%3Aana&permission=document%3Aedit&id=6",
        "access?permission=document%3Aread&id=6",
        "access?subject=user%3Aana&permission=document%3Aread",
        "access?subject=user%3Aana&type=document&id=30",
        "access?subject=user%3Aana&permission=document%3Araed&type=document",
        "resources",
        "resources?root=document",
        "resource?type=project&id=website",
        "resource?type=document&id=6",
        "roles?organization=acme",
        "role?slug=project-editor",
        "permissions",
        "permission?slug=document%3Aread",
        "assignments",
        "assignments?state=ended",
        "relationships",
        "grant",
        "grant?type=project&id=website&subject=user%3Aana",
        "subjects",
        "subject?id=user%3Aana",
        "groups",
        "subject?id=group%3Aplatform",
        "events",
        "events?name=role.%2A",
        "model",
        "palette?q=plan",
        "command?id=billing",
    ]);
    pages.push(format!("event?id={event}"));
    pages.extend(more);
    look_at(&browser, &dashboard, &place, &pages);

    // The tree opens in place, level by level.
    browser.look(1280, "light");
    browser.go(&format!("http://127.0.0.1:{}{place}/resources", dashboard.port));
    for (of, below) in [("acme", "acme-product"), ("acme-product", "website")] {
        browser.run(&format!("document.querySelector('#tree a[href$=\"id={of}\"]').parentElement.querySelector('.twist').click()"));
        browser.until("the branch opens", &format!("return document.querySelector('#tree a[href$=\"id={below}\"]') !== null"));
    }
    if let Some(violations) = browser.violations(&[]) {
        assert!(violations.is_empty(), "the open tree: {violations:#?}");
    }
}

#[test]
fn every_page_over_a_real_organization() {
    let Some(file) = needs::shared("kubernetes-org/kubernetes.json") else { return };
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("kubernetes.db");
    let connection = github_org::open().unwrap();
    github_org::import(&connection, &file).unwrap();
    connection.execute("VACUUM INTO ?1", [db.to_str().unwrap()]).unwrap();
    let group = text(&connection, "SELECT group_id FROM authz_group_members GROUP BY 1 ORDER BY count(*) DESC LIMIT 1");
    let user =
        text(&connection, "SELECT subject FROM authz_group_members WHERE subject GLOB 'user:*' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1");
    let repository = text(
        &connection,
        "SELECT resource_id FROM authz_role_assignments WHERE resource_type = 'repository' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    );
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let (group, user, repository) = (encoded(&group), encoded(&user), encoded(&repository));
    let dashboard = Dashboard::start(&db, &[]);
    let place = enter(&browser, &dashboard);
    let mut pages =
        owned(&["overview", "access", "resources", "roles", "permissions", "assignments", "subjects", "groups", "events", "model"]);
    pages.extend([
        format!("resource?type=repository&id={repository}&permission=repository%3Awrite"),
        format!("access?permission=repository%3Aread&id={repository}"),
        format!("access?subject={user}&permission=repository%3Aread&id={repository}"),
        format!("access?subject={user}&permission=repository%3Aread"),
        format!("subject?id={user}"),
        format!("subject?id=group%3A{group}"),
        "role?slug=repository-write".to_owned(),
        "palette?q=kubernetes".to_owned(),
    ]);
    look_at(&browser, &dashboard, &place, &pages);

    // A list that goes over several pages shows each row once.
    browser.look(1280, "light");
    let mut listed = Vec::new();
    browser.go(&format!("http://127.0.0.1:{}{place}/access?permission=repository%3Aread&type=repository&id={repository}", dashboard.port));
    loop {
        let names =
            browser.run("return [...document.querySelectorAll('.names .subject')].map((a) => new URL(a.href).searchParams.get('id'))");
        listed.extend(names.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()));
        let Some(next) = browser.run("return document.querySelector('a[rel=next]')?.href ?? null").as_str().map(str::to_owned) else {
            break;
        };
        browser.go(&next);
    }
    let mut statement =
        connection.prepare("SELECT subject FROM authz_list_subjects('repository:read', 'repository', ?1) ORDER BY 1").unwrap();
    let id = form_urlencoded::parse(repository.as_bytes()).next().unwrap().0.into_owned();
    let expected: Vec<String> = statement.query_map([id], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(listed, expected);
}

/// A script, an image that fails, both kinds of quotes, a mark that turns the direction of writing, one that has no width.
const HOSTILE: &str = "<script>window.hacked=1</script><img/src=x/onerror=window.hacked=1>\"'&lt;\u{202e}gpj.\u{2066}\u{200b}";

/// A file in which everything that may have a name has such a one.
fn hostile(path: &Path) -> Connection {
    let connection = open(path);
    authz::migrate(&connection).unwrap();
    let model = r#"{"resource_types": {"document": {"parents": ["organization"], "relations": {"viewer": "[user, group#member]"}, "search": true}},
                    "permissions": {"document:read": {"resource_type": "document"}},
                    "roles": {"reader": {"resource_type": "document", "permissions": ["document:read"]}}}"#;
    connection.query_row("SELECT authz_apply(?1)", [model], |_| Ok(())).unwrap();
    let run = |sql: &str| {
        let mut statement = connection.prepare(sql).unwrap();
        let mut rows = statement.query(params![HOSTILE]).unwrap_or_else(|error| panic!("{sql}: {error}"));
        while rows.next().unwrap_or_else(|error| panic!("{sql}: {error}")).is_some() {}
    };
    for sql in [
        "SELECT authz_set_actor(?1, 'api', ?1)",
        "UPDATE authz_resource_types SET description = ?1",
        "SELECT authz_put_resource('organization', ?1, NULL, NULL, ?1)",
        "SELECT authz_put_resource('document', ?1, 'organization', ?1, ?1)",
        "UPDATE authz_resources SET description = ?1 WHERE resource_type = 'document'",
        "INSERT INTO authz_users (id, email, first_name, last_name, external_id) VALUES (?1, ?1, ?1, ?1, substr(?1, 1, 90))",
        "INSERT INTO authz_memberships (user, organization) VALUES (?1, ?1)",
        "INSERT INTO authz_groups (id, name, description, organization) VALUES (?1, ?1, ?1, ?1)",
        "SELECT authz_add_member('group:' || ?1, 'user:' || ?1)",
        "SELECT authz_grant('user:' || ?1, 'reader', 'document', ?1)",
        "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES ('group:' || ?1, 'reader', 'document', ?1, '2020-01-01T00:00:00.000Z')",
        "SELECT authz_relate('user:' || ?1, 'viewer', 'document', ?1)",
        "SELECT authz_update_role('reader', json_object('name', ?1, 'description', ?1))",
        "SELECT authz_create_role(json_object('slug', 'org-own', 'name', ?1, 'description', ?1), ?1)",
        "SELECT authz_update_permission('document:read', json_object('name', ?1, 'description', ?1))",
        "SELECT authz_ack(?1, 1)",
        "SELECT authz_put_command('palette', 'page', replace(?1, char(10), ''), ?1, json_object('path', ?1))",
    ] {
        run(sql);
    }
    for sql in [
        "INSERT INTO authz_connections (id, organization, type, name) SELECT substr(?1, 1, 90), ?1, 'OktaSAML', ?1",
        "SELECT authz_sso_start(substr(?1, 1, 90), json_object('email', ?1, 'ip_address', ?1, 'user_agent', ?1, 'request', json_object(?1, ?1)))",
        "SELECT authz_sso_fail(authz_sso_start(substr(?1, 1, 90), NULL), ?1, ?1)",
        "SELECT authz_session_start(?1, ?1, 'sso', json_object('ip_address', ?1, 'user_agent', ?1, 'impersonator', json_object('email', 'eve@acme.example', 'reason', ?1)))",
    ] {
        run(sql);
    }
    connection.execute_batch("SELECT authz_define_attribute('department_name')").unwrap();
    run("SELECT authz_set_attributes(?1, ?1, 'sso', json_object('department_name', ?1))");
    let template = r#"{"department": "{{ organization_membership.custom_attributes.department_name }}"}"#;
    connection.query_row("SELECT authz_set_jwt_template(?1)", [template], |_| Ok(())).unwrap();
    connection
}

#[test]
fn a_hostile_name_is_a_name_in_every_list() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("hostile.db");
    let connection = hostile(&db);
    let dashboard = Dashboard::start(&db, &[]);
    let place = enter(&browser, &dashboard);
    let name = form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect::<String>();
    let event = text(&connection, "SELECT id FROM authz_events WHERE event = 'organization_role.created' ORDER BY seq DESC LIMIT 1");
    let changed = text(&connection, "SELECT id FROM authz_events WHERE event = 'role.updated' ORDER BY seq DESC LIMIT 1");
    let mut pages = vec![
        "overview".to_owned(),
        format!("access?subject=user%3A{name}&permission=document%3Aread&type=document&id={name}"),
        format!("access?subject=group%3A{name}&permission=document%3Aread&type=document&id={name}"),
        format!("access?subject=user%3A{name}&permission=viewer&type=document&id={name}"),
        format!("access?permission=document%3Aread&type=document&id={name}"),
        format!("access?subject=user%3A{name}&permission=document%3Aread&type=document"),
        format!("access?subject=user%3A{name}&type=document&id={name}"),
        format!("access?subject={name}&permission={name}&type=document&id={name}"),
        "resources".to_owned(),
        "resources?root=document".to_owned(),
        format!("resource?type=organization&id={name}"),
        format!("resource?type=document&id={name}"),
        format!("roles?organization={name}"),
        "role?slug=reader".to_owned(),
        format!("role?slug=org-own&organization={name}"),
        "permissions".to_owned(),
        "permission?slug=document%3Aread".to_owned(),
        "assignments".to_owned(),
        "assignments?state=ended".to_owned(),
        "relationships".to_owned(),
        format!("grant?type=document&id={name}&subject=user%3A{name}"),
        "subjects".to_owned(),
        format!("subject?id=user%3A{name}"),
        "groups".to_owned(),
        format!("subject?id=group%3A{name}"),
        "events".to_owned(),
        format!("event?id={event}"),
        format!("event?id={changed}"),
        "model".to_owned(),
        "palette?q=gpj".to_owned(),
        "command?id=palette".to_owned(),
    ];
    pages.extend(owned(&["sessions", "app-sessions"]));
    pages.extend(
        [
            "SELECT id FROM authz_sso_sessions WHERE status = 'failed'",
            "SELECT id FROM authz_sso_sessions WHERE status = 'in_progress'",
            "SELECT id FROM authz_sessions",
        ]
        .map(|sql| format!("session?id={}", text(&connection, sql))),
    );
    for page in &pages {
        browser.go(&format!("http://127.0.0.1:{}{place}/{page}", dashboard.port));
        let seen = browser.run(
            "const text = document.documentElement.innerHTML;
             return [window.hacked === undefined, document.querySelectorAll('main script, main img, main style').length === 0,
               ![...document.querySelectorAll('body *')].some((element) => [...element.childNodes].some(
                 (node) => node.nodeType === Node.TEXT_NODE && /[\\u202a-\\u202e\\u2066-\\u2069\\u200b]/.test(node.data))),
               /U\\+202E/.test(document.body.textContent)]",
        );
        let expected = [("a script ran", 0), ("an element was made", 1), ("a mark works unseen", 2), ("the name is not shown", 3)];
        for (wrong, at) in expected {
            assert!(seen[at] == Value::Bool(true), "{wrong} on {page}: {}", browser.run("return document.body.innerText"));
        }
    }
    look_at(&browser, &dashboard, &place, &pages);
}

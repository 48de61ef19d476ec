//! What the pages say is so: filters keep to what was asked, links lead somewhere, nothing is offered that is refused.

use std::process::Command;

use crate::server::{Answer, Dashboard, Visitor};
use crate::{demo, open, text};

/// The visitor of a dashboard over the demo, to which `more` was done first.
fn over(more: &str) -> (tempfile::TempDir, Dashboard, Visitor) {
    let folder = tempfile::tempdir().unwrap();
    let db = demo(folder.path());
    open(&db).execute_batch(more).unwrap();
    let dashboard = Dashboard::start(&db, &[]);
    let visitor = dashboard.open();
    (folder, dashboard, visitor)
}

/// The part of a page that keeps up with the file.
fn live(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body.split_once("data-live").unwrap().1
}

#[test]
fn assignments_are_those_that_were_asked_for() {
    let (_folder, _dashboard, visitor) = over(
        "SELECT authz_create_role('{\"slug\": \"org-lead\", \"name\": \"Lead\"}', 'acme');
         SELECT authz_grant('user:theirs', 'org-lead', 'organization', 'acme');
         INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at)
         VALUES ('user:past', 'owner', 'organization', 'acme', '2020-01-01T00:00:00.000Z'),
           ('user:gone', 'project-editor', 'project', 'website', '2020-01-01T00:00:00.000Z')",
    );
    let found = |page: &str| {
        let answer = visitor.get(page);
        let live = live(&answer);
        ["theirs", "past", "gone"].map(|who| live.contains(&format!("user%3A{who}")))
    };
    for (page, expected) in [
        ("assignments?organization=acme", [true, false, false]),
        ("assignments?organization=globex", [false, false, false]),
        ("assignments?role=org-lead", [true, false, false]),
        ("assignments?role=org-lead&organization=acme", [true, false, false]),
        ("assignments?state=ended", [false, true, true]),
        ("assignments?state=ended&role=owner", [false, true, false]),
        ("assignments?state=ended&organization=acme", [false, false, false]),
    ] {
        assert_eq!(found(page), expected, "{page}");
    }
    let answer = visitor.get("assignments?organization=nope");
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("no organization `nope` is registered") && answer.body.contains("value=\"nope\""), "{}", answer.body);
}

#[test]
fn a_time_that_is_none_is_refused_and_the_form_stays() {
    let (_folder, _dashboard, visitor) = over(
        "INSERT INTO authz_connections (id, organization, type) VALUES ('okta', 'acme', 'OktaSAML');
         SELECT authz_sso_start('okta', '{\"email\": \"ben@acme.example\"}')",
    );
    for page in ["events?from=yesterday", "events?to=-24h", "sessions?from=-24h", "sessions?to=2027-13-01", "events?name=x&from=12:00"] {
        let answer = visitor.get(page);
        assert_eq!(answer.status, 422, "{page}");
        let given = page.rsplit('=').next().unwrap();
        assert!(answer.body.contains(&format!("`{given}` is no time")) && answer.body.contains(&format!("value=\"{given}\"")), "{page}");
        assert!(!answer.body.contains("Nothing was changed"), "{page}");
    }
    for (page, has) in
        [("sessions?from=2020", true), ("sessions?to=2020-01-01+12:00", false), ("sessions?from=2020-01-01T00:00:00%2B02:00", true)]
    {
        assert_eq!(live(&visitor.get(page)).contains("ben@acme.example"), has, "{page}");
    }
    // Nobody knows yet who it is; the line says what the event is about all the same.
    let events = visitor.get("events?name=authentication.*");
    assert!(live(&events).contains("ben@acme.example") && live(&events).contains("okta"), "{}", events.body);
}

#[test]
fn what_is_offered_is_possible() {
    let (folder, _dashboard, visitor) = over(
        "INSERT INTO authz_users (id, email) VALUES ('mia', 'mia@acme.example');
         SELECT authz_set_default_role('owner');
         INSERT INTO authz_memberships (user, organization) VALUES ('mia', 'acme');
         SELECT authz_grant('user:mia', 'project-editor', 'project', 'website')",
    );
    // The role of a member goes with the membership.
    let page = visitor.get("subject?id=user%3Amia").body;
    assert!(page.contains("Revoke project-editor from user:mia") && !page.contains("Revoke owner from user:mia"), "{page}");
    assert!(page.contains("by the membership"), "{page}");
    // Suggestions are of the type that was chosen.
    let page = visitor.get("access?subject=user:ana&permission=read&type=document&id=6").body;
    assert!(page.contains("did you mean `document:read`?"), "{page}");
    // The page of a permission promises no list of everything.
    let page = visitor.get("permission?slug=document:read").body;
    assert!(!page.contains("everybody") && !page.contains("every resource"), "{page}");
    // Read-only, nothing is offered at all.
    let dashboard = Dashboard::start(&folder.path().join("demo.db"), &["--read-only"]);
    let visitor = dashboard.open();
    for page in ["resource?type=project&id=website", "access?subject=user:ana&permission=document:read&id=6", "relationships"] {
        let answer = visitor.get(page);
        assert_eq!(answer.status, 200, "{page}");
        assert!(!answer.body.contains("Grant a role") && !answer.body.contains("read only"), "{page}: {}", answer.body);
    }
}

#[test]
fn subjects_of_every_kind_are_suggested() {
    let (_folder, _dashboard, visitor) = over(
        "INSERT INTO authz_users (id, email) VALUES ('zoe', 'zoe@acme.example');
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
         INSERT INTO authz_groups (id) SELECT 'a' || i FROM n",
    );
    let page = visitor.get("access").body;
    for option in ["value=\"user:zoe\"", "value=\"group:a1\"", "value=\"document:read\""] {
        assert!(page.contains(option), "{option}");
    }
    let suggested = |typed: &str| visitor.get(&format!("suggestions?q={typed}")).body;
    assert!(suggested("zo").contains("user:zoe") && !suggested("zo").contains("group:"), "{}", suggested("zo"));
    assert!(suggested("group:a29").contains("group:a299") && suggested("a29").contains("group:a299"));
}

#[test]
fn a_deep_resource_shows_the_way_from_the_top() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("deep.db");
    let connection = open(&db);
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            "SELECT authz_apply('{\"resource_types\": {\"folder\": {\"parents\": [\"organization\", \"folder\"]}}}');
             SELECT authz_put_resource('organization', 'acme', NULL, NULL, 'Acme'), authz_put_resource('folder', 1, 'organization', 'acme')",
        )
        .unwrap();
    for level in 2..=200 {
        connection.query_row("SELECT authz_put_resource('folder', ?1, 'folder', ?1 - 1)", [level], |_| Ok(())).unwrap();
    }
    let dashboard = Dashboard::start(&db, &[]);
    let page = dashboard.open().get("resource?type=folder&id=200").body;
    let crumbs = page.split_once("class=\"crumbs\"").unwrap().1.split_once("</nav>").unwrap().0;
    let places: Vec<&str> = crumbs.split("id=").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(places, ["acme", "1", "192", "193", "194", "195", "196", "197", "198", "199"]);
    assert!(crumbs.contains("190 more …"), "{crumbs}");
}

#[test]
fn an_attribute_of_the_wrong_type_is_told_from_none() {
    let (_folder, _dashboard, visitor) = over(
        "INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.example');
         INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme');
         SELECT authz_define_attribute('level', '{\"type\": \"number\"}'), authz_define_attribute('team');
         SELECT authz_set_attributes('ana', 'acme', 'sso', '{\"level\": \"three\"}')",
    );
    let page = visitor.get("subject?id=user%3Aana").body;
    assert!(page.contains("told as") && page.contains("three") && page.contains("which is no "), "{page}");
    assert!(page.contains("nothing"), "what was never told: {page}");
    assert!(visitor.get("overview").body.contains("Told with a wrong type"));
}

#[test]
fn relationships_alone_have_pages_too() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("alone.db");
    let connection = open(&db);
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            "SELECT authz_apply('{\"resource_types\": {\"document\": {\"parents\": [\"organization\"], \"relations\": {\"viewer\": \"[user]\"}}}}');
             SELECT authz_relate('user:ana', 'viewer', 'document', 7), authz_relate('user:ben', 'viewer', 'document', 'x')",
        )
        .unwrap();
    let dashboard = Dashboard::start(&db, &[]);
    let visitor = dashboard.open();
    assert!(visitor.get("overview").body.contains("href=\"relationships\""));
    let list = visitor.get("relationships");
    for link in ["resource?type=document&amp;id=7", "resource?type=document&amp;id=x"] {
        assert!(live(&list).contains(link), "{link}");
        let page = visitor.get(&link.replace("&amp;", "&"));
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(live(&page).contains(if link.ends_with('7') { "user%3Aana" } else { "user%3Aben" }), "{}", page.body);
    }
    assert!(!live(&visitor.get("relationships?relation=owner")).contains("user%3Aana"));
    let page = visitor.get("resource?type=document&id=8");
    assert_eq!(page.status, 404);
    assert!(page.body.contains("no relationship names it") && !page.body.contains("Nothing was changed"), "{}", page.body);
    // It can be registered from there.
    connection.execute_batch("SELECT authz_put_resource('organization', 'acme', NULL, NULL)").unwrap();
    let form = "type=document&id=7&parent_type=organization&parent_id=acme&name=Plan&back=resource%3Ftype%3Ddocument%26id%3D7";
    assert_eq!(visitor.post("put-resource", form).status, 303);
    assert!(visitor.get("resource?type=document&id=7").body.contains("Plan"));
}

#[test]
fn the_actor_is_the_account_of_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let db = demo(folder.path());
    let name = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_authz"));
    command.arg("dashboard").arg(&db).args(["--no-open", "--port", "0"]).env("USER", "mallory").env("USERNAME", "mallory");
    let dashboard = Dashboard::run(&mut command);
    let form = "subject=user%3Aeve&role=owner&type=organization&id=acme&back=overview";
    assert_eq!(dashboard.open().post("grant", form).status, 303);
    let actor = "SELECT context ->> '$.actor.id' FROM authz_events ORDER BY seq DESC LIMIT 1";
    assert_eq!(text(&open(&db), actor), name.trim());
}

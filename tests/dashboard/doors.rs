//! Who gets in and who does not, how it begins and ends: by requests as they stand, with no browser that would be polite.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use crate::server::{Dashboard, request};
use crate::{demo, number, open, text};

#[test]
fn nobody_gets_in_but_by_the_first_url() {
    let folder = tempfile::tempdir().unwrap();
    let db = demo(folder.path());
    let dashboard = Dashboard::start(&db, &[]);
    let port = dashboard.port;
    let host = format!("127.0.0.1:{port}");
    let first = dashboard.first_url.strip_prefix(&format!("http://{host}")).unwrap().to_owned();
    let refused = |target: &str, headers: &[(&str, &str)], why: &str| {
        let answer = request(port, "GET", target, headers, "");
        assert_eq!(answer.status, 403, "{target} {headers:?}: {}", answer.body);
        assert!(answer.body.contains(why), "{}", answer.body);
        assert!(!answer.headers.contains_key("set-cookie") && !answer.body.contains("document"), "{}", answer.body);
    };

    // Whatever comes from elsewhere does not use the token up.
    refused(&first, &[("Host", "evil.example")], "another host name");
    refused(&first, &[("Host", &format!("localhost:{port}"))], "another host name");
    refused(&first, &[], "another host name");
    refused(&first, &[("Host", &host), ("Origin", "http://evil.example")], "another origin");
    refused(&first, &[("Host", &host), ("Sec-Fetch-Site", "cross-site")], "another site");
    refused("/", &[("Host", &host)], "token is missing");
    refused("/?token=0123", &[("Host", &host)], "not the one");

    let visitor = dashboard.open();
    refused(&first, &[("Host", &host)], "used already");
    assert_eq!(visitor.get("overview").status, 200);

    let overview = format!("{}/overview", visitor.place);
    let cookie = ("Cookie", visitor.cookie.as_str());
    refused(&overview, &[("Host", &host)], "no session");
    refused(&format!("{}/style.css", visitor.place), &[("Host", &host)], "no session");
    refused(&format!("{}/live", visitor.place), &[("Host", &host)], "no session");
    refused(&overview, &[("Host", &host), ("Cookie", &format!("{}0", visitor.cookie))], "no session");
    refused(&overview, &[("Host", "evil.example"), cookie], "another host name");
    refused(&overview, &[("Host", &format!("127.0.0.1:{}", port.wrapping_add(1))), cookie], "another host name");
    refused(&overview, &[("Host", &host), cookie, ("Origin", "http://evil.example")], "another origin");
    refused(&overview, &[("Host", &host), cookie, ("Origin", &format!("http://127.0.0.1:{}", port.wrapping_add(1)))], "another origin");
    refused(&overview, &[("Host", &host), cookie, ("Origin", "null")], "another origin");
    refused(&overview, &[("Host", &host), cookie, ("Sec-Fetch-Site", "same-site")], "another site");
    assert_eq!(request(port, "GET", "/other/overview", &[("Host", &host), cookie], "").status, 404);
}

#[test]
fn a_change_must_tell_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let db = demo(folder.path());
    let dashboard = Dashboard::start(&db, &[]);
    let visitor = dashboard.open();
    let target = format!("{}/grant", visitor.place);
    let form = "subject=user%3Aeve&role=owner&type=organization&id=acme&back=overview";
    let (host, cookie) = (("Host", visitor.host.as_str()), ("Cookie", visitor.cookie.as_str()));
    let own = format!("http://{}", visitor.host);
    for headers in [
        vec![host, cookie],
        vec![host, cookie, ("Origin", "null")],
        vec![host, cookie, ("Origin", "http://127.0.0.1:1")],
        vec![host, cookie, ("Origin", &own), ("Sec-Fetch-Site", "none")],
        vec![host, cookie, ("Origin", &own), ("Sec-Fetch-Site", "cross-site")],
        vec![host, ("Origin", &own)],
        vec![("Host", "evil.example"), cookie, ("Origin", "http://evil.example")],
    ] {
        let answer = request(visitor.port, "POST", &target, &headers, form);
        assert_eq!(answer.status, 403, "{headers:?}: {}", answer.body);
    }
    let connection = open(&db);
    let held = "SELECT count(*) FROM authz_role_assignments WHERE subject = 'user:eve'";
    assert_eq!(number(&connection, held), 0);

    let answer = visitor.post("grant", form);
    assert_eq!((answer.status, answer.headers["location"].as_str()), (303, "overview?done=changed"));
    assert_eq!(number(&connection, held), 1);
    let source = "SELECT context ->> '$.actor.source' FROM authz_events ORDER BY seq DESC LIMIT 1";
    assert_eq!(text(&connection, source), "dashboard");
    assert_eq!(visitor.post("grant", form).headers["location"], "overview?done=unchanged");
    // Back leads to pages of ours and nowhere else.
    for back in ["http%3A%2F%2Fevil.example", "%2F%2Fevil.example", "..%2F..%2Fx", "nosuch", "javascript%3Aalert(1)"] {
        let answer = visitor.post("grant", &form.replace("back=overview", &format!("back={back}")));
        assert_eq!(answer.headers["location"], "overview?done=unchanged", "{back}");
    }
    // A refusal is the sentence of the function, and changes nothing.
    let answer = visitor.post("grant", &form.replace("role=owner", "role=ownr"));
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("did you mean `owner`?"), "{}", answer.body);
    assert_eq!(visitor.post("nosuch", "").status, 404);
    let long = format!("{form}&more={}", "x".repeat(2 << 20));
    assert_eq!(visitor.post("grant", &long).status, 422);
}

#[test]
fn every_answer_tells_the_browser_to_be_careful() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(&demo(folder.path()), &[]);
    let visitor = dashboard.open();
    let host = ("Host", visitor.host.as_str());
    for answer in [visitor.get("overview"), visitor.get("nosuch"), visitor.get("script.js"), request(visitor.port, "GET", "/", &[host], "")]
    {
        let policy = &answer.headers["content-security-policy"];
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!(answer.headers["referrer-policy"], "same-origin");
    }
    // Nothing that the policy would refuse is in a page.
    let page = visitor.get("roles").body;
    for inline in ["style=", "onclick", "<style", "javascript:", "http://", "https://"] {
        assert!(!page.contains(inline), "{inline} in {page}");
    }
}

#[test]
fn read_only_is_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let db = demo(folder.path());
    let before = std::fs::read(&db).unwrap();
    let dashboard = Dashboard::start(&db, &["--read-only"]);
    let visitor = dashboard.open();
    for page in
        ["overview", "roles", "assignments", "resource?type=project&id=website", "subject?id=group:platform", "role?slug=owner", "groups"]
    {
        let answer = visitor.get(page);
        assert_eq!(answer.status, 200, "{page}");
        assert!(!answer.body.contains("method=\"post\""), "{page} has a form that changes something");
    }
    let answer = visitor.post("grant", "subject=user%3Aeve&role=owner&type=organization&id=acme");
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("--read-only"), "{}", answer.body);
    drop(dashboard);
    assert!(std::fs::read(&db).unwrap() == before, "the file has changed");
}

#[test]
fn it_ends_when_it_is_asked_to_also_while_pages_listen() {
    let folder = tempfile::tempdir().unwrap();
    let db = demo(folder.path());
    for signal in ["-TERM", "-INT"] {
        let dashboard = Dashboard::start(&db, &[]);
        let visitor = dashboard.open();
        let mut stream = TcpStream::connect(("127.0.0.1", visitor.port)).unwrap();
        let (place, host, cookie) = (&visitor.place, &visitor.host, &visitor.cookie);
        write!(stream, "GET {place}/live HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n").unwrap();
        let mut lines = BufReader::new(stream).lines();
        assert!(lines.by_ref().any(|line| line.unwrap().starts_with("data:")), "the stream says nothing");
        // A change by another process is told.
        open(&db).execute_batch("SELECT authz_grant('user:fay', 'owner', 'organization', 'acme')").unwrap();
        assert!(lines.by_ref().any(|line| line.unwrap().starts_with("data:")), "the stream says nothing of a change");
        let (status, said) = dashboard.end(signal);
        assert_eq!((status, said.as_str()), (Some(0), ""), "{signal}");
        assert!(lines.all(|line| line.is_ok()), "the stream was torn off");
        open(&db).execute_batch("SELECT authz_revoke('user:fay', 'owner', 'organization', 'acme')").unwrap();
    }
}

#[test]
fn what_cannot_be_shown_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = |arguments: &[&str]| {
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_authz")).arg("dashboard").args(arguments).arg("--no-open").output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let missing = folder.path().join("missing.db");
    assert!(refusal(&[missing.to_str().unwrap()]).contains("there is no file"), "a missing file");
    let empty = folder.path().join("empty.db");
    authz::rusqlite::Connection::open(&empty).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(refusal(&[empty.to_str().unwrap()]).contains("run `authz migrate"), "a file without the schema");
    let db = demo(folder.path());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert!(refusal(&[db.to_str().unwrap(), "--port", &port]).contains("name another with --port"), "a port that is taken");
}

//! Somebody else holds the file for longer than anybody waits, under SQLite's default journal.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use crate::server::Dashboard;
use crate::{demo, number, open};

const FORM: &str = "subject=user%3Aeve&role=owner&type=organization&id=acme&back=overview";

#[test]
fn who_waits_for_others_says_so_and_goes_on_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let db = demo(folder.path());
    let other = open(&db);
    other.pragma_update(None, "journal_mode", "DELETE").unwrap();
    let dashboard = Dashboard::start(&db, &[]);
    let visitor = dashboard.open();
    let mut stream = TcpStream::connect(("127.0.0.1", visitor.port)).unwrap();
    let (place, host, cookie) = (&visitor.place, &visitor.host, &visitor.cookie);
    write!(stream, "GET {place}/live HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n").unwrap();
    let mut told = BufReader::new(stream).lines().map(Result::unwrap).filter(|line| line.starts_with("data:"));
    told.next().unwrap();

    // Somebody reads: nothing can be written, and everything can be read.
    other.execute_batch("BEGIN; SELECT count(*) FROM authz_events").unwrap();
    let answer = visitor.post("grant", FORM);
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("nothing was changed, try again"), "{}", answer.body);
    assert_eq!(visitor.get("overview").status, 200);
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(visitor.post("grant", FORM).status, 303);
    told.next().unwrap();

    // Somebody writes for long: nothing can be read, and nobody says that something was not changed.
    other.execute_batch("BEGIN EXCLUSIVE; SELECT authz_grant('user:fay', 'owner', 'organization', 'acme')").unwrap();
    let answer = visitor.get("overview");
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("try again") && !answer.body.to_lowercase().contains("nothing was changed"), "{}", answer.body);
    other.execute_batch("COMMIT").unwrap();
    let last = number(&other, "SELECT max(seq) FROM authz_events");
    assert!(told.any(|line| line.contains(&format!("\"seq\":{last}}}"))), "the pages are not told any more");
    assert!(visitor.get("assignments").body.contains("user%3Afay"));
}

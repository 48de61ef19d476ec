//! Another file is put in the place of the one that is shown, or none.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use crate::server::Dashboard;
use crate::{demo, number, open};

#[test]
fn whatever_file_lies_there_is_the_one_that_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let db = demo(folder.path());
    let (other, old) = (folder.path().join("other.db"), folder.path().join("old.db"));
    fs::copy(&db, &other).unwrap();
    open(&other).execute_batch("SELECT authz_grant('user:newcomer', 'owner', 'organization', 'acme')").unwrap();
    let dashboard = Dashboard::start(&db, &[]);
    let visitor = dashboard.open();
    let mut stream = TcpStream::connect(("127.0.0.1", visitor.port)).unwrap();
    let (place, host, cookie) = (&visitor.place, &visitor.host, &visitor.cookie);
    write!(stream, "GET {place}/live HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n").unwrap();
    let mut told = BufReader::new(stream).lines().map(Result::unwrap).filter(|line| line.starts_with("data:"));
    told.next().unwrap();
    assert!(!visitor.get("assignments").body.contains("newcomer"));

    fs::rename(&db, &old).unwrap();
    // The pages are told, and whoever asks is told why there is nothing.
    told.next().unwrap();
    for answer in [visitor.get("overview"), visitor.post("grant", "subject=user%3Aeve&role=owner&type=organization&id=acme")] {
        assert_eq!(answer.status, 503);
        assert!(answer.body.contains("there is no file"), "{}", answer.body);
    }

    fs::rename(&other, &db).unwrap();
    told.next().unwrap();
    assert!(visitor.get("assignments").body.contains("newcomer"), "the old file is shown");
    assert_eq!(visitor.post("grant", "subject=user%3Aeve&role=owner&type=organization&id=acme").status, 303);
    let held = "SELECT count(*) FROM authz_role_assignments WHERE subject = 'user:eve'";
    assert_eq!((number(&open(&db), held), number(&open(&old), held)), (1, 0), "written to the file that lies there");

    // One that cannot be shown is refused with a sentence.
    let strange = folder.path().join("strange.db");
    authz::rusqlite::Connection::open(&strange).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    fs::rename(&strange, &db).unwrap();
    let answer = visitor.get("overview");
    assert!(answer.status == 500 && answer.body.contains("authz migrate"), "{}: {}", answer.status, answer.body);
    assert_eq!(dashboard.end("-TERM").0, Some(0));
}

//! Whoever connects and then says nothing, or says it slowly, keeps nobody out.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::demo;
use crate::server::Dashboard;

/// A connection that has sent a part of a request. Reading from it gives up in the end, for a test that fails must end too.
fn half_sent(port: u16, part: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(part.as_bytes()).unwrap();
    stream
}

/// What the server still says before it closes the connection.
fn to_the_end(mut stream: TcpStream) -> String {
    let mut said = String::new();
    match stream.read_to_string(&mut said) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("the connection stays open"),
        _ => said,
    }
}

#[test]
fn those_who_say_nothing_give_way() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody's time is over while the test runs.
    let dashboard = Dashboard::start(&demo(folder.path()), &["--request-seconds", "3600"]);
    let mut crowd: Vec<TcpStream> = (0..300).map(|_| half_sent(dashboard.port, "GET / HTTP/1.1\r\nHost: ")).collect();
    let visitor = dashboard.open();
    assert_eq!(visitor.get("overview").status, 200);
    assert_eq!(to_the_end(crowd.remove(0)), "");

    // Who has come in stays connected, whatever comes after.
    let (place, host, cookie) = (&visitor.place, &visitor.host, &visitor.cookie);
    let mut live = half_sent(visitor.port, &format!("GET {place}/live HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n"));
    let mut first = [0; 12];
    live.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    crowd.extend((0..300).map(|_| half_sent(dashboard.port, "GET")));
    assert_eq!(to_the_end(crowd.remove(0)), "");
    assert_eq!(dashboard.end("-TERM").0, Some(0));
    assert!(to_the_end(live).contains("event: change"), "the stream was torn off");
}

#[test]
fn what_arrives_too_slowly_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(&demo(folder.path()), &["--request-seconds", "1"]);
    let visitor = dashboard.open();
    assert!(!to_the_end(half_sent(visitor.port, "GET / HTTP/1.1\r\nHost: ")).contains("200 OK"));
    let (place, host, cookie) = (&visitor.place, &visitor.host, &visitor.cookie);
    let form = format!(
        "POST {place}/grant HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nOrigin: http://{host}\r\nContent-Length: 100\r\n\r\nsubject="
    );
    let said = to_the_end(half_sent(visitor.port, &form));
    assert!(said.starts_with("HTTP/1.1 408") && said.contains("send it again"), "{said}");
}

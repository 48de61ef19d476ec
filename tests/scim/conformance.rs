//! The checks of scim2-tester. Its requests come over the streams of its process, so there is no server and no port.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{needs, world};

#[test]
fn scim2_tester_finds_no_error() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/scim/bin/python");
    if !needs::is_installed(&python, "the Python package scim2-tester, in target/scim,") {
        return;
    }
    let mut tester = Command::new(python)
        .arg(root.join("tests/scim/conformance.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = tester.stderr.take().unwrap();
    let listener = std::thread::spawn(move || std::io::read_to_string(&mut said).unwrap());
    let connection = world();
    let mut answers = tester.stdin.take().unwrap();
    let mut counts = Value::Null;
    for line in BufReader::new(tester.stdout.take().unwrap()).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let Some(request) = line.as_array() else {
            counts = line["done"].clone();
            break;
        };
        let part = |index: usize| request[index].as_str();
        let answer: String = connection
            .query_row("SELECT authz_scim('d', ?1, ?2, ?3)", (part(0), part(1), part(2)), |row| row.get(0))
            .unwrap_or_else(|error| panic!("{line}: {error}"));
        writeln!(answers, "{answer}").unwrap();
    }
    drop(answers);
    tester.wait().unwrap();
    let said = listener.join().unwrap();
    assert!(counts["SUCCESS"].as_u64() > Some(80), "{said}");
    assert_eq!((&counts["ERROR"], &counts["CRITICAL"]), (&Value::Null, &Value::Null), "{said}");
}

//! The shape of `metadata`, which a trigger reads without JSON functions, held against a JSON parser.

use authz::rusqlite::Connection;
use proptest::prelude::*;
use serde_json::json;

use crate::{last_seq, open, stock_shell};

/// Whether it is what WorkOS allows: a JSON object of at most 50 strings of at most 600 characters, names of at most 40; and
/// without U+0000, behind which SQLite sees nothing.
fn allowed(text: &str) -> bool {
    struct Members(Vec<(String, String)>);
    impl<'de> serde::Deserialize<'de> for Members {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Members, D::Error> {
            struct Read;
            impl<'de> serde::de::Visitor<'de> for Read {
                type Value = Members;
                fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    out.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                    let mut all = Vec::new();
                    while let Some(member) = map.next_entry()? {
                        all.push(member);
                    }
                    Ok(Members(all))
                }
            }
            deserializer.deserialize_map(Read)
        }
    }
    let Ok(Members(members)) = serde_json::from_str(text) else { return false };
    let fits = |text: &str, most: usize| text.chars().count() <= most && !text.contains('\0');
    members.len() <= 50 && members.iter().all(|(name, value)| fits(name, 40) && fits(value, 600))
}

/// Whether the tables take it, in a row that is new and in one that changes; what is refused writes nothing.
fn taken(connection: &Connection, text: &str) -> bool {
    let before = last_seq(connection);
    let tell = |sql: &str| match connection.execute(sql, [text]) {
        Ok(_) => true,
        Err(error) => {
            assert!(error.to_string().starts_with("metadata_invalid: "), "{error}");
            false
        }
    };
    connection.execute_batch("SAVEPOINT metadata").unwrap();
    let told = [
        tell("INSERT INTO authz_users (id, email, metadata) VALUES ('new', 'new@acme.test', ?1)"),
        tell("UPDATE authz_users SET metadata = ?1 WHERE id = 'ana'"),
        tell("INSERT INTO authz_organizations (id, metadata) VALUES ('new', ?1)"),
        tell("UPDATE authz_organizations SET metadata = ?1 WHERE id = 'acme'"),
    ];
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}: {text:?}");
    if !told[0] {
        assert_eq!(last_seq(connection), before, "{text:?}");
    }
    connection.execute_batch("ROLLBACK TO metadata; RELEASE metadata").unwrap();
    told[0]
}

fn people() -> Connection {
    let connection = open();
    connection
        .execute_batch(
            "INSERT INTO authz_users (id, email, metadata) VALUES ('ana', 'ana@acme.test', '{\"was\": \"\"}');
             INSERT INTO authz_organizations (id, metadata) VALUES ('acme', '{\"was\": \"\"}');",
        )
        .unwrap();
    connection
}

#[test]
fn its_limits_are_those_of_the_reference() {
    let connection = people();
    let members = |count: usize| -> serde_json::Value {
        (0..count).map(|number| (format!("{number:040}"), json!("é".repeat(600)))).collect::<serde_json::Map<_, _>>().into()
    };
    let escaped = |count: usize| format!(r#"{{"k":"{}"}}"#, r"\ud83d\ude00".repeat(count));
    for text in [
        members(50).to_string(),
        serde_json::to_string_pretty(&members(50)).unwrap(),
        format!(r#"{{"{}":""}}"#, "k".repeat(40)),
        escaped(600),
        format!("{}{{}}", " ".repeat(20_000)),
        r#"{"":"","":""}"#.to_owned(),
    ] {
        assert!(taken(&connection, &text), "{text:.80}");
    }
    for text in [
        members(51).to_string(),
        format!(r#"{{"{}":""}}"#, "k".repeat(41)),
        format!(r#"{{"k":"{}"}}"#, "v".repeat(601)),
        escaped(601),
        r#"{"k":"\ud83d"}"#.to_owned(),
        r#"{"k":"\ude00\ud83d"}"#.to_owned(),
        r#"{"k":"\u0000"}"#.to_owned(),
        r#"{"k":"v"}"#.to_owned() + "\0",
        r#"{"k":"v"}{}"#.to_owned(),
        r#"{"k":"v",}"#.to_owned(),
        r#"{"k":{"deeper":"v"}}"#.to_owned(),
        r#"{"k":1}"#.to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        String::new(),
    ] {
        assert!(!taken(&connection, &text), "{text:.80}");
    }
}

#[test]
fn the_stock_shell_is_refused_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain.db");
    let Some(told) = stock_shell(&path, &authz::migration_sql()) else { return };
    assert_eq!(told, "");
    let insert = |metadata: &str| format!("INSERT INTO authz_users (id, email, metadata) VALUES ('ana', 'a@b.test', '{metadata}');\n");
    assert!(stock_shell(&path, &insert("[1]")).unwrap().contains("metadata_invalid: "));
    assert_eq!(stock_shell(&path, &insert(r#"{"plan": "pro", "quote": "\""}"#)).unwrap(), "");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::needs::cases(16), ..ProptestConfig::default() })]

    #[test]
    fn it_is_read_as_a_parser_reads_it(
        pieces in prop::collection::vec(
            prop::collection::vec(
                prop::sample::select(vec![
                    "{", "}", "\"", "\"", "\"", ":", ",", "a", "\"k\"", "\"k\":\"v\"", "\\", "\\u", "\\\"", "\\\\", "\\n", "00e9", "d83d", "\\ude00", "0000", " ",
                    "\n", "\t", "\u{a0}", "\u{1}", "\u{7f}", "é", "😀", "1", "[", "null",
                ]),
                0..9,
            ),
            40,
        ),
        framed in prop::collection::vec(any::<bool>(), 40),
    ) {
        thread_local!(static PEOPLE: Connection = people());
        for (pieces, framed) in pieces.iter().zip(framed) {
            let text = if framed { format!("{{\"a\":\"{}\"}}", pieces.concat()) } else { pieces.concat() };
            let told = PEOPLE.with(|connection| taken(connection, &text));
            prop_assert_eq!(told, allowed(&text), "{:?}", text);
        }
    }
}

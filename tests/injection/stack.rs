//! Every function on a thread with little stack, also with arguments that nest deeply, and on data that do.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::thread;

use authz::rusqlite::types::Value;

use crate::calls::CALLS;
use crate::case::{Setting, WITHIN, Within, statements, subjects};
use crate::statement::{Outcome, Prepared};
use crate::tally::{Class, campaign};
use crate::world::{base, fresh_path, open_with_library, own_path};

/// Less than the 8 MiB of a main thread and the 2 MiB of others: what worker threads of servers and mobile systems have.
const STACK: usize = 512 << 10;

/// Does something on such a thread.
fn with_little_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).unwrap().join().unwrap())
}

/// What nests deeply, in the notations that the library reads.
fn deep() -> Vec<String> {
    let nested = |open: &str, inner: &str, close: &str, depth: usize| format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
    let mut texts = Vec::new();
    for &depth in if crate::is_full() { &[60, 126, 1_000, 100_000][..] } else { &[126, 20_000] } {
        texts.extend([
            nested("[", "1", "]", depth),
            nested("{\"a\":", "1", "}", depth),
            format!(r#"{{"userName": "deep@acme.test", "deep": {}}}"#, nested("{\"a\":", "1", "}", depth)),
            format!(r#"{{"email": "deep@acme.test", "raw_attributes": {}}}"#, nested("[", "1", "]", depth)),
            format!("model schema 1.1 type document relations define viewer: {}", nested("(", "[user]", ")", depth)),
            format!("/Users?filter={}", nested("(", "userName pr", ")", depth)),
            format!("/Users?filter={}", nested("not (", "userName pr", ")", depth)),
            nested("emails[type eq \"", "x", "\"]", depth),
            format!("{{\"a\": \"{{{{ {} }}}}\"}}", vec!["user.email"; depth].join(" || ")),
            nested("a/", "logo", "", depth),
        ]);
    }
    texts
}

#[test]
fn every_function() {
    campaign("little stack", "stack::every_function", |run| {
        for subject in subjects().iter().chain(&statements()) {
            if !run.unit() {
                continue;
            }
            for within in WITHIN {
                let setting = Setting { within, ..Setting::PLAIN };
                if within != Within::Autocommit && !crate::is_full() {
                    continue;
                }
                run.case(
                    subject.call.name,
                    || format!("{} {setting}: {STACK} bytes of stack", subject.call),
                    || {
                        let (stage, outcome) = with_little_stack(|| {
                            let stage = subject.stage(setting);
                            let outcome = stage.ask();
                            (stage, outcome)
                        });
                        // A success is looked at as others are in the long run.
                        let is_fine = outcome.succeeded() && !crate::is_full();
                        Some(if is_fine { Vec::new() } else { stage.judge(&outcome) })
                    },
                );
            }
        }
    });
}

#[test]
fn arguments_that_nest() {
    campaign("little stack, arguments that nest", "stack::arguments_that_nest", |run| {
        let texts = deep();
        for (number, subject) in subjects().iter().enumerate() {
            if !crate::is_full() && number % 2 == 1 || !run.unit() {
                continue;
            }
            let places: Vec<usize> =
                (0..subject.values.len()).filter(|place| matches!(subject.values[*place], Value::Text(_) | Value::Null)).collect();
            // Each argument is a case of its own in the long run.
            let chunk = if crate::is_full() { 1 } else { places.len().max(1) };
            for places in places.chunks(chunk) {
                run.case(
                    subject.call.name,
                    || format!("{}: arguments {places:?}, from 0, nest deeply, {STACK} bytes of stack", subject.call),
                    || {
                        with_little_stack(|| {
                            let stage = subject.stage(Setting { within: Within::Begin, ..Setting::PLAIN });
                            for (place, text) in places.iter().flat_map(|place| texts.iter().map(move |text| (*place, text))) {
                                let mut values = subject.values.clone();
                                values[place] = Value::Text(text.clone());
                                // Whatever the answer is: there is one.
                                let _: Outcome = Prepared::new(&stage.connection, &stage.sql(), &values).run();
                            }
                        });
                        Some(Vec::new())
                    },
                );
            }
        }
    });
}

/// Chains of so many links.
const LINKS: i64 = 3_000;

#[test]
fn data_that_nest() {
    campaign("little stack, data that nest", "stack::data_that_nest", |run| {
        let file: OnceLock<PathBuf> = OnceLock::new();
        let numbers = format!("WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 100 + {LINKS})");
        let rows = [
            format!(
                "{numbers} INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) SELECT 'project', i, 'project', CASE i WHEN 100 THEN 1 ELSE i - 1 END FROM n"
            ),
            format!(
                "{numbers} INSERT INTO authz_group_members (group_id, subject) SELECT 'g' || i, CASE i WHEN 100 THEN 'user:eve' ELSE 'group:g' || (i - 1) END FROM n"
            ),
            format!(
                "{numbers} INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) SELECT 'folder:' || CASE i WHEN 100 THEN 2 ELSE i - 1 END, 'parent', 'folder', i FROM n"
            ),
            format!("SELECT authz_grant('group:g{}', 'reader', 'project', 2)", 100 + LINKS),
        ];
        let make = || {
            let file = own_path("chains");
            std::fs::copy(&base(CALLS.iter().find(|call| call.name == "authz_check").unwrap()).path, &file).unwrap();
            let connection = open_with_library(&file);
            crate::calls::run(&connection, &format!("BEGIN; {}; COMMIT", rows.join(";")));
            file
        };
        let last = 100 + LINKS;
        let questions = [
            format!("SELECT authz_check('user:ana', 'project:edit', 'project', {last})"),
            format!("SELECT authz_check('user:eve', 'project:edit', 'project', {last}) = 0"),
            "SELECT authz_check('user:eve', 'project:read', 'project', 2)".to_owned(),
            format!("SELECT authz_check('user:ana', 'viewer', 'folder', {last})"),
            format!("SELECT authz_check('user:nobody', 'viewer', 'folder', {last}) = 0"),
            format!("SELECT authz_explain('user:ana', 'project:edit', 'project', {last}) ->> 'allowed'"),
            "SELECT authz_explain('user:eve', 'project:read', 'project', 2) ->> 'allowed'".to_owned(),
            format!("SELECT authz_explain('user:ana', 'viewer', 'folder', {last}) ->> 'allowed'"),
            format!("SELECT count(*) > {LINKS} FROM authz_list_resources('user:ana', 'project:edit', 'project')"),
            format!("SELECT count(*) > {LINKS} FROM authz_list_resources('user:ana', 'viewer', 'folder')"),
            format!("SELECT count(*) > 0 FROM authz_list_subjects('viewer', 'folder', {last})"),
            format!("SELECT count(*) > {LINKS} FROM authz_list_subjects('project:read', 'project', 2)"),
            format!("SELECT count(*) > 0 FROM authz_list_permissions('user:ana', 'project', {last})"),
            format!("SELECT count(*) > {LINKS} FROM authz_ancestors('project', {last})"),
            format!("SELECT count(*) > {LINKS} FROM authz_descendants('project', 1)"),
            "SELECT count(*) > 0 FROM authz_search('website', 'user:ana')".to_owned(),
            format!("SELECT authz_remove_resource('project', 100, 'cascade') > {LINKS}"),
            "SELECT authz_remove_member('group:g100', 'user:eve')".to_owned(),
        ];
        for question in &questions {
            if !run.unit() {
                continue;
            }
            run.case(
                "data that nest",
                || format!("{question}: {LINKS} links, {STACK} bytes of stack"),
                || {
                    let own = fresh_path("chains");
                    std::fs::copy(file.get_or_init(make), &own).unwrap();
                    let outcome = with_little_stack(|| Prepared::new(&open_with_library(&own), question, &[]).run());
                    let is_right = outcome.succeeded() && outcome.rows == ["1"];
                    Some(if is_right { Vec::new() } else { vec![(Class::WrongAnswer, format!("{outcome:?}"))] })
                },
            );
        }
    });
}

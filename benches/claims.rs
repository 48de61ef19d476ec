//! What the claims of a token cost: beside a look-up by primary key, with a template and without, in a small organization and a large one;
//! what parsing a template costs, which is paid once; and what a mapping costs that changes everybody.
//!
//! ```text
//! cargo bench --bench claims
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod brief;

use std::hint::black_box;
use std::time::Duration;

use authz::rusqlite::{Connection, params};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const TEMPLATE: &str = r#"{
  "name": "{{ user.first_name }} {{ user.last_name || 'unknown' }}",
  "email": {{ user.email }},
  "department": "{{ organization_membership.custom_attributes.department_name || 'none' }}",
  "plan": "{{ organization.metadata.plan || 'free' }}",
  "nested": {"crm": {{ user.external_id }}, "attributes": {{ organization_membership.custom_attributes }}}
}"#;

/// An organization with that many members, each told of by a sign-in.
fn open(members: i64) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            r#"SELECT authz_apply('{
                 "permissions": {"a:read": {"resource_type": "organization"}, "a:edit": {"resource_type": "organization"}},
                 "roles": {"member": {"resource_type": "organization", "permissions": ["a:read", "a:edit"]}}}', 'force');
               UPDATE _authz_settings SET value = 'off' WHERE name = 'events';
               INSERT INTO authz_organizations (id, metadata) VALUES ('acme', '{"plan":"pro"}');
               SELECT authz_define_attribute('department_name'), authz_define_attribute('level', '{"type": "number"}');"#,
        )
        .unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for number in 0..members {
        connection
            .execute(
                "INSERT INTO authz_users (id, email, first_name, last_name) VALUES ('u' || ?1, ?1 || '@acme.test', 'Ana', 'Silva')",
                [number],
            )
            .unwrap();
        connection.execute("INSERT INTO authz_memberships (user, organization) VALUES ('u' || ?1, 'acme')", [number]).unwrap();
        let set = r#"SELECT authz_set_attributes('u' || ?1, 'acme', 'sso', '{"department_name": "Tax", "level": 3}')"#;
        connection.query_row(set, [number], |_| Ok(())).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
    connection
}

fn one_user(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("claims/one");
    group.throughput(Throughput::Elements(1)).measurement_time(Duration::from_secs(2)).sample_size(20);
    for members in [100, brief::usual(10_000, 200)] {
        let connection = open(members);
        let mut next = 0;
        let mut user = move || {
            next = (next + 7919) % members;
            format!("u{next}")
        };
        let mut lookup = connection.prepare("SELECT email FROM authz_users WHERE id = ?1").unwrap();
        group.bench_function(BenchmarkId::new("primary_key", members), |bencher| {
            bencher.iter(|| lookup.query_row([user()], |row| row.get::<_, String>(0)).map(black_box).unwrap());
        });
        let mut claims = connection.prepare("SELECT authz_claims(?1, 'acme')").unwrap();
        for (name, template) in [("without_template", None), ("with_template", Some(TEMPLATE))] {
            connection.query_row("SELECT authz_set_jwt_template(?1)", params![template], |_| Ok(())).unwrap();
            group.bench_function(BenchmarkId::new(name, members), |bencher| {
                bencher.iter(|| claims.query_row([user()], |row| row.get::<_, String>(0)).map(black_box).unwrap());
            });
        }
    }
    group.finish();
}

fn ten_thousand_users(criterion: &mut Criterion) {
    let members = brief::usual(10_000, 200);
    let connection = open(members);
    connection.query_row("SELECT authz_set_jwt_template(?1)", [TEMPLATE], |_| Ok(())).unwrap();
    let parsed = || connection.query_row("SELECT authz_debug() ->> 'templates'", [], |row| row.get::<_, i64>(0)).unwrap();
    let before = parsed();
    let mut group = criterion.benchmark_group("claims/ten_thousand");
    group.throughput(Throughput::Elements(members.unsigned_abs())).measurement_time(Duration::from_secs(5)).sample_size(10);
    let mut all = connection.prepare("SELECT sum(length(authz_claims(user, organization))) FROM authz_memberships").unwrap();
    group.bench_function("render", |bencher| {
        bencher.iter(|| all.query_row([], |row| row.get::<_, i64>(0)).map(black_box).unwrap());
    });
    group.finish();
    assert_eq!(parsed(), before);
}

/// A text that was never seen before is parsed each time.
fn parse(criterion: &mut Criterion) {
    let connection = open(1);
    let mut group = criterion.benchmark_group("claims/preview");
    group.measurement_time(Duration::from_secs(2)).sample_size(20);
    let mut preview = connection.prepare("SELECT authz_render_jwt(?1, 'u0', 'acme')").unwrap();
    let mut number = 0;
    group.bench_function("new_text", |bencher| {
        bencher.iter(|| {
            number += 1;
            preview.query_row([TEMPLATE.replace("free", &number.to_string())], |row| row.get::<_, String>(0)).map(black_box).unwrap()
        });
    });
    group.bench_function("same_text", |bencher| {
        bencher.iter(|| preview.query_row([TEMPLATE], |row| row.get::<_, String>(0)).map(black_box).unwrap());
    });
    group.finish();
}

fn define(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("attributes/define_and_undefine");
    group.measurement_time(Duration::from_secs(3)).sample_size(10);
    for members in [brief::usual(1_000, 100), brief::usual(10_000, 200)] {
        let connection = open(members);
        group.throughput(Throughput::Elements(u64::try_from(members).unwrap()));
        group.bench_function(BenchmarkId::from_parameter(members), |bencher| {
            bencher.iter(|| connection.execute_batch("SELECT authz_define_attribute('x'); SELECT authz_undefine_attribute('x')").unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, one_user, ten_thousand_users, parse, define);
criterion_main!(benches);

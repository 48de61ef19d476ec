//! What a request costs does not depend on how much there is: counted in steps of SQLite's machine, not by the clock.

use std::cell::Cell;
use std::rc::Rc;

use authz::rusqlite::Connection;
use serde_json::{Value, json};

use crate::{group, operations, scim, user, world};

/// Roughly how many steps SQLite's machine takes for some work, triggers and all.
fn steps(connection: &Connection, work: impl FnOnce()) -> u64 {
    thread_local!(static STEPS: Rc<Cell<u64>> = Rc::new(Cell::new(0)));
    const EACH: i32 = 10;
    STEPS.with(|steps| steps.set(0));
    connection
        .progress_handler(
            EACH,
            Some(|| {
                STEPS.with(|steps| {
                    steps.set(steps.get() + EACH as u64);
                    false
                })
            }),
        )
        .unwrap();
    work();
    connection.progress_handler(0, None::<fn() -> bool>).unwrap();
    STEPS.with(|steps| steps.get())
}

/// The user asked for, as providers do, and made.
fn arrive(connection: &Connection, name: &str) -> String {
    let filter = format!("/Users?filter=userName eq \"{name}\"&startIndex=1&count=100");
    assert_eq!(scim(connection, "GET", &filter, Value::Null, 200)["totalResults"], 0);
    user(connection, name)
}

#[test]
fn the_next_user_costs_what_the_first_did() {
    let connection = world();
    let few = (0..20).map(|n| steps(&connection, || drop(arrive(&connection, &format!("few{n}@acme.com"))))).max().unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for n in 0..4_000 {
        user(&connection, &format!("user{n}@acme.com"));
    }
    connection.execute_batch("COMMIT").unwrap();
    let many = (0..20).map(|n| steps(&connection, || drop(arrive(&connection, &format!("many{n}@acme.com"))))).max().unwrap();
    assert!(many <= few + few / 10, "{few} at first, {many} with 4,000 more");
    let asked = scim(&connection, "GET", "/Users?filter=userName eq \"user7@acme.com\"", Value::Null, 200);
    let id = asked["Resources"][0]["id"].as_str().unwrap();
    let body = operations(json!([{"op": "replace", "path": "active", "value": false}]));
    let change = steps(&connection, || drop(scim(&connection, "PATCH", &format!("/Users/{id}"), body, 200)));
    assert!(change < few, "{change} for a change, {few} for a new user");
}

#[test]
fn one_member_costs_the_same_in_a_group_of_ten_and_of_thousands() {
    let connection = world();
    connection.execute_batch("BEGIN").unwrap();
    let ids: Vec<String> = (0..3_000).map(|n| user(&connection, &format!("user{n}@acme.com"))).collect();
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (small, large) = (group(&connection, "Small", &all[..10]), group(&connection, "Large", &all));
    connection.execute_batch("COMMIT").unwrap();
    let cost = |group: &str, member: &str| {
        let path = format!("/Groups/{group}");
        let remove = operations(json!([{"op": "remove", "path": format!("members[value eq \"{member}\"]")}]));
        let add = operations(json!([{"op": "add", "path": "members", "value": [{"value": member}]}]));
        let asked = format!("/Groups?filter=id eq \"{group}\" and members eq \"{member}\"&excludedAttributes=members");
        [
            steps(&connection, || drop(scim(&connection, "PATCH", &path, remove, 204))),
            steps(&connection, || drop(scim(&connection, "PATCH", &path, add, 204))),
            steps(&connection, || drop(scim(&connection, "GET", &asked, Value::Null, 200))),
            steps(&connection, || drop(scim(&connection, "GET", &format!("{path}?excludedAttributes=members"), Value::Null, 200))),
        ]
    };
    cost(&small, all[5]);
    for (few, many) in cost(&small, all[5]).into_iter().zip(cost(&large, all[1_500])) {
        assert!(many <= few + few / 10 + 20, "{few} in the small group, {many} in the large one");
    }
}

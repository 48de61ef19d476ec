//! Real organizations, counted by GitHub's rules, against the numbers of an independent program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod needs;

#[allow(dead_code)]
#[path = "../examples/github_org.rs"]
mod github_org;

/// Users, repositories, then the pairs that hold read, triage, write, maintain, admin.
const EXPECTED: [(&str, [i64; 7]); 3] = [
    ("etcd-io", [58, 13, 754, 303, 195, 194, 169]),
    ("kubernetes", [1276, 78, 99528, 1365, 1340, 1044, 1044]),
    ("kubernetes-csi", [94, 23, 2162, 387, 387, 343, 343]),
];

#[test]
fn three_real_organizations_are_counted_right() {
    let connection = github_org::open().unwrap();
    for (organization, _) in EXPECTED {
        let Some(file) = needs::shared(&format!("kubernetes-org/{organization}.json")) else { return };
        github_org::import(&connection, &file).unwrap();
    }
    let counted = github_org::count(&connection).unwrap();
    let counted: Vec<(&str, Vec<i64>)> = counted
        .iter()
        .map(|count| (count.organization.as_str(), [count.users, count.repositories].iter().chain(&count.pairs).copied().collect()))
        .collect();
    assert_eq!(counted, EXPECTED.map(|(organization, numbers)| (organization, numbers.to_vec())));
}

/// What the real files do not show: a child team's child, a person in a team who is no member, other spellings, no default permission.
#[test]
fn any_such_file_is_read() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("acme.json");
    std::fs::write(
        &file,
        r#"{"organization": "Acme", "admins": ["Ana"], "members": ["BEN", "cy"], "default_repository_permission": "none",
            "teams": {"Core team #1": {"maintainers": ["ben"], "repos": {"Engine": "triage"}, "teams": {
                        "inner": {"teams": {"innermost": {"members": ["Cy"], "repos": {"doors": "maintain"}}}}}},
                      "guests": {"members": ["dee"], "repos": {"doors": "write"}}}}"#,
    )
    .unwrap();
    let connection = github_org::open().unwrap();
    github_org::import(&connection, &file).unwrap();
    let counted = github_org::count(&connection).unwrap();
    // Ana has all of two repositories; triage on engine: ben, and cy from two teams below; doors: cy maintains, dee writes.
    let expected = github_org::Count { organization: "Acme".to_owned(), users: 4, repositories: 2, pairs: vec![6, 6, 4, 3, 2] };
    assert_eq!(counted, [expected]);

    let unknown = r#"{"organization": "x", "teams": {"t": {"repos": {"r": "raed"}}}}"#;
    std::fs::write(&file, unknown).unwrap();
    let refused = github_org::import(&connection, &file).unwrap_err().to_string();
    assert!(refused.contains("repository-raed") && refused.contains("repository-read"), "{refused}");
    assert_eq!(github_org::count(&connection).unwrap().len(), 1, "half a file was read");
}

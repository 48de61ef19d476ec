//! What comes from outside is refused or stored as it is, and never interpreted.

use crate::{json, product, refusal, started, text};

#[test]
fn what_has_the_wrong_shape_is_refused() {
    let connection = product();
    let session = started(&connection, "okta");
    for (profile, word) in [
        ("", "is not valid JSON"),
        ("[]", "it is an array, and must be an object"),
        ("null", "must be an object"),
        ("\"ana@acme.com\"", "must be an object"),
        ("{}", "the field `email` is missing"),
        (r#"{"email": null}"#, "the field `email` is missing"),
        (r#"{"email": 7}"#, "profile.email: it is a number, and must be a string"),
        (r#"{"email": "ana"}"#, "is no e-mail address"),
        (r#"{"email": "a\u0000b@acme.com"}"#, "is no e-mail address"),
        (r#"{"email": "a@b.c", "email": "d@e.f"}"#, "`email` is given twice"),
        (r#"{"email": "a@b.c", "idp_id": 7}"#, "profile.idp_id: it is a number"),
        (r#"{"email": "a@b.c", "idp_id": "x\u0000"}"#, "U+0000"),
        (r#"{"email": "a@b.c", "first_name": ["x"]}"#, "profile.first_name"),
        (r#"{"email": "a@b.c", "raw_attributes": "x"}"#, "profile.raw_attributes: it is a string, and must be an object"),
        (r#"{"email": "a@b.c"} x"#, "is not valid JSON"),
    ] {
        let told = refusal(&connection, "SELECT authz_sso_succeed(?1, ?2)", [session.as_str(), profile]);
        assert!(told.starts_with("authz_sso_succeed: ") && told.contains(word), "{profile}: {told}");
    }
    let deep = format!(r#"{{"email": "a@b.c", "x": {}1{}}}"#, "[".repeat(200), "]".repeat(200));
    assert!(refusal(&connection, "SELECT authz_sso_succeed(?1, ?2)", [session.as_str(), &deep]).contains("nests deeper"));
    for (details, word) in [
        (r#"{"orign": "sp"}"#, "did you mean `origin`?"),
        (r#"{"origin": "sp1"}"#, "unknown origin `sp1`; did you mean `sp`?"),
        (r#"{"user_agent": {}}"#, "session.user_agent: it is an object"),
        ("[]", "must be an object"),
    ] {
        let told = refusal(&connection, "SELECT authz_sso_start('okta', ?1)", [details]);
        assert!(told.starts_with("authz_sso_start: ") && told.contains(word), "{details}: {told}");
    }
    assert!(
        refusal(&connection, "SELECT authz_sso_start('okat')", [])
            .contains("connection_invalid: there is no connection `okat` in authz_connections; did you mean `okta`?")
    );
    assert!(refusal(&connection, r#"SELECT authz_sso_start('oidc', '{"origin": "idp"}')"#, []).contains("only through a SAML connection"));
    assert!(refusal(&connection, "SELECT authz_sso_fail('none', 'x', 'y')", []).contains("sso_session_unknown"));
    assert!(refusal(&connection, "SELECT authz_sso_fail(?1, NULL, 'y')", [&session]).contains("the error code is NULL"));
    assert!(refusal(&connection, "SELECT authz_sso_fail(?1, 'x', 'y', '{')", [&session]).contains("the response is not valid JSON"));
}

#[test]
fn everything_else_is_stored_as_it_is() {
    let connection = product();
    let megabyte = "\u{1b}[2J'; DROP TABLE authz_users; --\u{202e}\u{7}<script>{{x}}%s\r\n".repeat(20_000);
    let details = serde_json::json!({"user_agent": megabyte, "ip_address": "not an address", "email": "x"}).to_string();
    let session = text(&connection, "SELECT authz_sso_start('okta', ?1)", [&details]);
    assert_eq!(text(&connection, "SELECT user_agent FROM authz_sso_sessions WHERE id = ?1", [&session]), megabyte);
    let shown = json(&text(&connection, "SELECT authz_sso_fail(?1, ?2, ?2)", [&session, &megabyte]));
    assert_eq!((shown["error_code"].as_str(), shown["error_message"].as_str()), (Some(megabyte.as_str()), Some(megabyte.as_str())));
    let data = json(&text(&connection, "SELECT data FROM authz_events WHERE event = 'authentication.sso_failed'", []));
    assert_eq!(data["error"]["message"].as_str(), Some(megabyte.as_str()));
    let profile =
        serde_json::json!({"email": "ana@acme.com", "idp_id": "' OR 1 --", "raw_attributes": {"note": megabyte, "password": "hunter2"}})
            .to_string();
    let session = started(&connection, "okta");
    let shown = json(&text(&connection, "SELECT authz_sso_succeed(?1, ?2)", [&session, &profile]));
    assert_eq!(shown["response"]["raw_attributes"]["note"].as_str(), Some(megabyte.as_str()));
    let kept = text(&connection, "SELECT profile FROM _authz_sso_profiles", []);
    assert!(!kept.contains("hunter2") && kept.contains("[masked]"));
    let session = text(&connection, "SELECT authz_session_start('ana', 'acme', ?1)", [&megabyte]);
    assert_eq!(text(&connection, "SELECT authz_session_subject(?1)", [&session]), "user:ana");
    assert_eq!(json(&text(&connection, "SELECT data FROM authz_events WHERE event = 'session.created'", []))["auth_method"], "unknown");
}

#[test]
fn a_message_and_a_user_agent_are_stored_without_secrets() {
    let connection = product();
    let agent = r#"{"user_agent": "App/1.0 (access_token=hunter2)"}"#;
    let session = text(&connection, "SELECT authz_sso_start('okta', ?1)", [agent]);
    let message = "invalid_grant: https://ana:hunter2@idp.test/token?code=hunter2 was refused for Bearer hunter2";
    connection.query_row("SELECT authz_sso_fail(?1, 'server_error', ?2)", [session.as_str(), message], |_| Ok(())).unwrap();
    connection.execute_batch("INSERT INTO authz_users (id, email) VALUES ('eve', 'eve@acme.com')").unwrap();
    text(&connection, "SELECT authz_session_start('eve', NULL, 'sso', ?1)", [agent]);
    let kept = text(
        &connection,
        "SELECT json_group_array(error_message || user_agent) || (SELECT group_concat(user_agent) FROM authz_sessions) FROM authz_sso_sessions",
        [],
    );
    assert!(!kept.contains("hunter2") && kept.contains("https://ana:[masked]@idp.test/token?code=[masked]"), "{kept}");
    let events = text(&connection, "SELECT group_concat(data) FROM authz_events", []);
    assert!(!events.contains("hunter2") && events.contains("[masked]"), "{events}");
    let details = r#"{"impersonator": {"email": "boss@acme.com", "reason": "asked with password: hunter2"}}"#;
    text(&connection, "SELECT authz_session_start('eve', NULL, 'impersonation', ?1)", [details]);
    let told = text(&connection, "SELECT group_concat(impersonator) FROM authz_sessions", []);
    assert!(!told.contains("hunter2") && told.contains("[masked]"), "{told}");
}

//! Passwords in what a provider sends: they are taken out, for nobody here has any use for them.

use serde_json::Value;

/// Whether an attribute is called a password, behind the name of its schema or of what holds it too.
pub(crate) fn is_password(name: &str) -> bool {
    name.rsplit([':', '.']).next().is_some_and(|last| last.eq_ignore_ascii_case("password"))
}

/// A value without anything called a password, at whatever depth.
pub(crate) fn without_passwords(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(name, _)| !is_password(name));
            Value::Object(kept.map(|(name, value)| (name, without_passwords(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_passwords).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::without_passwords;

    #[test]
    fn no_password_is_kept() {
        let payload = json!({"Password": "a", "urn:ietf:params:scim:schemas:core:2.0:User:password": "b", "list": [{"password": "c", "x": 1}],
            "passwordHint": "d"});
        assert_eq!(without_passwords(payload), json!({"list": [{"x": 1}], "passwordHint": "d"}));
    }
}

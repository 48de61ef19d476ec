//! What becomes of a provider's payload: attributes, and claims by a template.

use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::identity::attributes::path::Path;
use crate::identity::template::Template;

/// A payload such as providers send.
fn payload() -> Value {
    json!({
        "userName": "ana", "name": {"givenName": "Ana", "first": {"second": [1, [2, {"third": null}]]}}, "groups": ["a", "b"], "active": true,
        "emails": [{"value": "ana@acme.com", "type": "work"}, {"value": "a]b\"c", "type": "home"}], "7": 7, "": 0,
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname": "Ana",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R&D", "manager": {"value": "9"}}})
}

/// A path of an attribute: what a payload has as a key is found, whatever else the path could mean.
pub(super) fn attribute_path(text: &str) {
    let Ok(path) = Path::parse(text) else { return };
    assert_eq!(Path::parse(text).as_ref(), Ok(&path));
    let found = path.find(&payload()).map(std::borrow::Cow::into_owned);
    assert_ne!(found, Some(Value::Null), "null is nothing");
    let one = Value::Object(std::iter::once((text.to_owned(), json!("found"))).collect());
    assert_eq!(path.find(&one).as_deref(), Some(&json!("found")));
    for value in [Value::Null, json!(1), json!([]), json!([[{}]])] {
        let _ = path.find(&value);
    }
}

/// A template of claims: printing and reading again gives the same, and what it renders is JSON.
pub(super) fn template(text: &str) {
    let Ok(template) = Template::parse(text) else { return };
    let printed = template.to_string();
    let again = Template::parse(&printed);
    assert_eq!(again.map(|again| again.to_string()).map_err(|refusal| refusal.to_string()), Ok(printed));
    assert!(template.attributes().iter().all(|(name, _, _)| text.contains(name)));
    let _ = template.reads_domains();
    let roots = json!({
        "user": {"id": "ana", "email": "ana@acme.com", "first_name": " Ana \"x\" ", "metadata": {"a": "1", "b": ""}},
        "organization": {"id": "acme", "name": null, "domains": [{"domain": "acme.com", "state": "verified"}], "metadata": {}},
        "organization_membership": {"role": {"slug": "editor"}, "roles": [{"slug": "editor"}],
            "custom_attributes": {"level": 7, "tags": ["a", {"b": null}], "note": "a\u{0}b"}}});
    let Ok(claims) = template.render(&roots) else { return };
    let mut length = 0;
    for (key, value) in claims {
        assert!(serde_json::from_str::<IgnoredAny>(&value).is_ok(), "`{key}` renders to no JSON: {value}");
        assert_ne!(value, "null");
        length += value.len();
    }
    assert!(length <= 1 << 20, "more than the most that may be rendered");
}

//! Templates: what they give, what is refused and where, and the laws of printing and rendering.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::parser::MAX_TEMPLATE_BYTES;
use super::tree::{Alternative, Expression, Node, Piece, Template, TextPlace};

fn roots() -> Value {
    json!({
        "user": {"id": "ana", "email": " ana@acme.test ", "first_name": "Ana", "last_name": null, "email_verified": false,
            "metadata": {"plan": "pro", "quote": "\",\"admin\":true,\"x\":\""}},
        "organization": {"id": "acme", "domains": [{"domain": "acme.test", "state": "verified"}]},
        "organization_membership": {"role": {"slug": "member"}, "roles": [{"slug": "member"}],
            "custom_attributes": {"level": 3, "tags": ["a", "b"], "nested": {"deep": [{"x": "y"}]}}},
    })
}

fn rendered(text: &str) -> Result<Value, String> {
    let template = Template::parse(text).map_err(|error| error.to_string())?;
    let members = template.render(&roots()).map_err(|error| error.to_string())?;
    Ok(Value::Object(members.into_iter().map(|(key, json)| (key.to_owned(), serde_json::from_str(&json).unwrap())).collect()))
}

#[test]
fn expressions_stand_for_what_lies_there() {
    for (text, value) in [
        (r#"{"a": "{{ user.first_name }}"}"#, json!({"a": "Ana"})),
        (r#"{"a": {{user.first_name}}}"#, json!({"a": "Ana"})),
        (r#"{"a": "{{ user.first_name }} {{ user.last_name }}"}"#, json!({"a": "Ana"})),
        (r#"{"a": "{{user.last_name}}", "b": {{user.last_name}}, "c": null, "d": [{{user.last_name}}]}"#, json!({"a": "", "d": [null]})),
        (r#"{"a": "{{ user.last_name || user.first_name || 'x' }}"}"#, json!({"a": "Ana"})),
        (r#"{"a": {{ user.last_name || 'it\'s }} " here' }}}"#, json!({"a": "it's }} \" here"})),
        (r#"{"a": "<{{ user.last_name || 'it\'s }} \" here' }}>"}"#, json!({"a": "<it's }} \" here>"})),
        (r#"{"a": {{ user.email }}, "b": "  x  "}"#, json!({"a": "ana@acme.test", "b": "x"})),
        (r#"{"a": {{ user.email_verified }}, "b": "is {{ user.email_verified }}"}"#, json!({"a": false, "b": "is false"})),
        (
            r#"{"a": {{ organization.domains.0.domain }}, "b": {{ organization.domains.1.domain || 'none' }}}"#,
            json!({"a": "acme.test", "b": "none"}),
        ),
        (
            r#"{"a": {{ organization_membership.custom_attributes }}}"#,
            json!({"a": roots()["organization_membership"]["custom_attributes"]}),
        ),
        (r#"{"a": {{ organization_membership.custom_attributes.nested.deep.0.x }}}"#, json!({"a": "y"})),
        (r#"{"a": "L{{ organization_membership.custom_attributes.level }}"}"#, json!({"a": "L3"})),
        (
            r#"{"a": {"b": [{{ user.metadata.plan }}, 1.50e+2, -0, true, false, {}, []]}}"#,
            json!({"a": {"b": ["pro", 150.0, -0.0, true, false, {}, []]}}),
        ),
        (r#"{"a": "\u007b\u007b user.id }}", "\ud83d\ude00": "\n"}"#, json!({"a": "{{ user.id }}", "😀": ""})),
        (r#"{"a": {"sub": "nested keys are free"}}"#, json!({"a": {"sub": "nested keys are free"}})),
        (
            r#"{"a": "{{ user.metadata.quote }}", "b": {{ user.metadata.quote }}}"#,
            json!({"a": "\",\"admin\":true,\"x\":\"", "b": "\",\"admin\":true,\"x\":\""}),
        ),
    ] {
        assert_eq!(rendered(text), Ok(value), "{text}");
    }
}

#[test]
fn what_is_refused_names_line_and_column() {
    for (text, place, sentence) in [
        ("", "line 1 column 1", "a template is a JSON object"),
        ("[]", "line 1 column 1", "a template is a JSON object"),
        ("{{ user }}", "line 1 column 1", "a template is a JSON object"),
        (" {}", "line 1 column 2", "has none"),
        ("{\"é\":\n  \"{{ }}\"}", "line 2 column 4", "is empty"),
        ("{\"a\": {{ }}}", "line 1 column 7", "is empty"),
        ("{\"a\": \"{{ user.id \"}", "line 1 column 8", "`}}` is missing"),
        ("{\"a\": {{ user.id", "line 1 column 7", "`}}` is missing"),
        ("{\"a\": \"{{\"}", "line 1 column 8", "`}}` is missing"),
        ("{\"a\": {{ user.id || }}}", "line 1 column 21", "must be a path"),
        ("{\"a\": {{ || user.id }}}", "line 1 column 10", "must be a path"),
        ("{\"a\": {{ user.id | user.email }}}", "line 1 column 18", "must be `||` or `}}`"),
        ("{\"a\": {{ user.id user.email }}}", "line 1 column 18", "must be `||` or `}}`"),
        ("{\"a\": {{ 'x }}}", "line 1 column 10", "never ends"),
        ("{\"a\": \"{{ 'x }}\"}", "line 1 column 11", "never ends"),
        ("{\"sub\": 1}", "line 1 column 2", "reserved"),
        ("{\"a\": 1,\n\n \"per\\u006dissions\": 1}", "line 3 column 2", "`permissions` is reserved"),
        ("{\"a\": 1, \"\\u0061\": 2}", "line 1 column 10", "given twice"),
        ("{\"a\": {\"b\": 1, \"b\": 2}}", "line 1 column 16", "given twice"),
        ("{\"{{ user.id }}\": 1}", "line 1 column 2", "a key is a text"),
        ("{\"a\": \"{{ user }}\"}", "line 1 column 8", "an object inside a string"),
        ("{\"a\": \"{{ user.last_name || user.metadata }}\"}", "line 1 column 8", "an object inside a string"),
        ("{\"a\": \"{{ organization.domains }}\"}", "line 1 column 8", "an array inside a string"),
        ("{\"a\": \"x {{ organization_membership.custom_attributes.tags }}\"}", "line 1 column 10", "is an array, and stands inside"),
        ("{\"a\": {{ user.emial }}}", "line 1 column 10", "did you mean `email`?"),
        ("{\"a\": {{ users.email }}}", "line 1 column 10", "did you mean `user`?"),
        ("{\"a\": {{ user.email.x }}}", "line 1 column 10", "unknown path `user.email.x`"),
        ("{\"a\": {{ organization.domains.first }}}", "line 1 column 10", "unknown path"),
        ("{\"a\": {{ user..email }}}", "line 1 column 10", "a dot too many"),
        ("{\"a\": {{ user.email | upper }}}", "line 1 column 21", "must be `||`"),
        ("{\"a\": {% if x %}}", "line 1 column 8", "must be a key"),
        ("{\"a\": 01}", "line 1 column 7", "is no number"),
        ("{\"a\": 1.}", "line 1 column 7", "is no number"),
        ("{\"a\": nul}", "line 1 column 7", "must be a JSON value"),
        ("{\"a\": \"\\x\"}", "line 1 column 8", "no such escape"),
        ("{\"a\": \"\\ud800\"}", "line 1 column 8", "stands for no character"),
        ("{\"a\": \"\\u00g0\"}", "line 1 column 8", "stands for no character"),
        ("{\"a\": \"x\ny\"}", "line 1 column 9", "must be an escape"),
        ("{\"a\": \"x", "line 1 column 7", "never ends"),
        ("{\"a\": 1", "line 1 column 8", "must go on with `,` or `}`"),
        ("{\"a\": [1", "line 1 column 9", "must go on with `,` or `]`"),
        ("{\"a\" 1}", "line 1 column 6", "must be `:`"),
        ("{a: 1}", "line 1 column 2", "must be a key"),
        ("{\"a\": 1,}", "line 1 column 9", "must be a key"),
        ("{\"a\": 1} x", "line 1 column 10", "nothing may follow"),
    ] {
        let told = rendered(text).unwrap_err();
        assert!(told.starts_with(&format!("the template, {place}: ")) && told.contains(sentence), "{text}: {told}");
    }
}

#[test]
fn size_and_depth_have_an_end() {
    let deep = |levels: usize| format!("{{\"a\": {}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert!(Template::parse(&deep(126)).is_ok());
    assert!(rendered(&deep(127)).unwrap_err().contains("column 133: it nests deeper than 127 levels"));
    assert!(rendered(&deep(32_000)).unwrap_err().contains("nests deeper"));
    let long = format!("{{\"a\": \"{}\"}}", "é".repeat(MAX_TEMPLATE_BYTES));
    assert!(rendered(&long).unwrap_err().contains("line 1 column 32772: it has 131081 bytes"));
    let template = Template::parse(&format!("{{\"k\": [0{}]}}", ",{{ user.metadata }}".repeat(3000))).unwrap();
    let roots = json!({"user": {"metadata": {"x": "y".repeat(600)}}});
    assert!(template.render(&roots).unwrap_err().to_string().contains("`k` takes the room"));
}

fn expressions() -> impl Strategy<Value = Expression> {
    let path = prop_oneof![
        Just("user.id"),
        Just("user.metadata.ключ-1"),
        Just("organization.domains.0.domain"),
        Just("organization_membership.custom_attributes.x.0.y"),
    ];
    let alternative = prop_oneof![
        path.prop_map(|path| Alternative::Path(path.split('.').map(str::to_owned).collect())),
        "(\\PC|['\"{}|\\\\\n]){0,6}".prop_map(Alternative::Literal),
    ];
    prop::collection::vec(alternative, 1..4).prop_map(|alternatives| Expression { place: TextPlace::default(), alternatives })
}

fn nodes() -> impl Strategy<Value = Node> {
    let text = "(\\PC|[\"{}|\\\\\n\t]){1,6}";
    let pieces = prop::collection::vec(prop_oneof![text.prop_map(Piece::Text), expressions().prop_map(Piece::Value)], 0..4);
    let leaf = prop_oneof![
        Just(Node::Null),
        any::<bool>().prop_map(Node::Bool),
        any::<i64>().prop_map(|number| Node::Number(number.to_string())),
        Just(Node::Number("-0.50e+7".to_owned())),
        expressions().prop_map(Node::Value),
        pieces.prop_map(|pieces| Node::Text(joined(pieces))),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Node::Array),
            prop::collection::btree_map("\\PC{0,4}|[{\"\\\\]{1,3}", inner, 0..4)
                .prop_map(|members| Node::Object(members.into_iter().collect())),
        ]
    })
}

/// Texts beside each other are one.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (all.last_mut(), piece) {
            (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
            (_, piece) => all.push(piece),
        }
    }
    all
}

/// The template without the places, which printing moves.
fn placeless(node: &Node) -> Node {
    let bare = |expression: &Expression| Expression { place: TextPlace::default(), alternatives: expression.alternatives.clone() };
    match node {
        Node::Value(expression) => Node::Value(bare(expression)),
        Node::Text(pieces) => Node::Text(
            pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Value(expression) => Piece::Value(bare(expression)),
                    text => text.clone(),
                })
                .collect(),
        ),
        Node::Array(items) => Node::Array(items.iter().map(placeless).collect()),
        Node::Object(members) => Node::Object(members.iter().map(|(key, node)| (key.clone(), placeless(node))).collect()),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn printing_and_parsing_gives_the_same(node in nodes()) {
        let template = Template { members: vec![("key".to_owned(), node)] };
        let printed = template.to_string();
        let parsed = Template::parse(&printed).unwrap();
        prop_assert_eq!(parsed.to_string(), printed.clone());
        let again: Vec<_> = parsed.members.iter().map(|(key, node)| (key.clone(), placeless(node))).collect();
        prop_assert_eq!(again, template.members, "{}", printed);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(\\{\"a\":|\\{\\{|\\}\\}|\"|\\|\\||user|\\.|id|'|[{}\\[\\],:\\\\ 0-9eE+u-]|\\PC){0,24}") {
        let _ = rendered(&text);
        let _ = rendered(&format!("{{\"a\": {text}}}"));
        let _ = rendered(&format!("{{\"a\": \"{text}\"}}"));
    }

    #[test]
    fn no_value_adds_a_key_or_ends_a_string(value in "(\\PC|[\"\\\\{},:'\n\0]){0,12}", key in "\\PC{0,4}") {
        let roots = json!({"user": {"first_name": value, "metadata": {key: value.clone()}}});
        let text = r#"{"a": "<{{ user.first_name }}>", "b": {{ user.first_name }}, "c": [{{ user.metadata }}, "{{ user.first_name }}"]}"#;
        let members = Template::parse(text).unwrap();
        let members = members.render(&roots).unwrap();
        let whole = format!("{{{}}}", members.iter().map(|(key, json)| format!("\"{key}\":{json}")).collect::<Vec<_>>().join(","));
        let parsed: Map<String, Value> = serde_json::from_str(&whole).unwrap();
        prop_assert_eq!(parsed.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
        prop_assert_eq!(&parsed["a"], &json!(format!("<{value}>")));
        prop_assert_eq!(&parsed["b"], &json!(value.trim()));
        prop_assert_eq!(&parsed["c"], &json!([roots["user"]["metadata"], value.trim()]));
    }
}

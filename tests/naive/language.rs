//! The model printed as a JSON document and as the modelling language, and the language read back: the tests' own way with both.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::{Model, Restriction, Rule, Type};

impl fmt::Display for Restriction {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Restriction::One(kind) => write!(out, "{kind}"),
            Restriction::Every(kind) => write!(out, "{kind}:*"),
            Restriction::Userset(kind, relation) => write!(out, "{kind}#{relation}"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = |rule: &Rule| match rule {
            Rule::Or(_) | Rule::And(_) | Rule::ButNot(..) => format!("({rule})"),
            _ => rule.to_string(),
        };
        let joined = |rules: &[Rule], word: &str| rules.iter().map(within).collect::<Vec<_>>().join(word);
        match self {
            Rule::Direct(restrictions) => {
                write!(out, "[{}]", restrictions.iter().map(Restriction::to_string).collect::<Vec<_>>().join(", "))
            }
            Rule::Computed(relation) => write!(out, "{relation}"),
            Rule::From(relation, through) => write!(out, "{relation} from {through}"),
            Rule::Or(rules) => write!(out, "{}", joined(rules, " or ")),
            Rule::And(rules) => write!(out, "{}", joined(rules, " and ")),
            Rule::ButNot(base, less) => write!(out, "{} but not {}", within(base), within(less)),
        }
    }
}

const SUBJECT_TYPES: [&str; 4] = ["user", "group", "agent", "service"];

impl Model {
    pub fn json(&self) -> Value {
        let types: BTreeMap<&String, Value> = self
            .types
            .iter()
            .filter(|(kind, one)| !SUBJECT_TYPES.contains(&kind.as_str()) || !one.relations.is_empty())
            .map(|(kind, one)| {
                let relations: BTreeMap<&String, String> = one.relations.iter().map(|(name, rule)| (name, rule.to_string())).collect();
                let mut value = json!({});
                if !one.parents.is_empty() {
                    value["parents"] = json!(one.parents);
                }
                if !relations.is_empty() {
                    value["relations"] = json!(relations);
                }
                (kind, value)
            })
            .collect();
        let permissions: BTreeMap<&String, Value> = self
            .permissions
            .iter()
            .map(|(slug, (kind, relation))| {
                let mut value = json!({"resource_type": kind});
                if let Some(relation) = relation {
                    value["relation"] = json!(relation);
                }
                (slug, value)
            })
            .collect();
        let roles: BTreeMap<&String, Value> = self
            .roles
            .iter()
            .map(|(slug, (kind, permissions))| (slug, json!({"resource_type": kind, "permissions": permissions})))
            .collect();
        json!({"resource_types": types, "permissions": permissions, "roles": roles})
    }

    /// What the language can say: types and relations.
    pub fn text(&self) -> String {
        let mut text = "model\n  schema 1.1\n".to_owned();
        for (kind, one) in &self.types {
            text.push_str(&format!("type {kind}\n"));
            if !one.relations.is_empty() {
                text.push_str("  relations\n");
            }
            for (relation, rule) in &one.relations {
                text.push_str(&format!("    define {relation}: {rule}\n"));
            }
        }
        text
    }

    /// Reads the language, as far as tests write it: a definition a line.
    pub fn read(text: &str) -> Model {
        let mut model = Model::default();
        let mut kind = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix("type ") {
                kind = name.trim().to_owned();
                model.types.insert(kind.clone(), Type::default());
            } else if let Some((name, rule)) = line.strip_prefix("define ").and_then(|rest| rest.split_once(':')) {
                let words = words(rule);
                let mut words = words.iter().map(String::as_str).peekable();
                let rule = expression(&mut words);
                assert_eq!(words.next(), None, "{line}");
                model.types.get_mut(&kind).unwrap().relations.insert(name.trim().to_owned(), rule);
            } else {
                assert!(line.is_empty() || line.starts_with('#') || ["model", "schema 1.1", "relations"].contains(&line), "{line}");
            }
        }
        model
    }
}

fn words(rule: &str) -> Vec<String> {
    let mut spaced = String::new();
    for c in rule.chars() {
        match c {
            '[' | ']' | '(' | ')' | ',' => spaced.push_str(&format!(" {c} ")),
            _ => spaced.push(c),
        }
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

fn expression<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Rule {
    let mut rules = vec![operand(words)];
    let mut operator = "";
    while let Some(word) = words.next_if(|word| ["or", "and", "but"].contains(word)) {
        assert!(operator.is_empty() || (operator == word && word != "but"), "mixed operators");
        operator = word;
        if word == "but" {
            assert_eq!(words.next(), Some("not"));
        }
        rules.push(operand(words));
    }
    match operator {
        "or" => Rule::Or(rules),
        "and" => Rule::And(rules),
        "but" => {
            let less = rules.pop().unwrap();
            Rule::ButNot(Box::new(rules.pop().unwrap()), Box::new(less))
        }
        _ => rules.pop().unwrap(),
    }
}

fn operand<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Rule {
    match words.next().unwrap() {
        "(" => {
            let rule = expression(words);
            assert_eq!(words.next(), Some(")"));
            rule
        }
        "[" => {
            let mut restrictions = Vec::new();
            loop {
                match words.next().unwrap() {
                    "]" => return Rule::Direct(restrictions),
                    "," => {}
                    one => restrictions.push(match (one.split_once('#'), one.strip_suffix(":*")) {
                        (Some((kind, relation)), _) => Restriction::Userset(kind.to_owned(), relation.to_owned()),
                        (None, Some(kind)) => Restriction::Every(kind.to_owned()),
                        (None, None) => Restriction::One(one.to_owned()),
                    }),
                }
            }
        }
        relation => match words.next_if(|word| *word == "from") {
            Some(_) => Rule::From(relation.to_owned(), words.next().unwrap().to_owned()),
            None => Rule::Computed(relation.to_owned()),
        },
    }
}

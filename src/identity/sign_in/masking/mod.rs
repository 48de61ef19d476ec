//! What is secret in a request, a response or a message, masked before anybody stores it: assertions, codes, tokens, passwords, cookies.
//!
//! A secret is known by its name, at any depth and in any case: as a key of JSON, a parameter of a URL or a form, a header, an element of
//! XML, a field of an HTML form, a word of a sentence; or by its form, wherever it stands. What is written within something else is read as
//! it was meant: percent-encoded, with entities, in base64. What is opened too often to be looked through is masked whole.
//!
//! | file | |
//! |---|---|
//! | `names.rs` | which names are those of secrets |
//! | `forms.rs` | which words are secrets by what they look like |
//! | `layers.rs` | what is written within something else |
//! | `markup.rs`, `pairs.rs`, `sentence.rs` | where names and their values stand in a text |

mod forms;
mod layers;
mod markup;
mod names;
mod pairs;
mod sentence;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use self::names::{MASK, NAMED, NAMING, is_one_of, is_secret};

/// How often an encoded text within a text is opened.
const DEEPEST: usize = 4;

/// A value with everything secret in it masked.
pub(crate) fn masked(value: Value) -> Value {
    json(value, DEEPEST)
}

/// A text with everything secret in it masked.
pub(crate) fn masked_text(given: &str) -> String {
    text(given, DEEPEST)
}

fn json(value: Value, depth: usize) -> Value {
    match value {
        Value::Object(fields) => {
            let names_secret = fields.iter().any(|(key, value)| is_one_of(&NAMING, key) && value.as_str().is_some_and(is_secret));
            let field = |(key, value): (String, Value)| {
                let hides = is_secret(&key) || names_secret && is_one_of(&NAMED, &key);
                // What is only true or false tells nothing.
                let value = if hides && !value.is_null() && !value.is_boolean() { MASK.into() } else { json(value, depth) };
                (text(&key, depth), value)
            };
            Value::Object(fields.into_iter().map(field).collect::<Map<_, _>>())
        }
        Value::Array(items) => array(items, depth),
        Value::String(given) => Value::String(text(&given, depth)),
        other => other,
    }
}

/// A list; or a header or parameter as a pair, or many of them one after the other.
fn array(items: Vec<Value>, depth: usize) -> Value {
    let names = |at: usize| items.get(at).and_then(Value::as_str).is_some_and(is_secret);
    let is_word = |value: &Value| value.as_str().is_some_and(|text| text.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
    let hides = |at: usize, value: &Value| {
        at % 2 == 1 && items.len().is_multiple_of(2) && !value.is_null() && names(at - 1) && (items.len() == 2 || !is_word(value))
    };
    let hidden: Vec<bool> = items.iter().enumerate().map(|(at, value)| hides(at, value)).collect();
    let mask = |(value, hides): (Value, bool)| if hides { MASK.into() } else { json(value, depth) };
    Value::Array(items.into_iter().zip(hidden).map(mask).collect())
}

/// A text with everything secret in it masked. `depth` is how many layers may still be opened.
fn text(given: &str, depth: usize) -> String {
    if given.is_empty() {
        return String::new();
    }
    let Some(deeper) = depth.checked_sub(1) else { return MASK.to_owned() };
    if given.trim_start().starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str::<Value>(given)
    {
        return json(value, deeper).to_string();
    }
    let opened = |text: &str| self::text(text, deeper);
    let seen = pairs::masked(&markup::masked(given), |value| layers::percent(value).is_some_and(|inner| hides(&inner, &opened(&inner))));
    let seen = sentence::masked(&forms::masked(&seen));
    let seen = words(&seen, |word| {
        let inner = layers::percent(word).into_iter().chain(layers::base64(word));
        inner.into_iter().any(|inner| hides(&inner, &opened(&inner)))
    });
    match layers::escapes(&seen) {
        Some(plain) => {
            let masked = opened(&plain);
            if hides(&plain, &masked) { masked } else { seen }
        }
        None => seen,
    }
}

/// Whether something in a text was masked.
fn hides(text: &str, masked: &str) -> bool {
    masked.matches(MASK).count() > text.matches(MASK).count()
}

/// Masks each word of a text that holds a secret in another writing. Words of a query are looked at one by one.
fn words(given: &str, holds: impl Fn(&str) -> bool) -> String {
    let mut kept = String::with_capacity(given.len());
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | ',' | ';' | '&' | '=' | '(' | ')' | '{' | '}');
    for word in given.split_inclusive(ends) {
        let bare = word.trim_end_matches(ends);
        let tail = word.get(bare.len()..).unwrap_or_default();
        kept.push_str(if holds(bare) { MASK } else { bare });
        kept.push_str(tail);
    }
    kept
}

//! Names of attributes: `userName`, `name.givenName`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`; and what
//! stands in an object under one.

use serde_json::{Map, Value};

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// An attribute, or a part of one. Upper and lower case do not matter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Name {
    /// The URN of an extension; none for the core schema
    pub(crate) extension: Option<String>,
    /// Empty where the whole extension is meant
    pub(crate) attribute: String,
    pub(crate) part: Option<String>,
}

impl Name {
    /// Reads a name; `None` for what is none.
    pub(crate) fn read(text: &str) -> Option<Name> {
        let text = text.trim();
        let (extension, rest) = match is_urn(text) {
            false => (None, text),
            true => split_urn(text)?,
        };
        let extension = extension.map(str::to_owned);
        if rest.is_empty() {
            return extension.map(|extension| Name { extension: Some(extension), attribute: String::new(), part: None });
        }
        let (attribute, part) = match rest.split_once('.') {
            Some((attribute, part)) => (attribute, Some(part)),
            None => (rest, None),
        };
        let is_name = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$' || c == '_')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$'))
        };
        (is_name(attribute) && part.is_none_or(is_name)).then(|| Name {
            extension,
            attribute: attribute.to_owned(),
            part: part.map(str::to_owned),
        })
    }

    /// Whether it is that attribute of the core schema.
    pub(crate) fn is(&self, attribute: &str) -> bool {
        self.extension.is_none() && self.attribute.eq_ignore_ascii_case(attribute)
    }

    /// Whether it stands for the attribute itself, or for the `value` of a complex one, which counts as that.
    pub(crate) fn is_value(&self) -> bool {
        self.part.as_deref().is_none_or(|part| part.eq_ignore_ascii_case("value"))
    }
}

fn is_urn(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}

/// The extension and what is named in it. The URN of a core schema says nothing more than none does.
fn split_urn(text: &str) -> Option<(Option<&str>, &str)> {
    let after = |schema: &str| {
        let (start, rest) = (text.get(..schema.len())?, text.get(schema.len()..)?);
        match start.eq_ignore_ascii_case(schema) {
            true if rest.is_empty() => Some(rest),
            true => rest.strip_prefix(':'),
            false => None,
        }
    };
    if let Some(rest) = after(USER).or_else(|| after(GROUP)) {
        return (!rest.is_empty()).then_some((None, rest));
    }
    if let Some(rest) = after(ENTERPRISE) {
        return Some((Some(ENTERPRISE), rest));
    }
    // In a URN a full stop belongs to a version, so the last colon before the attribute is the last one of all.
    let (extension, rest) = text.rsplit_once(':')?;
    (is_urn(extension) && !rest.is_empty()).then_some((Some(extension), rest))
}

/// The key that stands in an object for a name, in whatever case.
pub(crate) fn key_of(object: &Map<String, Value>, name: &str) -> Option<String> {
    if object.contains_key(name) {
        return Some(name.to_owned());
    }
    object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned()
}

/// What stands in an object under a name, in whatever case.
pub(crate) fn get<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

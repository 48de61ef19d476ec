//! Names of attributes and paths to values: `userName`, `name.givenName`, `emails[type eq "work"].value`,
//! `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`.

use serde_json::{Map, Value};

use super::filter::Filter;
use super::schemas::{ENTERPRISE, GROUP, USER};

/// An attribute, or a part of one. Upper and lower case do not matter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Name {
    /// The URN of an extension; none for the core schema
    pub(super) extension: Option<String>,
    /// Empty where the whole extension is meant
    pub(super) attribute: String,
    pub(super) part: Option<String>,
}

/// A value, or several: what an operation of a PATCH works on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    pub(super) name: Name,
    /// Which values of a list
    pub(super) filter: Option<Filter>,
}

impl Name {
    /// Reads a name; `None` for what is none.
    pub(super) fn read(text: &str) -> Option<Name> {
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
    pub(super) fn is(&self, attribute: &str) -> bool {
        self.extension.is_none() && self.attribute.eq_ignore_ascii_case(attribute)
    }

    /// Whether it stands for the attribute itself, or for the `value` of a complex one, which counts as that.
    pub(super) fn is_value(&self) -> bool {
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

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it, as half a sentence.
    pub(super) fn read(text: &str) -> Result<Path, String> {
        let text = text.trim();
        let wrong = || "is no path such as `userName` or `emails[type eq \"work\"].value`".to_owned();
        let Some((before, rest)) = text.split_once('[') else {
            return Ok(Path { name: Name::read(text).ok_or_else(wrong)?, filter: None });
        };
        let (filter, after) = rest.rsplit_once(']').ok_or_else(wrong)?;
        let mut name = Name::read(before).ok_or_else(wrong)?;
        if name.part.is_some() || name.attribute.is_empty() {
            return Err(wrong());
        }
        match after.strip_prefix('.') {
            Some(part) => {
                name.part = Name::read(part).filter(|part| part.extension.is_none() && part.part.is_none()).map(|part| part.attribute)
            }
            None if after.is_empty() => {}
            None => return Err(wrong()),
        }
        if !after.is_empty() && name.part.is_none() {
            return Err(wrong());
        }
        Ok(Path { name, filter: Some(Filter::read(filter)?) })
    }
}

/// The key that stands in an object for a name, in whatever case.
pub(super) fn key_of(object: &Map<String, Value>, name: &str) -> Option<String> {
    if object.contains_key(name) {
        return Some(name.to_owned());
    }
    object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned()
}

/// What stands in an object under a name, in whatever case.
pub(super) fn get<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

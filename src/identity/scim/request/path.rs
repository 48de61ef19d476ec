//! Paths to values: a name, or `emails[type eq "work"].value`.

use super::filter::Filter;
use super::name::Name;

/// A value, or several: what an operation of a PATCH works on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    pub(crate) name: Name,
    /// Which values of a list
    pub(crate) filter: Option<Filter>,
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it, as half a sentence.
    pub(crate) fn read(text: &str) -> Result<Path, String> {
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

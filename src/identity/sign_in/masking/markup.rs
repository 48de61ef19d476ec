//! Elements of XML and fields of HTML forms that hold a secret, and parts of a form that was sent in several parts.

use super::names::{MASK, NAMED, NAMING, is_one_of, is_secret};

/// A text without what such elements and parts hold.
pub(super) fn masked(given: &str) -> String {
    parts(&elements(given))
}

/// Elements of HTML that have neither content nor an end.
const EMPTY: [&str; 6] = ["br", "hr", "img", "input", "link", "meta"];

/// A tag: its name, and its attributes with the place of each value.
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str, usize)>,
    closes_itself: bool,
    /// How long it is, the angle brackets left out
    length: usize,
}

impl Tag<'_> {
    /// Reads what stands behind `<`.
    fn read(inside: &str) -> Tag<'_> {
        let name_end = inside.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '<')).unwrap_or(inside.len());
        let mut tag =
            Tag { name: inside.get(..name_end).unwrap_or_default(), attributes: Vec::new(), closes_itself: false, length: name_end };
        if tag.name.is_empty() || tag.name.starts_with(['!', '?']) {
            return tag;
        }
        loop {
            let rest = inside.get(tag.length..).unwrap_or_default();
            let start = rest.len() - rest.trim_start().len();
            let rest = rest.trim_start();
            tag.length += start;
            let Some(first) = rest.chars().next() else { return tag };
            if matches!(first, '<' | '>') {
                return tag;
            }
            tag.closes_itself = first == '/';
            let attribute_end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '<' | '>' | '/')).unwrap_or(rest.len()).max(1);
            let attribute = rest.get(..attribute_end).unwrap_or_default();
            if attribute.is_empty() {
                return tag;
            }
            tag.length += attribute_end;
            let rest = rest.get(attribute_end..).unwrap_or_default();
            let Some(after) = rest.trim_start().strip_prefix('=') else { continue };
            let value = after.trim_start();
            tag.length += rest.len() - value.len();
            let (from, end) = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => (1, value.get(1..).and_then(|value| value.find(quote)).map_or(value.len(), |end| end + 1)),
                _ => (0, value.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>')).unwrap_or(value.len())),
            };
            tag.attributes.push((attribute, value.get(from..end).unwrap_or_default(), tag.length + from));
            tag.length += (end + from).min(value.len());
        }
    }

    fn local(name: &str) -> &str {
        name.rsplit(':').next().unwrap_or_default()
    }

    /// Whether the name of the element, or an attribute that names it, says that it holds a secret.
    fn is_named_secret(&self) -> bool {
        let names = |(name, value, _): &(&str, &str, usize)| is_one_of(&NAMING, Tag::local(name)) && is_secret(value);
        is_secret(Tag::local(self.name)) || self.attributes.iter().any(names)
    }
}

fn elements(given: &str) -> String {
    let mut kept = String::with_capacity(given.len());
    let mut rest = given;
    while let Some(at) = rest.find('<') {
        let (before, element) = rest.split_at(at);
        kept.push_str(before);
        kept.push('<');
        let inside = element.get(1..).unwrap_or_default();
        let tag = Tag::read(inside);
        if tag.name.is_empty() || tag.name.starts_with('/') || !tag.is_named_secret() {
            rest = inside;
            continue;
        }
        // Its attributes as they are, but for those that hold the value.
        let is_known_by_name = is_secret(Tag::local(tag.name));
        let mut from = 0;
        for (name, value, at) in &tag.attributes {
            let holds = is_one_of(&NAMED, name) || is_known_by_name && !name.starts_with("xmlns") && !is_one_of(&NAMING, name);
            if holds && !value.is_empty() {
                kept.push_str(inside.get(from..*at).unwrap_or_default());
                kept.push_str(MASK);
                from = at + value.len();
            }
        }
        kept.push_str(inside.get(from..tag.length).unwrap_or_default());
        let behind = inside.get(tag.length..).unwrap_or_default();
        let has_content = !tag.closes_itself && !is_one_of(&EMPTY, tag.name);
        let Some(content) = behind.strip_prefix('>').filter(|_| has_content) else {
            rest = behind;
            continue;
        };
        kept.push('>');
        rest = match end_of(content, tag.name) {
            Some(end) => {
                kept.push_str(if end == 0 { "" } else { MASK });
                content.get(end..).unwrap_or_default()
            }
            None => {
                kept.push_str(MASK);
                ""
            }
        };
    }
    kept.push_str(rest);
    kept
}

/// Where the content of an element ends, elements of the same name within it counted.
fn end_of(content: &str, name: &str) -> Option<usize> {
    let (mut open, mut from) = (1_u32, 0);
    while let Some(at) = content.get(from..)?.find('<') {
        from += at + 1;
        let inside = content.get(from..)?;
        if let Some(end_tag) = inside.strip_prefix('/') {
            open -= u32::from(Tag::read(end_tag).name.eq_ignore_ascii_case(name));
            if open == 0 {
                return Some(from - 1);
            }
            continue;
        }
        let tag = Tag::read(inside);
        open += u32::from(tag.name.eq_ignore_ascii_case(name) && !tag.closes_itself);
    }
    None
}

/// How long the head of a part may be, in bytes.
const LONGEST_HEAD: usize = 1_000;

/// Parts of `multipart/form-data` whose name is that of a secret: their content up to the next boundary.
fn parts(given: &str) -> String {
    let mut kept = String::with_capacity(given.len());
    let mut rest = given;
    while let Some(at) = rest.find("form-data") {
        let (before, after) = rest.split_at(at + "form-data".len());
        kept.push_str(before);
        let near = after.get(..after.floor_char_boundary(LONGEST_HEAD)).unwrap_or(after);
        let head_end = ["\r\n\r\n", "\n\n"].iter().filter_map(|blank| near.find(blank).map(|at| at + blank.len())).min();
        let head = near.get(..head_end.unwrap_or(near.len())).unwrap_or_default();
        let name = head.split_once("name=").map(|(_, name)| name.trim_start_matches(['"', '\'']));
        let name = name.and_then(|name| name.split(['"', '\'', ';', '\r', '\n']).next()).unwrap_or_default();
        if !is_secret(name) {
            rest = after;
            continue;
        }
        kept.push_str(head);
        let content = after.get(head.len()..).unwrap_or_default();
        let end = ["\r\n--", "\n--"].iter().filter_map(|boundary| content.find(boundary)).min().unwrap_or(content.len());
        kept.push_str(if end == 0 { "" } else { MASK });
        rest = content.get(end..).unwrap_or_default();
    }
    kept.push_str(rest);
    kept
}

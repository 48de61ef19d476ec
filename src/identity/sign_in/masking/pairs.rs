//! Values that stand behind their name and a sign: `name=value` and `name: value`, in URLs, forms, headers and JSON that is not whole.

use super::layers;
use super::names::{MASK, NAMED, NAMING, ends_with_secret, is_one_of, is_secret};

/// Schemes that stand before what is secret in a header.
pub(super) const SCHEMES: [&str; 9] = ["apikey", "basic", "bearer", "digest", "dpop", "negotiate", "ntlm", "ssws", "token"];

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '%' | '[' | ']')
}

/// A name and its sign, and where what stands behind it begins.
struct Pair<'a> {
    name: String,
    /// Whether the name, or the words in front of it together with it, is that of a secret.
    is_secret: bool,
    sign: char,
    /// What stands between the sign and the value
    space: &'a str,
    value: &'a str,
    /// The quotation mark that the value is in, and how many backslashes are in front of it
    quote: Option<(char, usize)>,
}

impl<'a> Pair<'a> {
    fn read(before: &str, sign: char, after: &'a str) -> Pair<'a> {
        let unquoted = before.trim_end().trim_end_matches(['"', '\'', '`', '\\', ']', ')']);
        let written = unquoted.rsplit(|c| !is_name(c)).next().unwrap_or_default();
        let mut name = written.to_owned();
        while let Some(decoded) = layers::percent(&name) {
            name = decoded;
        }
        // A header or a key; in running text a code is more often that of an error.
        let lead = unquoted.strip_suffix(written).unwrap_or_default();
        let is_prose = sign == ':' && !lead.is_empty() && !lead.ends_with(['\r', '\n', '"', '\'', '`', '{', ',', '&', '?', '\\']);
        let is_secret = ends_with_secret(unquoted) || is_secret(&name) && !(is_prose && name.eq_ignore_ascii_case("code"));
        let start = after.len() - after.trim_start_matches([' ', '\t', '=', '>']).len();
        let quoted = after.get(start..).unwrap_or_default();
        let slashes = quoted.bytes().take_while(|byte| *byte == b'\\').count();
        let mark = quoted.get(slashes..).and_then(|text| text.chars().next()).filter(|c| matches!(c, '"' | '\'' | '`'));
        let start = start + mark.map_or(0, |_| slashes + 1);
        let (space, value) = after.split_at_checked(start).unwrap_or((after, ""));
        Pair { name, is_secret, sign, space, value, quote: mark.map(|mark| (mark, slashes)) }
    }

    /// Where the value ends that is a secret: too late rather than too early.
    fn end_of_secret(&self) -> usize {
        if let Some((mark, slashes)) = self.quote {
            return end_of_quoted(self.value, mark, slashes);
        }
        match self.sign {
            ':' => end_of_lines(self.value),
            _ => end_of_plain(self.value),
        }
    }

    /// Where the value ends that may be looked at.
    fn end(&self) -> usize {
        match self.quote {
            Some((mark, slashes)) => end_of_quoted(self.value, mark, slashes),
            None => {
                let ends = |c: char| c.is_whitespace() || matches!(c, '&' | '#' | ';' | ',' | '"' | '\'' | '<' | '>' | '}' | '=');
                self.value.find(ends).unwrap_or(self.value.len())
            }
        }
    }
}

/// The quotation mark that ends a value has no more backslashes in front of it than the one that began it.
fn end_of_quoted(value: &str, mark: char, slashes: usize) -> usize {
    let before = |at: usize| value.get(..at).unwrap_or_default().bytes().rev().take_while(|byte| *byte == b'\\').count();
    value.match_indices(mark).map(|(at, _)| at).find(|at| before(*at) <= slashes).map_or(value.len(), |at| at - before(at))
}

/// A header goes on in lines that begin with a space. A value may stand in the line below its name.
fn end_of_lines(value: &str) -> usize {
    let mut from = 0;
    if value.trim_start_matches([' ', '\t']).starts_with(['\r', '\n']) {
        let below = value.trim_start();
        let is_block = !below.lines().next().unwrap_or_default().contains([':', '=']);
        from = if is_block { value.len() - below.len() } else { 0 };
    }
    while let Some(at) = value.get(from..).and_then(|rest| rest.find(['\r', '\n'])) {
        let end = from + at;
        let next = value.get(end..).unwrap_or_default();
        let next = next.strip_prefix("\r\n").or_else(|| next.get(1..)).unwrap_or_default();
        if !next.starts_with([' ', '\t']) {
            return end;
        }
        from = value.len() - next.len();
    }
    value.len()
}

/// A parameter ends where another begins. Signs that may be a part of it end it only where they lead to one.
fn end_of_plain(value: &str) -> usize {
    let mut from = 0;
    let first = value.get(..value.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(value.len())).unwrap_or_default();
    // `Authorization=Bearer …`: the scheme is not the secret.
    let after = value.get(first.len()..).unwrap_or_default();
    if is_one_of(&SCHEMES, first) && after.starts_with([' ', '\t']) {
        from = value.len() - after.trim_start_matches([' ', '\t']).len();
    }
    while let Some((at, sign)) = value.get(from..).and_then(|rest| rest.char_indices().find(|(_, c)| ends_plain(*c))) {
        let end = from + at;
        let next = value.get(end + sign.len_utf8()..).unwrap_or_default();
        let is_end = match sign {
            ',' | ';' | '#' => {
                let next = next.trim_start_matches([' ', '\t']);
                let name = next.find(|c| !is_name(c)).unwrap_or(next.len());
                next.is_empty() || name > 0 && next.get(name..).is_some_and(|rest| rest.starts_with(['=', ':']))
            }
            '"' | '\'' => !next.starts_with(char::is_alphanumeric),
            '<' => next.starts_with(|c: char| c == '/' || c == '!' || c.is_ascii_alphabetic()),
            _ => true,
        };
        if is_end {
            return end;
        }
        from = end + sign.len_utf8();
    }
    value.len()
}

fn ends_plain(c: char) -> bool {
    c.is_whitespace() || matches!(c, '&' | '#' | ';' | ',' | '"' | '\'' | '<')
}

/// A text without the values of secrets. `holds` says of an encoded value whether there is a secret in it.
pub(super) fn masked(given: &str, holds: impl Fn(&str) -> bool) -> String {
    let mut kept = String::with_capacity(given.len());
    let mut rest = given;
    // `name="SAMLResponse" value="…"`
    let mut is_field = false;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, from) = rest.split_at(at);
        let sign = if from.starts_with('=') { '=' } else { ':' };
        let after = from.get(1..).unwrap_or_default();
        kept.push_str(before);
        kept.push(sign);
        if before.is_empty() {
            rest = after;
            continue;
        }
        let pair = Pair::read(before, sign, after);
        let is_naming = is_one_of(&NAMING, &pair.name);
        let is_value = is_one_of(&NAMED, &pair.name);
        rest = after;
        if pair.is_secret || is_field && is_value {
            let end = pair.end_of_secret();
            is_field = false;
            let value = pair.value.get(..end).unwrap_or_default();
            if !value.trim().is_empty() && !is_constant(value) {
                kept.push_str(pair.space);
                kept.push_str(MASK);
                rest = pair.value.get(end..).unwrap_or_default();
            }
            continue;
        }
        // A line is looked through to its end only where it will be masked, for there may be many colons in it.
        if sign == ':' && pair.quote.is_none() {
            continue;
        }
        if is_naming || sign == '=' {
            let value = pair.value.get(..pair.end()).unwrap_or_default();
            is_field = is_naming && is_secret(value) || is_field && !is_value;
            // A URL within a URL.
            if sign == '=' && value.contains('%') && holds(value) {
                kept.push_str(pair.space);
                kept.push_str(MASK);
                rest = pair.value.get(value.len()..).unwrap_or_default();
            }
        }
    }
    kept.push_str(rest);
    kept
}

/// What tells nothing, and stands where a secret may.
fn is_constant(value: &str) -> bool {
    let value = value.trim_end_matches(['}', ']', ')', ' ']);
    value == MASK || is_one_of(&["null", "true", "false", "none", "undefined"], value)
}

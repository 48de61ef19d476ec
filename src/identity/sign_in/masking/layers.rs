//! What is written within something else, and so written otherwise: percent-encoded, with entities, with backslashes, in base64.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;

/// A text that is percent-encoded, as it was before; `None` where nothing is encoded.
pub(super) fn percent(given: &str) -> Option<String> {
    let decoded = percent_decode_str(given).decode_utf8_lossy();
    (decoded != given).then(|| decoded.into_owned())
}

/// A text without the entities of XML and the backslashes of JSON and JavaScript; `None` where it has none.
pub(super) fn escapes(given: &str) -> Option<String> {
    let mut plain = String::with_capacity(given.len());
    let mut rest = given;
    let mut any = false;
    while let Some(at) = rest.find(['&', '\\']) {
        let (before, escape) = rest.split_at(at);
        plain.push_str(before);
        match entity(escape).or_else(|| backslash(escape)) {
            Some((c, length)) => {
                any = true;
                plain.push(c);
                rest = escape.get(length..).unwrap_or_default();
            }
            None => {
                plain.push_str(escape.get(..1).unwrap_or_default());
                rest = escape.get(1..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    any.then_some(plain)
}

/// The character that an entity at the beginning stands for, and how long it is written.
fn entity(text: &str) -> Option<(char, usize)> {
    let (name, _) =
        text.get(1..)?.char_indices().take(10).find(|(_, c)| *c == ';').and_then(|(end, _)| text.get(1..)?.split_at_checked(end))?;
    if !text.starts_with('&') {
        return None;
    }
    let c = match name.to_ascii_lowercase().as_str() {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "equals" => '=',
        "colon" => ':',
        "sol" => '/',
        "commat" => '@',
        "newline" => '\n',
        number => {
            let digits = number.strip_prefix('#')?;
            let code = match digits.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((c, name.len() + 2))
}

/// The character that a backslash and what follows stand for.
fn backslash(text: &str) -> Option<(char, usize)> {
    let mut after = text.strip_prefix('\\')?.chars();
    match after.next()? {
        c @ ('/' | '"' | '\'' | '\\') => Some((c, 2)),
        'n' => Some(('\n', 2)),
        'r' => Some(('\r', 2)),
        't' => Some(('\t', 2)),
        c @ ('u' | 'x') => {
            let length = if c == 'u' { 4 } else { 2 };
            let digits = after.as_str().get(..length)?;
            Some((u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?, length + 2))
        }
        _ => None,
    }
}

/// The shortest word that is tried as base64.
const SHORTEST: usize = 16;

/// Markup or JSON that a word is in base64, cut off at the end or not.
pub(super) fn base64(word: &str) -> Option<String> {
    let word = word.trim_end_matches('=');
    if word.len() < SHORTEST || !word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')) {
        return None;
    }
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true);
    let alphabet = if word.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    let whole = word.get(..word.len() - word.len() % 4).filter(|_| word.len() % 4 == 1).unwrap_or(word);
    let bytes = GeneralPurpose::new(alphabet, config).decode(whole).ok()?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        // The last character may be cut in two.
        Err(error) if error.utf8_error().error_len().is_none() => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        Err(_) => return None,
    };
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['<', '{', '[']).then_some(text)
}

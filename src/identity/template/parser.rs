//! Reading a template: its text, character by character, with the place of what is wrong.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use super::shapes::{RESERVED, Shape, shape_of};
use super::tree::{Alternative, Expression, Node, Piece, Template, TextPlace};
use crate::base::refusal::{Refusal, Result, shown};

/// The most bytes a template may have.
pub(super) const MAX_TEMPLATE_BYTES: usize = 65_536;

/// How deep objects and arrays may nest.
const MAX_DEPTH: usize = 127;

/// A text that is being read.
pub(super) struct Parser<'a> {
    text: &'a str,
    /// The byte that comes next
    at: usize,
    counted: Cell<(usize, TextPlace)>,
}

const START: TextPlace = TextPlace { line: 1, column: 1 };

impl<'a> Parser<'a> {
    pub(super) fn of(text: &'a str) -> Parser<'a> {
        Parser { text, at: 0, counted: Cell::new((0, START)) }
    }

    /// The whole text as a template.
    pub(super) fn template(mut self) -> Result<Template> {
        if self.text.len() > MAX_TEMPLATE_BYTES {
            let cut = (0..=MAX_TEMPLATE_BYTES).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or_default();
            return Err(self.place(cut).refused(format!("it has {} bytes, and may have {MAX_TEMPLATE_BYTES}", self.text.len())));
        }
        self.space();
        let start = self.at;
        if !self.next_is("{") || self.next_is("{{") {
            return Err(self.refused("a template is a JSON object with at least one key"));
        }
        let members = self.object(0)?;
        self.space();
        if self.at < self.text.len() {
            return Err(self.refused("nothing may follow the object that is the template"));
        }
        match members.is_empty() {
            true => Err(self.place(start).refused("a template has at least one key, and this one has none")),
            false => Ok(Template { members }),
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next_is(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    fn take(&mut self, text: &str) -> bool {
        let is_next = self.next_is(text);
        if is_next {
            self.at += text.len();
        }
        is_next
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    /// The place of a byte, counted on from the last one that was asked for.
    fn place(&self, at: usize) -> TextPlace {
        let (from, mut place) = Some(self.counted.get()).filter(|(from, _)| *from <= at).unwrap_or((0, START));
        for character in self.text.get(from..at).unwrap_or_default().chars() {
            place = match character {
                '\n' => TextPlace { line: place.line + 1, column: 1 },
                _ => TextPlace { column: place.column + 1, ..place },
            };
        }
        self.counted.set((at, place));
        place
    }

    fn refused(&self, sentence: impl fmt::Display) -> Refusal {
        self.place(self.at).refused(sentence)
    }

    /// The refusal of what comes next, where `wanted` should.
    fn unexpected(&self, wanted: &str) -> Refusal {
        match self.peek() {
            Some(character) => self.refused(format!("here stands `{}`, and must be {wanted}", character.escape_debug())),
            None => self.refused(format!("here the template ends, and must go on with {wanted}")),
        }
    }

    fn node(&mut self, depth: usize) -> Result<Node> {
        self.space();
        match self.peek() {
            Some('{') if self.next_is("{{") => Ok(Node::Value(self.expression(false)?)),
            Some('{') => Ok(Node::Object(self.object(depth)?)),
            Some('[') => self.array(depth),
            Some('"') => self.string(),
            Some('-' | '0'..='9') => self.number(),
            _ if self.take("null") => Ok(Node::Null),
            _ if self.take("true") => Ok(Node::Bool(true)),
            _ if self.take("false") => Ok(Node::Bool(false)),
            _ => Err(self.unexpected("a JSON value or `{{`")),
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize> {
        match depth {
            MAX_DEPTH.. => Err(self.refused(format!("it nests deeper than {MAX_DEPTH} levels"))),
            _ => Ok(depth + 1),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Vec<(String, Node)>> {
        let below = self.deeper(depth)?;
        self.take("{");
        let mut members: Vec<(String, Node)> = Vec::new();
        let mut names = HashSet::new();
        self.space();
        if self.take("}") {
            return Ok(members);
        }
        loop {
            self.space();
            let start = self.at;
            let key = self.key()?;
            if depth == 0 && RESERVED.contains(&key.as_str()) {
                return Err(self.place(start).refused(format!("the key `{key}` is reserved; choose another")));
            }
            if !names.insert(key.clone()) {
                return Err(self.place(start).refused(format!("the key `{}` is given twice", shown(&key.escape_debug().to_string()))));
            }
            self.space();
            if !self.take(":") {
                return Err(self.unexpected("`:`"));
            }
            members.push((key, self.node(below)?));
            self.space();
            if self.take("}") {
                return Ok(members);
            }
            if !self.take(",") {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
    }

    fn key(&mut self) -> Result<String> {
        if !self.next_is("\"") {
            return Err(self.unexpected("a key in quotation marks"));
        }
        let start = self.at;
        match self.string()? {
            Node::Text(pieces) => match pieces.as_slice() {
                [] => Ok(String::new()),
                [Piece::Text(key)] => Ok(key.clone()),
                _ => Err(self.place(start).refused("a key is a text, and this one has an expression in it")),
            },
            _ => Err(self.place(start).refused("a key is a text")),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Node> {
        let below = self.deeper(depth)?;
        self.take("[");
        let mut items = Vec::new();
        self.space();
        if self.take("]") {
            return Ok(Node::Array(items));
        }
        loop {
            items.push(self.node(below)?);
            self.space();
            if self.take("]") {
                return Ok(Node::Array(items));
            }
            if !self.take(",") {
                return Err(self.unexpected("`,` or `]`"));
            }
        }
    }

    fn number(&mut self) -> Result<Node> {
        let rest = self.rest();
        let end = rest.find(|character: char| !matches!(character, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        let written = rest.get(..end).unwrap_or_default();
        // A number too large for every parser is one all the same; its form alone is looked at.
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (mantissa, exponent) = match written.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
            None => (written, "0"),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let whole = whole.strip_prefix('-').unwrap_or(whole);
        let is_whole = digits(whole) && (whole.len() == 1 || !whole.starts_with('0'));
        if !is_whole || !digits(fraction) || !digits(exponent) {
            return Err(self.refused(format!("`{}` is no number", shown(written))));
        }
        self.at += end;
        Ok(Node::Number(written.to_owned()))
    }

    fn string(&mut self) -> Result<Node> {
        let start = self.at;
        self.take("\"");
        let mut pieces = Vec::new();
        let mut text = String::new();
        loop {
            if self.next_is("{{") {
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                pieces.push(Piece::Value(self.expression(true)?));
                continue;
            }
            match self.peek() {
                None => return Err(self.place(start).refused("a string begins here and never ends; write `\"` behind it")),
                Some('"') => {
                    self.at += 1;
                    if !text.is_empty() {
                        pieces.push(Piece::Text(text));
                    }
                    return Ok(Node::Text(pieces));
                }
                Some('\\') => text.push(self.escape()?),
                Some(character) if character < ' ' => return Err(self.unexpected("an escape such as `\\n`")),
                Some(character) => {
                    self.at += character.len_utf8();
                    text.push(character);
                }
            }
        }
    }

    /// What an escape of JSON stands for, and `\'` besides.
    fn escape(&mut self) -> Result<char> {
        let start = self.at;
        self.at += 1;
        let character = self.peek();
        self.at += character.map_or(0, char::len_utf8);
        Ok(match character {
            Some(plain @ ('"' | '\\' | '/' | '\'')) => plain,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let first = self.unit();
                let code = match first {
                    // The first half of a character beyond U+FFFF; the second has to follow.
                    Some(high @ 0xd800..=0xdbff) if self.take("\\u") => match self.unit() {
                        Some(low @ 0xdc00..=0xdfff) => Some(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)),
                        _ => None,
                    },
                    other => other,
                };
                let character = code.and_then(char::from_u32);
                character.ok_or_else(|| self.place(start).refused("the escape stands for no character; write four hexadecimal digits"))?
            }
            _ => return Err(self.place(start).refused("JSON has no such escape; write `\\\\` for a backslash")),
        })
    }

    fn unit(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn expression(&mut self, in_text: bool) -> Result<Expression> {
        let start = self.at;
        let place = self.place(start);
        self.take("{{");
        let mut alternatives = Vec::new();
        loop {
            self.space();
            let is_end = |parser: &Self| parser.peek().is_none() || in_text && parser.next_is("\"");
            let shape = match self.peek() {
                _ if is_end(self) => return Err(place.refused("an expression begins here, and its `}}` is missing")),
                _ if self.next_is("}}") && alternatives.is_empty() => return Err(place.refused("the expression is empty; name a path")),
                _ if self.next_is("}}") || self.next_is("||") => return Err(self.unexpected("a path or a literal such as `'none'`")),
                Some('\'') => {
                    alternatives.push(Alternative::Literal(self.literal(in_text)?));
                    Shape::Plain
                }
                _ => {
                    let at = self.at;
                    let path = self.path()?;
                    let shape = shape_of(&path).map_err(|sentence| self.place(at).refused(sentence))?;
                    alternatives.push(Alternative::Path(path));
                    shape
                }
            };
            if in_text && matches!(shape, Shape::Fields(_) | Shape::Items(_) | Shape::Texts | Shape::Attributes) {
                let kind = if matches!(shape, Shape::Items(_)) { "an array" } else { "an object" };
                return Err(place.refused(format!("here is {kind} inside a string; write the expression outside quotation marks")));
            }
            self.space();
            if self.take("}}") {
                return Ok(Expression { place, alternatives });
            }
            if is_end(self) {
                return Err(place.refused("an expression begins here, and its `}}` is missing"));
            }
            if !self.take("||") {
                return Err(self.unexpected("`||` or `}}`"));
            }
        }
    }

    fn path(&mut self) -> Result<Vec<String>> {
        let rest = self.rest();
        let stops = |character: char| {
            character.is_whitespace() || character.is_control() || matches!(character, '|' | '\'' | '"' | '{' | '}' | '\\')
        };
        let end = rest.find(stops).unwrap_or(rest.len());
        let written = rest.get(..end).unwrap_or_default();
        if written.is_empty() {
            return Err(self.unexpected("a path such as `user.email`"));
        }
        let path: Vec<String> = written.split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return Err(self.refused(format!("the path `{}` has a dot too many", shown(written))));
        }
        self.at += end;
        Ok(path)
    }

    fn literal(&mut self, in_text: bool) -> Result<String> {
        let start = self.at;
        self.take("'");
        let mut text = String::new();
        loop {
            match self.peek() {
                Some('\'') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some('\\') => text.push(self.escape()?),
                None => return Err(self.place(start).refused("a literal begins here and never ends; write `'` behind it")),
                Some('"') if in_text => return Err(self.place(start).refused("a literal begins here and never ends; write `'` behind it")),
                Some(character) if character < ' ' => return Err(self.unexpected("an escape such as `\\n`")),
                Some(character) => {
                    self.at += character.len_utf8();
                    text.push(character);
                }
            }
        }
    }
}

impl Template {
    /// Parses a text.
    ///
    /// # Errors
    /// A sentence with line and column: for what is no JSON, no object or without a key, for a reserved key or one that is given twice, an
    /// empty expression, a missing `}}`, a path that nothing lies at, an object or array inside a string.
    pub(crate) fn parse(text: &str) -> Result<Template> {
        Parser::of(text).template()
    }
}

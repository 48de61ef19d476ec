//! The language of claim templates: JSON with expressions in it, parsed once and rendered for each user.
//!
//! `{{ path }}` is the value that lies there, `{{ a || b || 'text' }}` the first that is not null. Outside quotation marks an expression is a
//! whole JSON value, inside a string a part of its text. What it stands for is written as JSON, so no value can end a string or add a key.
//! Printing a template and parsing that gives the same template.

use std::cell::Cell;
use std::fmt;

use serde_json::Value;

use crate::error::{Error, Result, nearest, shown};

/// The most bytes a template may have.
pub(crate) const MAX_TEMPLATE_BYTES: usize = 65_536;

/// How deep objects and arrays may nest.
const MAX_DEPTH: usize = 127;

/// Rendering stops here: far beyond what a token may have, far below what would harm a host.
const MAX_RENDERED_BYTES: usize = 1 << 20;

/// The keys of a token that a template may not set: those of the standard, and those that every token of ours has.
pub(crate) const RESERVED: [&str; 11] = ["iss", "sub", "exp", "iat", "nbf", "jti", "sid", "org_id", "role", "roles", "permissions"];

/// A template, parsed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    members: Vec<(String, Node)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Null,
    Bool(bool),
    /// As it was written
    Number(String),
    Text(Vec<Piece>),
    Value(Expression),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Value(Expression),
}

#[derive(Debug, Clone, PartialEq)]
struct Expression {
    place: Place,
    alternatives: Vec<Alternative>,
}

#[derive(Debug, Clone, PartialEq)]
enum Alternative {
    Path(Vec<String>),
    Literal(String),
}

/// Where in the text of a template, both from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    line: usize,
    column: usize,
}

impl Place {
    /// A refusal of what stands here.
    pub(crate) fn refused(self, sentence: impl fmt::Display) -> Error {
        Error::refused(format!("the template, line {} column {}: {sentence}", self.line, self.column))
    }
}

/// What may be found below a path.
#[derive(Clone, Copy)]
enum Shape {
    /// A text, a number or a boolean
    Plain,
    Fields(&'static [(&'static str, Shape)]),
    /// An array of these
    Items(&'static Shape),
    /// An object of texts with any keys
    Texts,
    /// An object of whatever a provider tells, by the name of the attribute
    Attributes,
    Anything,
}

const ROOTS: Shape = Shape::Fields(&[
    (
        "user",
        Shape::Fields(&[
            ("id", Shape::Plain),
            ("email", Shape::Plain),
            ("email_verified", Shape::Plain),
            ("first_name", Shape::Plain),
            ("last_name", Shape::Plain),
            ("profile_picture_url", Shape::Plain),
            ("last_sign_in_at", Shape::Plain),
            ("external_id", Shape::Plain),
            ("metadata", Shape::Texts),
            ("created_at", Shape::Plain),
            ("updated_at", Shape::Plain),
        ]),
    ),
    (
        "organization",
        Shape::Fields(&[
            ("id", Shape::Plain),
            ("name", Shape::Plain),
            ("description", Shape::Plain),
            ("external_id", Shape::Plain),
            (
                "domains",
                Shape::Items(&Shape::Fields(&[("domain", Shape::Plain), ("state", Shape::Plain), ("organization_id", Shape::Plain)])),
            ),
            ("metadata", Shape::Texts),
            ("created_at", Shape::Plain),
            ("updated_at", Shape::Plain),
        ]),
    ),
    (
        "organization_membership",
        Shape::Fields(&[
            ("id", Shape::Plain),
            ("user_id", Shape::Plain),
            ("organization_id", Shape::Plain),
            ("status", Shape::Plain),
            ("role", Shape::Fields(&[("slug", Shape::Plain)])),
            ("roles", Shape::Items(&Shape::Fields(&[("slug", Shape::Plain)]))),
            ("custom_attributes", Shape::Attributes),
            ("directory_managed", Shape::Plain),
            ("created_at", Shape::Plain),
            ("updated_at", Shape::Plain),
        ]),
    ),
]);

impl Template {
    /// Parses a text.
    ///
    /// # Errors
    /// A sentence with line and column: for what is no JSON, no object or without a key, for a reserved key or one that is given twice, an
    /// empty expression, a missing `}}`, a path that nothing lies at, an object or array inside a string.
    pub(crate) fn parse(text: &str) -> Result<Template> {
        let mut reader = Reader { text, at: 0, counted: Cell::new((0, START)) };
        if text.len() > MAX_TEMPLATE_BYTES {
            let cut = (0..=MAX_TEMPLATE_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
            return Err(reader.place(cut).refused(format!("it has {} bytes, and may have {MAX_TEMPLATE_BYTES}", text.len())));
        }
        reader.space();
        let start = reader.at;
        if !reader.next_is("{") || reader.next_is("{{") {
            return Err(reader.refused("a template is a JSON object with at least one key"));
        }
        let members = reader.object(0)?;
        reader.space();
        if reader.at < text.len() {
            return Err(reader.refused("nothing may follow the object that is the template"));
        }
        match members.is_empty() {
            true => Err(reader.place(start).refused("a template has at least one key, and this one has none")),
            false => Ok(Template { members }),
        }
    }

    /// The attributes that are named, each with its place and whether it stands inside a string.
    pub(crate) fn attributes(&self) -> Vec<(&str, Place, bool)> {
        let mut all = Vec::new();
        self.visit(&mut |expression, in_text| {
            for alternative in &expression.alternatives {
                if let Alternative::Path(path) = alternative
                    && let [root, field, name, rest @ ..] = path.as_slice()
                    && root == "organization_membership"
                    && field == "custom_attributes"
                {
                    all.push((name.as_str(), expression.place, in_text && rest.is_empty()));
                }
            }
        });
        all
    }

    /// Whether a part of the organization is asked for that takes a statement of its own.
    pub(crate) fn reads_domains(&self) -> bool {
        let mut reads = false;
        self.visit(&mut |expression, _| {
            reads |= expression.alternatives.iter().any(|alternative| match alternative {
                Alternative::Path(path) => match path.as_slice() {
                    [root] => root == "organization",
                    [root, field, ..] => root == "organization" && field == "domains",
                    [] => false,
                },
                Alternative::Literal(_) => false,
            });
        });
        reads
    }

    fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Expression, bool)) {
        fn inside<'a>(node: &'a Node, see: &mut impl FnMut(&'a Expression, bool)) {
            match node {
                Node::Value(expression) => see(expression, false),
                Node::Text(pieces) => pieces.iter().for_each(|piece| {
                    if let Piece::Value(expression) = piece {
                        see(expression, true);
                    }
                }),
                Node::Array(items) => items.iter().for_each(|item| inside(item, see)),
                Node::Object(members) => members.iter().for_each(|(_, node)| inside(node, see)),
                Node::Null | Node::Bool(_) | Node::Number(_) => {}
            }
        }
        self.members.iter().for_each(|(_, node)| inside(node, see));
    }

    /// Each key with its value as JSON, in order. A key whose value is null is left out.
    ///
    /// # Errors
    /// An object or array stands inside a string; or there is far more than a token could hold.
    pub(crate) fn render(&self, roots: &Value) -> Result<Vec<(&str, String)>> {
        let mut all = Vec::with_capacity(self.members.len());
        let mut length = 0;
        for (key, node) in &self.members {
            let mut out = Output { text: String::new(), left: MAX_RENDERED_BYTES.saturating_sub(length) };
            node.render(roots, &mut out).map_err(|wrong| wrong.unwrap_or_else(|| too_much(key)))?;
            length += out.text.len();
            if out.text != "null" {
                all.push((key.as_str(), out.text));
            }
        }
        Ok(all)
    }
}

fn too_much(key: &str) -> Error {
    Error::refused(format!("the template renders to more than {MAX_RENDERED_BYTES} bytes; the key `{}` takes the room", shown(key)))
}

/// JSON that is being written, up to a length.
struct Output {
    text: String,
    left: usize,
}

/// `None`: there is no room.
type Rendered = std::result::Result<(), Option<Error>>;

impl Output {
    fn push(&mut self, text: &str) -> Rendered {
        self.left = self.left.checked_sub(text.len()).ok_or(None)?;
        self.text.push_str(text);
        Ok(())
    }

    fn push_text(&mut self, text: &str) -> Rendered {
        self.push(&Value::from(text).to_string())
    }
}

impl Node {
    fn render(&self, roots: &Value, out: &mut Output) -> Rendered {
        match self {
            Node::Null => out.push("null"),
            Node::Bool(yes) => out.push(if *yes { "true" } else { "false" }),
            Node::Number(number) => out.push(number),
            Node::Value(expression) => match expression.value(roots) {
                None => out.push("null"),
                Some(Found::Text(text)) => out.push_text(text.trim()),
                Some(Found::Value(value)) => out.push(&value.to_string()),
            },
            Node::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(part) => text.push_str(part),
                        Piece::Value(expression) => expression.append(roots, &mut text)?,
                    }
                    if text.len() > out.left {
                        return Err(None);
                    }
                }
                out.push_text(text.trim())
            }
            Node::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    out.push(if index == 0 { "[" } else { "," })?;
                    item.render(roots, out)?;
                }
                out.push(if items.is_empty() { "[]" } else { "]" })
            }
            Node::Object(members) => {
                for (index, (key, node)) in members.iter().enumerate() {
                    out.push(if index == 0 { "{" } else { "," })?;
                    out.push_text(key)?;
                    out.push(":")?;
                    node.render(roots, out)?;
                }
                out.push(if members.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

/// What an expression stands for.
enum Found<'a> {
    Text(&'a str),
    Value(&'a Value),
}

impl Expression {
    fn value<'a>(&'a self, roots: &'a Value) -> Option<Found<'a>> {
        self.alternatives.iter().find_map(|alternative| match alternative {
            Alternative::Literal(text) => Some(Found::Text(text)),
            Alternative::Path(path) => match path.iter().try_fold(roots, |value, name| below(value, name))? {
                Value::Null => None,
                Value::String(text) => Some(Found::Text(text)),
                value => Some(Found::Value(value)),
            },
        })
    }

    fn append(&self, roots: &Value, text: &mut String) -> std::result::Result<(), Error> {
        match self.value(roots) {
            None => {}
            Some(Found::Text(found)) => text.push_str(found),
            Some(Found::Value(value @ (Value::Object(_) | Value::Array(_)))) => {
                let kind = if value.is_object() { "an object" } else { "an array" };
                return Err(self
                    .place
                    .refused(format!("`{self}` is {kind}, and stands inside a string; write it outside quotation marks")));
            }
            Some(Found::Value(value)) => text.push_str(&value.to_string()),
        }
        Ok(())
    }
}

/// The member of an object, or the item of an array.
fn below<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => members.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

impl fmt::Display for Template {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        print_members(&self.members, out)
    }
}

fn print_members(members: &[(String, Node)], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    out.write_str("{")?;
    for (index, (key, node)) in members.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(out, "{comma}\"{}\":{node}", escaped(key))?;
    }
    out.write_str("}")
}

/// A text as it stands between quotation marks, without anything that could be taken for an expression.
fn escaped(text: &str) -> String {
    inner(&Value::from(text).to_string()).replace('{', "\\u007b")
}

impl fmt::Display for Node {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Null => out.write_str("null"),
            Node::Bool(yes) => write!(out, "{yes}"),
            Node::Number(number) => out.write_str(number),
            Node::Value(expression) => write!(out, "{{{{ {expression} }}}}"),
            Node::Text(pieces) => {
                out.write_str("\"")?;
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => out.write_str(&escaped(text))?,
                        Piece::Value(expression) => write!(out, "{{{{ {expression} }}}}")?,
                    }
                }
                out.write_str("\"")
            }
            Node::Array(items) => {
                out.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(out, "{}{item}", if index == 0 { "" } else { "," })?;
                }
                out.write_str("]")
            }
            Node::Object(members) => print_members(members, out),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, alternative) in self.alternatives.iter().enumerate() {
            out.write_str(if index == 0 { "" } else { " || " })?;
            match alternative {
                Alternative::Path(path) => out.write_str(&path.join("."))?,
                Alternative::Literal(text) => write!(out, "'{}'", inner(&Value::from(text.as_str()).to_string()).replace('\'', "\\'"))?,
            }
        }
        Ok(())
    }
}

/// What stands between the quotation marks of a JSON string.
fn inner(json: &str) -> String {
    json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(json).to_owned()
}

struct Reader<'a> {
    text: &'a str,
    /// The byte that comes next
    at: usize,
    counted: Cell<(usize, Place)>,
}

const START: Place = Place { line: 1, column: 1 };

impl<'a> Reader<'a> {
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
    fn place(&self, at: usize) -> Place {
        let (from, mut place) = Some(self.counted.get()).filter(|(from, _)| *from <= at).unwrap_or((0, START));
        for character in self.text.get(from..at).unwrap_or_default().chars() {
            place = match character {
                '\n' => Place { line: place.line + 1, column: 1 },
                _ => Place { column: place.column + 1, ..place },
            };
        }
        self.counted.set((at, place));
        place
    }

    fn refused(&self, sentence: impl fmt::Display) -> Error {
        self.place(self.at).refused(sentence)
    }

    /// The refusal of what comes next, where `wanted` should.
    fn unexpected(&self, wanted: &str) -> Error {
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
        let mut names = std::collections::HashSet::new();
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
        // A number too large for every reader is one all the same; its form alone is looked at.
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
            let is_end = |reader: &Self| reader.peek().is_none() || in_text && reader.next_is("\"");
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

/// What lies at a path, or why nothing can.
fn shape_of(path: &[String]) -> std::result::Result<Shape, String> {
    let unknown = |name: &str, known: &[&str]| {
        let near = match nearest(name, known.iter().copied()) {
            near if near.is_empty() => format!("; it goes on with one of `{}`", known.join("`, `")),
            near => near,
        };
        format!("unknown path `{}`, nothing is called `{}`{near}", shown(&path.join(".")), shown(name))
    };
    let mut shape = ROOTS;
    for name in path {
        shape = match shape {
            Shape::Fields(fields) => match fields.iter().find(|(known, _)| known == name) {
                Some((_, below)) => *below,
                None => return Err(unknown(name, &fields.iter().map(|(known, _)| *known).collect::<Vec<_>>())),
            },
            Shape::Items(item) => match name.parse::<usize>() {
                Ok(_) => *item,
                Err(_) => return Err(unknown(name, &["0", "1"])),
            },
            Shape::Texts => Shape::Plain,
            Shape::Attributes | Shape::Anything => Shape::Anything,
            Shape::Plain => return Err(format!("unknown path `{}`, nothing lies below a value that is no object", shown(&path.join(".")))),
        };
    }
    Ok(shape)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::{Alternative, Expression, MAX_TEMPLATE_BYTES, Node, Piece, Place, Template};

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
            (
                r#"{"a": "{{user.last_name}}", "b": {{user.last_name}}, "c": null, "d": [{{user.last_name}}]}"#,
                json!({"a": "", "d": [null]}),
            ),
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
        prop::collection::vec(alternative, 1..4).prop_map(|alternatives| Expression { place: Place::default(), alternatives })
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
        let bare = |expression: &Expression| Expression { place: Place::default(), alternatives: expression.alternatives.clone() };
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
}

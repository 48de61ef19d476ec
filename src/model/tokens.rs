//! The words and marks of a text in the modelling language, and where they stand.

use std::fmt;

use crate::base::identifier::check_type_slug;
use crate::base::refusal::{Refusal, Result, shown};

/// A place in a text; both count from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Position {
    /// A refusal that begins with this place.
    pub(crate) fn refused(self, sentence: impl fmt::Display) -> Refusal {
        Refusal::new(format!("{self}: {sentence}"))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}", self.line, self.column)
    }
}

/// One word or mark of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind<'a>,
    pub(crate) position: Position,
    /// Whether nothing but white space stands before it on its line.
    pub(crate) first_on_line: bool,
}

/// What a [`Token`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind<'a> {
    /// A name or a keyword: which, the place decides.
    Word(&'a str),
    /// One of `[ ] ( ) { } , : # *`.
    Mark(char),
    End,
}

/// Reads a text token by token, one ahead.
pub(crate) struct Tokens<'a> {
    rest: &'a str,
    position: Position,
    first_on_line: bool,
    /// The token that comes next.
    pub(crate) next: Token<'a>,
    pub(super) depth: usize,
    /// Whether the definition being read has had its list of types.
    pub(super) listed: bool,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a str) -> Tokens<'a> {
        let start = Position { line: 1, column: 1 };
        let next = Token { kind: TokenKind::End, position: start, first_on_line: true };
        let mut tokens = Tokens { rest: text, position: start, first_on_line: true, next, depth: 0, listed: false };
        tokens.advance();
        tokens
    }

    /// Takes the next token.
    pub(crate) fn advance(&mut self) -> Token<'a> {
        self.skip_blank();
        let (position, first_on_line) = (self.position, self.first_on_line);
        self.first_on_line = false;
        let kind = match self.rest.chars().next() {
            None => TokenKind::End,
            Some(mark) if is_mark(mark) => {
                self.skip(mark);
                TokenKind::Mark(mark)
            }
            Some(_) => {
                let length = self.rest.find(|c: char| c.is_whitespace() || is_mark(c)).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(length);
                self.rest = rest;
                self.position.column += word.chars().count();
                TokenKind::Word(word)
            }
        };
        std::mem::replace(&mut self.next, Token { kind, position, first_on_line })
    }

    /// Passes over white space and comments. A comment begins with a `#` at the beginning of a line or after white space: the one in
    /// `group#member` begins none.
    fn skip_blank(&mut self) {
        let mut after_blank = self.first_on_line;
        while let Some(next) = self.rest.chars().next() {
            if next == '#' && after_blank {
                let length = self.rest.find('\n').unwrap_or(self.rest.len());
                self.rest = self.rest.get(length..).unwrap_or_default();
            } else if next.is_whitespace() {
                self.skip(next);
                after_blank = true;
            } else {
                return;
            }
        }
    }

    fn skip(&mut self, character: char) {
        self.rest = self.rest.get(character.len_utf8()..).unwrap_or_default();
        if character == '\n' {
            self.position = Position { line: self.position.line + 1, column: 1 };
            self.first_on_line = true;
        } else {
            self.position.column += 1;
        }
    }

    /// Whether the next token is this word.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.next.kind == TokenKind::Word(word)
    }

    /// Takes the next token if it is this mark.
    pub(crate) fn take_mark(&mut self, mark: char) -> bool {
        let is = self.next.kind == TokenKind::Mark(mark);
        if is {
            self.advance();
        }
        is
    }

    /// Takes the next token if it is this word.
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        if is {
            self.advance();
        }
        is
    }

    /// The error that something else stands here than what may.
    pub(crate) fn expected(&self, what: &str) -> Refusal {
        let found = match self.next.kind {
            TokenKind::Word(word) => format!("`{}`", shown(word)),
            TokenKind::Mark(mark) => format!("`{mark}`"),
            TokenKind::End => "the end".to_owned(),
        };
        self.next.position.refused(format_args!("expected {what}, found {found}"))
    }

    /// Takes the name of a type or of a relation.
    pub(crate) fn name(&mut self, what: &str) -> Result<&'a str> {
        match self.next.kind {
            // Where a type is to stand no operator can: there any word will do.
            TokenKind::Word(word) if what == "type" || !is_reserved(word) => {
                check_type_slug(what, word).map_err(|error| self.next.position.refused(error))?;
                self.advance();
                Ok(word)
            }
            _ => Err(self.expected(&format!("the name of a {what}"))),
        }
    }
}

fn is_mark(character: char) -> bool {
    matches!(character, '[' | ']' | '(' | ')' | '{' | '}' | ',' | ':' | '#' | '*')
}

/// The words that a rule is made of; no type and no relation may have one for its name. `but` and `not` only mean something together.
pub(crate) fn is_reserved(word: &str) -> bool {
    matches!(word, "or" | "and" | "from" | "with")
}

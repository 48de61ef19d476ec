//! The rule of a relation, as the OpenFGA modelling language writes it: `([user, group#member] or owner) but not blocked`.
//!
//! Plain text in, plain values out: nothing here knows of SQLite, nor of which types and relations there are. [`Definition::parse`] and
//! printing are each other's inverse. Newlines are white space in here; where a definition ends in a whole model is for
//! [`crate::model::language`] to say, which reads the same [`Tokens`].

use std::collections::BTreeSet;
use std::fmt;

use super::tokens::{Position, TokenKind, Tokens, is_reserved};
use crate::base::refusal::Result;

/// How deep parentheses may nest. Everything that walks a rule may recurse, for no rule is deeper.
const MAX_DEPTH: usize = 64;

/// The rule of a relation, as its definition says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Definition {
    /// `[user, user:*, group#member]`: who stands in a relationship row of one of these kinds.
    Direct(Vec<Restriction>),
    /// `owner`: who has that relation on the same object.
    Computed(Box<str>),
    /// `viewer from parent`: who has `relation` on an object that stands in relation `through` to this one.
    From {
        /// What is asked on the other object.
        relation: Box<str>,
        /// The relation of this object whose rows name the others.
        through: Box<str>,
    },
    /// `a or b or c`, two or more.
    Union(Vec<Definition>),
    /// `a and b and c`, two or more.
    Intersection(Vec<Definition>),
    /// `a but not b`.
    Difference(Box<Definition>, Box<Definition>),
}

/// `define viewer: [user] or owner`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RelationDefinition {
    pub(crate) name: String,
    pub(crate) rule: Definition,
    /// What to write before the position in an error; empty where the position alone says enough.
    pub(crate) place: String,
    /// Where each mention of the rule stands.
    pub(crate) positions: Vec<Position>,
}

/// One kind of subject that a relationship row may name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Restriction {
    /// The type of the subject.
    pub(crate) subject_type: Box<str>,
    /// Which subjects of that type.
    pub(crate) kind: RestrictionKind,
}

/// Which subjects of a type a [`Restriction`] means.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum RestrictionKind {
    /// `user`: one of them.
    One,
    /// `user:*`: everyone.
    Every,
    /// `group#member`: all who have this relation on one of them.
    Userset(Box<str>),
}

/// A part of a rule that names types or relations. A rule mentions in the order in which it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mention<'a> {
    /// One entry of a list of types.
    Restriction(&'a Restriction),
    /// A relation of the same type.
    Computed(&'a str),
    /// `relation from through`.
    From { relation: &'a str, through: &'a str },
}

impl Definition {
    /// Reads a rule that makes up the whole text.
    ///
    /// # Errors
    /// The text is no rule; says at which line and column.
    pub(crate) fn parse(text: &str) -> Result<Definition> {
        Ok(Definition::parse_with_positions(text)?.0)
    }

    /// Reads a rule and, for each of its [`Definition::mentions`], where it stands.
    ///
    /// # Errors
    /// As [`Definition::parse`].
    pub(crate) fn parse_with_positions(text: &str) -> Result<(Definition, Vec<Position>)> {
        let mut tokens = Tokens::new(text);
        let mut positions = Vec::new();
        let rule = tokens.definition(&mut positions)?;
        match tokens.next.kind {
            TokenKind::End => Ok((rule, positions)),
            _ => Err(tokens.expected("`or`, `and`, `but not` or the end")),
        }
    }

    /// The kinds of subject that the relationship rows of the relation may name.
    pub(crate) fn restrictions(&self) -> BTreeSet<&Restriction> {
        let direct = |mention| match mention {
            Mention::Restriction(restriction) => Some(restriction),
            Mention::Computed(_) | Mention::From { .. } => None,
        };
        self.mentions().into_iter().filter_map(direct).collect()
    }

    /// What the rule names, in the order in which it is written.
    pub(crate) fn mentions(&self) -> Vec<Mention<'_>> {
        let mut mentions = Vec::new();
        self.collect_mentions(&mut mentions);
        mentions
    }

    fn collect_mentions<'a>(&'a self, into: &mut Vec<Mention<'a>>) {
        match self {
            Definition::Direct(restrictions) => into.extend(restrictions.iter().map(Mention::Restriction)),
            Definition::Computed(relation) => into.push(Mention::Computed(relation)),
            Definition::From { relation, through } => into.push(Mention::From { relation, through }),
            Definition::Union(parts) | Definition::Intersection(parts) => parts.iter().for_each(|part| part.collect_mentions(into)),
            Definition::Difference(base, without) => {
                base.collect_mentions(into);
                without.collect_mentions(into);
            }
        }
    }
}

impl fmt::Display for Definition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Definition::Direct(restrictions) => {
                out.write_str("[")?;
                separated(out, ", ", restrictions)?;
                out.write_str("]")
            }
            Definition::Computed(relation) => out.write_str(relation),
            Definition::From { relation, through } => write!(out, "{relation} from {through}"),
            Definition::Union(parts) => separated(out, " or ", parts.iter().map(Operand)),
            Definition::Intersection(parts) => separated(out, " and ", parts.iter().map(Operand)),
            Definition::Difference(base, without) => write!(out, "{} but not {}", Operand(base), Operand(without)),
        }
    }
}

/// A rule as part of a larger one: in parentheses where it has an operator of its own.
struct Operand<'a>(&'a Definition);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Definition::Union(_) | Definition::Intersection(_) | Definition::Difference(..) => write!(out, "({})", self.0),
            Definition::Direct(_) | Definition::Computed(_) | Definition::From { .. } => self.0.fmt(out),
        }
    }
}

fn separated<T: fmt::Display>(out: &mut fmt::Formatter<'_>, separator: &str, items: impl IntoIterator<Item = T>) -> fmt::Result {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.write_str(separator)?;
        }
        item.fmt(out)?;
    }
    Ok(())
}

impl Restriction {
    /// The second half of the key in `authz_relation_subjects`.
    pub(crate) fn subject_relation(&self) -> &str {
        match &self.kind {
            RestrictionKind::One => "",
            RestrictionKind::Every => "*",
            RestrictionKind::Userset(relation) => relation,
        }
    }
}

impl fmt::Display for Restriction {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.subject_type)?;
        match &self.kind {
            RestrictionKind::One => Ok(()),
            RestrictionKind::Every => out.write_str(":*"),
            RestrictionKind::Userset(relation) => write!(out, "#{relation}"),
        }
    }
}

impl<'a> Tokens<'a> {
    /// Takes the whole rule of a relation, as far as it goes, and notes where each of its mentions stands.
    pub(crate) fn definition(&mut self, positions: &mut Vec<Position>) -> Result<Definition> {
        self.listed = false;
        self.rule(positions)
    }

    fn rule(&mut self, positions: &mut Vec<Position>) -> Result<Definition> {
        let first = self.operand(positions)?;
        let mut parts = match self.operator() {
            None => return Ok(first),
            Some(_) => vec![first],
        };
        let operator = self.operator();
        while let Some(found) = self.operator() {
            if operator != Some(found) || (found == "but" && parts.len() > 1) {
                let before = if operator == Some("but") { "but not" } else { operator.unwrap_or_default() };
                let found = if found == "but" { "but not" } else { found };
                return Err(self.next.position.refused(format_args!(
                    "`{found}` follows `{before}`, and which goes first is not said; put parentheses round what belongs together"
                )));
            }
            self.advance();
            if found == "but" && !self.take_word("not") {
                return Err(self.expected("`not` after `but`"));
            }
            parts.push(self.operand(positions)?);
        }
        if operator != Some("but") {
            return Ok(if operator == Some("or") { Definition::Union(parts) } else { Definition::Intersection(parts) });
        }
        match <[Definition; 2]>::try_from(parts) {
            Ok([base, without]) => Ok(Definition::Difference(Box::new(base), Box::new(without))),
            Err(_) => Err(self.expected("what follows `but not`")),
        }
    }

    /// The operator that comes next.
    fn operator(&self) -> Option<&'a str> {
        match self.next.kind {
            TokenKind::Word(word @ ("or" | "and" | "but")) => Some(word),
            _ => None,
        }
    }

    fn operand(&mut self, positions: &mut Vec<Position>) -> Result<Definition> {
        if self.next.kind == TokenKind::Mark('(') {
            if self.depth == MAX_DEPTH {
                return Err(self
                    .next
                    .position
                    .refused(format_args!("parentheses nest deeper than {MAX_DEPTH}; name a part by a relation of its own")));
            }
            self.advance();
            self.depth += 1;
            let rule = self.rule(positions)?;
            self.depth -= 1;
            return if self.take_mark(')') { Ok(rule) } else { Err(self.expected("`or`, `and`, `but not` or `)`")) };
        }
        if self.next.kind == TokenKind::Mark('[') {
            // The list says which rows a relation may have, and a relation has one set of rows.
            if self.listed {
                return Err(self.next.position.refused("the types are listed twice; join the lists into one"));
            }
            self.listed = true;
            self.advance();
            return Ok(Definition::Direct(self.restrictions(positions)?));
        }
        positions.push(self.next.position);
        let relation = match self.next.kind {
            TokenKind::Word(word) if !is_reserved(word) => self.name("relation")?,
            _ => return Err(self.expected("the name of a relation, `[` or `(`")),
        };
        Ok(match self.take_word("from") {
            true => Definition::From { relation: relation.into(), through: self.name("relation")?.into() },
            false => Definition::Computed(relation.into()),
        })
    }

    /// What stands between `[` and `]`, and the `]`.
    fn restrictions(&mut self, positions: &mut Vec<Position>) -> Result<Vec<Restriction>> {
        let mut restrictions = Vec::new();
        loop {
            positions.push(self.next.position);
            let subject_type = self.name("type")?;
            let kind = if self.take_mark('#') {
                RestrictionKind::Userset(self.name("relation")?.into())
            } else if self.take_mark(':') {
                match self.take_mark('*') {
                    true => RestrictionKind::Every,
                    false => return Err(self.expected("`*` after `:`")),
                }
            } else {
                RestrictionKind::One
            };
            if self.is_word("with") {
                return Err(self.next.position.refused("conditions (`with`) are not built; leave the condition out"));
            }
            restrictions.push(Restriction { subject_type: subject_type.into(), kind });
            if self.take_mark(']') {
                return Ok(restrictions);
            }
            if !self.take_mark(',') {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn name() -> impl Strategy<Value = Box<str>> {
        prop_oneof![Just("user"), Just("a"), Just("but"), Just("not"), Just("define"), Just("can_view"), Just("x-1"), Just("9")]
            .prop_map(Into::into)
    }

    fn restriction() -> impl Strategy<Value = Restriction> {
        let kind = prop_oneof![Just(RestrictionKind::One), Just(RestrictionKind::Every), name().prop_map(RestrictionKind::Userset)];
        (name(), kind).prop_map(|(subject_type, kind)| Restriction { subject_type, kind })
    }

    /// A rule with a list of types in front, at its end, or none.
    fn rule() -> impl Strategy<Value = Definition> {
        let direct = prop::collection::vec(restriction(), 1..4).prop_map(Definition::Direct);
        (without_list(), direct, 0..5).prop_map(|(rule, direct, place)| match place {
            0 => direct,
            1 => Definition::Union(vec![direct, rule]),
            2 => Definition::Intersection(vec![rule, direct]),
            3 => Definition::Difference(Box::new(rule), Box::new(direct)),
            _ => rule,
        })
    }

    fn without_list() -> impl Strategy<Value = Definition> {
        let leaf = prop_oneof![
            name().prop_map(Definition::Computed),
            (name(), name()).prop_map(|(relation, through)| Definition::From { relation, through }),
        ];
        leaf.prop_recursive(6, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(Definition::Union),
                prop::collection::vec(inner.clone(), 2..4).prop_map(Definition::Intersection),
                (inner.clone(), inner).prop_map(|(base, without)| Definition::Difference(Box::new(base), Box::new(without))),
            ]
        })
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(rule in rule()) {
            let text = rule.to_string();
            let (parsed, positions) = Definition::parse_with_positions(&text).unwrap();
            prop_assert_eq!(&parsed, &rule, "{}", text);
            prop_assert_eq!(parsed.to_string(), text.clone());
            // Each mention stands where its position says.
            let mentions = parsed.mentions();
            prop_assert_eq!(mentions.len(), positions.len());
            for (mention, position) in mentions.iter().zip(positions) {
                let words = match mention {
                    Mention::Restriction(restriction) => restriction.to_string(),
                    Mention::Computed(relation) => (*relation).to_owned(),
                    Mention::From { relation, through } => format!("{relation} from {through}"),
                };
                prop_assert!(text.get(position.column - 1..).unwrap().starts_with(&words));
            }
        }

        #[test]
        fn any_text_gets_a_rule_or_a_sentence(text in "[a#:*,() \\[\\]\n]{0,40}|(a|or|and|but|not|from|\\(|\\)|\\[|\\]|,|#|:| |\n){0,30}|\\PC{0,40}") {
            if let Ok(rule) = Definition::parse(&text) {
                prop_assert_eq!(Definition::parse(&rule.to_string()).unwrap(), rule);
            }
        }
    }

    #[test]
    fn white_space_newlines_and_comments_do_not_matter() {
        let plain = Definition::parse("([user, user:*, group#member] or viewer from parent) but not blocked").unwrap();
        let spread = "# who may see it\n(\n  [user,\n   user:*, # everyone\n   group#member]\n\tor viewer\r\n from parent)#no\n";
        assert!(Definition::parse(spread).is_err());
        let spread = spread.replace(")#no", ") but not # all but\n blocked #");
        assert_eq!(Definition::parse(&spread).unwrap(), plain);
        assert_eq!(Definition::parse("((a))").unwrap(), Definition::Computed("a".into()));
    }

    #[test]
    fn what_is_no_rule_is_refused_where_it_stops_being_one() {
        for (text, message) in [
            ("", "line 1, column 1: expected the name of a relation, `[` or `(`, found the end"),
            ("[]", "line 1, column 2: expected the name of a type, found `]`"),
            ("[user", "line 1, column 6: expected `,` or `]`, found the end"),
            ("[user:ana]", "line 1, column 7: expected `*` after `:`, found `ana`"),
            ("[user with weekday]", "line 1, column 7: conditions (`with`) are not built; leave the condition out"),
            (
                "a or\n  b and c",
                "line 2, column 5: `and` follows `or`, and which goes first is not said; put parentheses round what belongs together",
            ),
            (
                "a but not b but not c",
                "line 1, column 13: `but not` follows `but not`, and which goes first is not said; put parentheses round what belongs together",
            ),
            ("a but b", "line 1, column 7: expected `not` after `but`, found `b`"),
            ("a or", "line 1, column 5: expected the name of a relation, `[` or `(`, found the end"),
            ("(a or b", "line 1, column 8: expected `or`, `and`, `but not` or `)`, found the end"),
            ("a b", "line 1, column 3: expected `or`, `and`, `but not` or the end, found `b`"),
            ("a from", "line 1, column 7: expected the name of a relation, found the end"),
            ("[user] or ([group])", "line 1, column 12: the types are listed twice; join the lists into one"),
            ("a.b", "line 1, column 1: the relation `a.b` is not a valid slug: it has 1 to 128 of letters, digits, `_` and `-`"),
        ] {
            assert_eq!(Definition::parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn hostile_texts_end_in_a_sentence() {
        let million = 1_000_000;
        let error = Definition::parse(&"(".repeat(million)).unwrap_err().to_string();
        assert_eq!(error, "line 1, column 65: parentheses nest deeper than 64; name a part by a relation of its own");
        assert!(Definition::parse(&"a".repeat(million)).unwrap_err().to_string().len() < 300);
        assert!(Definition::parse(&"\n".repeat(million)).is_err());
        assert!(Definition::parse(&"a or ".repeat(million / 5)).is_err());
        assert!(Definition::parse(&format!("[{}]", "u#a,".repeat(million / 4))).is_err());
        assert!(
            matches!(Definition::parse(&format!("a{}", " and a".repeat(million / 6))), Ok(Definition::Intersection(parts)) if parts.len() == 166_667)
        );
        let nested = format!("{}a{}", "(".repeat(64), ")".repeat(64));
        assert_eq!(Definition::parse(&nested).unwrap(), Definition::Computed("a".into()));
    }
}

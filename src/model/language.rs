//! The OpenFGA modelling language, schema 1.1: types, and the relations of each. No SQLite in here.
//!
//! [`parse`] reads a whole model, [`print`] writes one; a single rule is [`crate::model::definition`]'s. What rules name is looked at by
//! [`crate::model::vocabulary`].
//!
//! Line breaks and indentation do not matter, for no two definitions could be taken for one without them.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::definition::{Definition, RelationDefinition};
use super::tokens::{TokenKind, Tokens, is_reserved};
use crate::base::identifier::check_type_slug;
use crate::base::refusal::{Refusal, Result};

/// A type that a model defines, with its relations in the order in which they are written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TypeDefinition {
    pub(crate) name: String,
    pub(crate) relations: Vec<RelationDefinition>,
}

/// Whether a document is in this language and not in JSON: then it begins with a word or a comment.
pub(crate) fn is_language(document: &str) -> bool {
    match Tokens::new(document).next.kind {
        TokenKind::Word(word) => word.starts_with(|c: char| c.is_alphabetic() || c == '_') && !matches!(word, "null" | "true" | "false"),
        // Nothing but comments, or nothing at all.
        TokenKind::End => document.trim_start().starts_with('#'),
        TokenKind::Mark(_) => false,
    }
}

/// Reads a whole model.
///
/// # Errors
/// A sentence that begins with the line and the column.
pub(crate) fn parse(text: &str) -> Result<Vec<TypeDefinition>> {
    let mut tokens = Tokens::new(text);
    if tokens.is_word("module") || tokens.is_word("extend") {
        return Err(not_built(&tokens, "modules"));
    }
    if !tokens.take_word("model") {
        return Err(tokens.expected("`model`"));
    }
    if !tokens.take_word("schema") {
        return Err(tokens.expected("`schema 1.1`"));
    }
    if !tokens.take_word("1.1") {
        return Err(match tokens.next.kind {
            TokenKind::Word(version @ ("1.0" | "1.2")) => {
                tokens.next.position.refused(format_args!("schema {version} is not built; write the model in `schema 1.1`"))
            }
            _ => tokens.expected("`1.1`"),
        });
    }
    let mut types = Vec::new();
    let mut seen = HashMap::new();
    while tokens.next.kind != TokenKind::End {
        if tokens.is_word("extend") || tokens.is_word("module") {
            return Err(not_built(&tokens, "modules"));
        }
        if tokens.is_word("condition") {
            return Err(not_built(&tokens, "conditions"));
        }
        if !tokens.take_word("type") {
            return Err(tokens.expected(match types.is_empty() {
                true => "`type`",
                false => "`or`, `and`, `but not`, `relations`, `define`, `type` or the end",
            }));
        }
        let position = tokens.next.position;
        let name = tokens.name("type")?;
        if let Some(first) = seen.insert(name, position) {
            return Err(position.refused(format_args!("the type `{name}` is already defined at {first}")));
        }
        types.push(TypeDefinition { name: name.to_owned(), relations: relations(&mut tokens)? });
    }
    Ok(types)
}

fn not_built(tokens: &Tokens<'_>, what: &str) -> Refusal {
    tokens.next.position.refused(format_args!("{what} are not built; write one model of types and relations"))
}

/// `relations` and the definitions that follow it, where a type has any.
fn relations(tokens: &mut Tokens<'_>) -> Result<Vec<RelationDefinition>> {
    let mut relations = Vec::new();
    if !tokens.take_word("relations") {
        return Ok(relations);
    }
    let mut seen = HashMap::new();
    if !tokens.is_word("define") {
        return Err(tokens.expected("`define`"));
    }
    while tokens.take_word("define") {
        let position = tokens.next.position;
        let name = tokens.name("relation")?;
        check_relation_name(name).map_err(|error| position.refused(error))?;
        if let Some(first) = seen.insert(name, position) {
            return Err(position.refused(format_args!("the relation `{name}` is already defined at {first}")));
        }
        if !tokens.take_mark(':') {
            return Err(tokens.expected("`:`"));
        }
        // A definition left empty: the next line is not its rule.
        if tokens.next.first_on_line && matches!(tokens.next.kind, TokenKind::Word("define" | "type" | "extend" | "condition")) {
            return Err(tokens.expected(&format!("the rule of `{name}`")));
        }
        let mut positions = Vec::new();
        let rule = tokens.definition(&mut positions)?;
        relations.push(RelationDefinition { name: name.to_owned(), rule, place: String::new(), positions });
    }
    Ok(relations)
}

/// Whether `name` may be a relation's.
pub(crate) fn check_relation_name(name: &str) -> Result<()> {
    check_type_slug("relation", name)?;
    if is_reserved(name) || matches!(name, "self" | "this") {
        return Err(Refusal::new(format!("`{name}` is a word of the modelling language; choose another name for the relation")));
    }
    Ok(())
}

/// Writes a model: what [`parse`] reads.
pub(crate) fn print<'a>(types: impl IntoIterator<Item = (&'a str, Vec<(&'a str, &'a Definition)>)>) -> String {
    let mut text = String::from("model\n  schema 1.1\n");
    for (name, relations) in types {
        // Writing to a String cannot fail.
        let _ = write!(text, "\ntype {name}\n");
        if !relations.is_empty() {
            text.push_str("  relations\n");
        }
        for (relation, rule) in relations {
            let _ = writeln!(text, "    define {relation}: {rule}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::model::vocabulary::Vocabulary;

    const EXAMPLE: &str = "
# a whole model
model
  schema 1.1
type user
type folder
  relations
    define parent: [folder]
    define owner: [user] # one of them
    define viewer: [user, user:*, group#member] or owner or viewer from parent
type document # with an exclusion
  relations
    define parent: [folder]
    define blocked: [
      user, # each by name
      # and nobody else
    user:*]
    define editor: [user]
      or owner from parent
    define viewer: (editor or viewer from parent)
      but not blocked
";

    fn check(text: &str) -> Result<()> {
        let types = parse(text)?;
        let parents = BTreeMap::from([("file", BTreeSet::from(["folder", "file"]))]);
        let vocabulary = Vocabulary {
            parents: &parents,
            types: types.iter().map(|defined| defined.name.as_str()).collect(),
            relations: types
                .iter()
                .map(|defined| (defined.name.as_str(), defined.relations.iter().map(|one| (one.name.as_str(), &one.rule)).collect()))
                .collect(),
        };
        types.iter().try_for_each(|defined| defined.relations.iter().try_for_each(|one| vocabulary.check(&defined.name, one)))
    }

    fn printed(types: &[TypeDefinition]) -> String {
        print(
            types
                .iter()
                .map(|defined| (defined.name.as_str(), defined.relations.iter().map(|one| (one.name.as_str(), &one.rule)).collect())),
        )
    }

    #[test]
    fn a_model_is_read_and_printed() {
        let types = parse(EXAMPLE).unwrap();
        let text = printed(&types);
        assert_eq!(
            text,
            "model
  schema 1.1

type user

type folder
  relations
    define parent: [folder]
    define owner: [user]
    define viewer: [user, user:*, group#member] or owner or viewer from parent

type document
  relations
    define parent: [folder]
    define blocked: [user, user:*]
    define editor: [user] or owner from parent
    define viewer: (editor or viewer from parent) but not blocked
"
        );
        assert_eq!(printed(&parse(&text).unwrap()), text);
        assert_eq!(printed(&parse(&text.replace('\n', "\r\n")).unwrap()), text);
        check(EXAMPLE).unwrap();
    }

    #[test]
    fn keywords_may_be_names() {
        let text = "model\n schema 1.1\ntype type\n relations\n  define define: [type]\n  define relations: define or module\n  define module: [model, type#define]\ntype model";
        let types = parse(text).unwrap();
        assert_eq!(types.iter().map(|defined| defined.name.as_str()).collect::<Vec<_>>(), ["type", "model"]);
        check(text).unwrap();
    }

    #[test]
    fn what_is_wrong_is_said_with_line_and_column() {
        let model = "model\n  schema 1.1\ntype user\ntype doc\n  relations\n";
        for (text, sentence) in [
            ("", "line 1, column 1: expected `model`, found the end"),
            ("hello", "line 1, column 1: expected `model`, found `hello`"),
            ("# nothing\n", "line 2, column 1: expected `model`, found the end"),
            ("model\n  schema 1.0", "line 2, column 10: schema 1.0 is not built; write the model in `schema 1.1`"),
            ("model\n  schema 1.2\ntype user", "line 2, column 10: schema 1.2 is not built; write the model in `schema 1.1`"),
            ("module sales\ntype x", "line 1, column 1: modules are not built; write one model of types and relations"),
            ("model schema 1.1\nextend type x", "line 2, column 1: modules are not built; write one model of types and relations"),
            (
                "model schema 1.1\ntype user\ncondition c(x: int) { x < 1 }",
                "line 3, column 1: conditions are not built; write one model of types and relations",
            ),
            ("model schema 1.1\ntype user\ntype user", "line 3, column 6: the type `user` is already defined at line 2, column 6"),
            (
                "model schema 1.1\ntype us.er",
                "line 2, column 6: the type `us.er` is not a valid slug: it has 1 to 128 of letters, digits, `_` and `-`",
            ),
        ] {
            assert_eq!(check(text).unwrap_err().to_string(), sentence);
        }
        for (definitions, sentence) in [
            ("", "line 6, column 1: expected `define`, found the end"),
            (" define a: [user]\n define a: [user]", "line 7, column 9: the relation `a` is already defined at line 6, column 9"),
            (" define this: [user]", "line 6, column 9: `this` is a word of the modelling language; choose another name for the relation"),
            (" define a:\n define b: [user]", "line 7, column 2: expected the rule of `a`, found `define`"),
            (
                " define a: [user] b",
                "line 6, column 19: expected `or`, `and`, `but not`, `relations`, `define`, `type` or the end, found `b`",
            ),
            (" define a: [user with late]", "line 6, column 18: conditions (`with`) are not built; leave the condition out"),
            (" define a: [usr]", "line 6, column 13: unknown type `usr`; did you mean `user`?"),
            (" define a: [user, doc#b]", "line 6, column 19: the type `doc` has no relation `b`"),
            (
                " define viewer: [user]\n define a: vewer",
                "line 7, column 12: the type `doc` has no relation `vewer`; did you mean `viewer`?",
            ),
            (" define a: b from up", "line 6, column 12: the type `doc` has no relation `up`"),
            (" define up: [user]\n define a: b from up", "line 7, column 12: no type of `up` (`user`) has a relation `b`"),
            (
                " define up: [doc, doc:*]\n define a: [user] or a from up",
                "line 7, column 22: `from up` leads through `up`, which takes `doc:*`; only a list of plain types can be followed",
            ),
            (
                " define up: [doc] or a\n define a: [user] or a from up",
                "line 7, column 22: `from up` leads through `up`, whose rule `[doc] or a` is more than a list of types; only such a list can be followed",
            ),
        ] {
            assert_eq!(check(&format!("{model}{definitions}")).unwrap_err().to_string(), sentence);
        }
    }

    #[test]
    fn a_relation_that_nobody_can_have_is_allowed_and_groups_have_members() {
        check("model schema 1.1 type doc relations define a: b define b: a or [group#member] define o: [group] define c: member from o but not c").unwrap();
        let own = "model schema 1.1 type group relations define owner: [user] type doc relations define a: [group#member]";
        assert_eq!(check(own).unwrap_err().to_string(), "line 1, column 90: the type `group` has no relation `member`");
    }

    #[test]
    fn what_a_resource_lies_in_is_its_parent_unless_it_has_another() {
        check("model schema 1.1 type file relations define a: [user] or a from parent").unwrap();
        check("model schema 1.1 type folder relations define a: [user] type file relations define b: a from parent").unwrap();
        let error = check("model schema 1.1 type file relations define a: [user] or b from parent").unwrap_err().to_string();
        assert_eq!(error, "line 1, column 58: no type of `parent` (`file`, `folder`) has a relation `b`");
        assert!(check("model schema 1.1 type file relations define parent: [user] define a: [user] or a from parent").is_err());
    }

    #[test]
    fn the_notations_are_told_apart() {
        for text in ["model\n schema 1.1", "# a comment\nmodel", "#", "type x", "hello"] {
            assert!(is_language(text), "{text}");
        }
        for text in ["{}", " \n{\"roles\": {}}", "[]", "", "  ", "null", "true", "42", "-1", "\"model\""] {
            assert!(!is_language(text), "{text}");
        }
    }

    #[test]
    fn hostile_texts_end_in_a_sentence() {
        let million = 1_000_000;
        assert!(parse(&format!("model schema 1.1 {}", "type ".repeat(million / 5))).is_err());
        assert!(parse(&format!("model schema 1.1 type x relations define a: {}", "(".repeat(million))).is_err());
        assert!(parse(&"#".repeat(million)).is_err());
        let wide: String = (0..100_000).map(|n| format!("type t{n}\n")).collect();
        assert_eq!(parse(&format!("model schema 1.1 {wide}")).unwrap().len(), 100_000);
    }
}

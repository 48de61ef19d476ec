//! The OpenFGA modelling language, schema 1.1: types, and the relations of each. No SQLite in here.
//!
//! [`parse`] reads a whole model, [`print`] writes one; a single rule is [`crate::model::definition`]'s. [`Vocabulary`] then looks at what rules name:
//! it refuses what OpenFGA refuses, save that a relation nobody can ever have is allowed, and answers no.
//!
//! Line breaks and indentation do not matter, for no two definitions could be taken for one without them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use crate::base::identifier::{BUILT_IN_SUBJECT_TYPES, check_type_slug};
use crate::base::refusal::{Refusal, Result, nearest};
use crate::model::definition::{Definition, Kind, Mention, Position, Reader, Restriction, RestrictionKind, is_reserved};

/// A type that a model defines, with its relations in the order in which they are written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TypeDefinition {
    pub(crate) name: String,
    pub(crate) relations: Vec<RelationDefinition>,
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

/// Whether a document is in this language and not in JSON: then it begins with a word or a comment.
pub(crate) fn is_language(document: &str) -> bool {
    match Reader::new(document).next.kind {
        Kind::Word(word) => word.starts_with(|c: char| c.is_alphabetic() || c == '_') && !matches!(word, "null" | "true" | "false"),
        // Nothing but comments, or nothing at all.
        Kind::End => document.trim_start().starts_with('#'),
        Kind::Mark(_) => false,
    }
}

/// Reads a whole model.
///
/// # Errors
/// A sentence that begins with the line and the column.
pub(crate) fn parse(text: &str) -> Result<Vec<TypeDefinition>> {
    let mut reader = Reader::new(text);
    if reader.is_word("module") || reader.is_word("extend") {
        return Err(not_built(&reader, "modules"));
    }
    if !reader.take_word("model") {
        return Err(reader.expected("`model`"));
    }
    if !reader.take_word("schema") {
        return Err(reader.expected("`schema 1.1`"));
    }
    if !reader.take_word("1.1") {
        return Err(match reader.next.kind {
            Kind::Word(version @ ("1.0" | "1.2")) => {
                reader.next.position.refused(format_args!("schema {version} is not built; write the model in `schema 1.1`"))
            }
            _ => reader.expected("`1.1`"),
        });
    }
    let mut types = Vec::new();
    let mut seen = HashMap::new();
    while reader.next.kind != Kind::End {
        if reader.is_word("extend") || reader.is_word("module") {
            return Err(not_built(&reader, "modules"));
        }
        if reader.is_word("condition") {
            return Err(not_built(&reader, "conditions"));
        }
        if !reader.take_word("type") {
            return Err(reader.expected(match types.is_empty() {
                true => "`type`",
                false => "`or`, `and`, `but not`, `relations`, `define`, `type` or the end",
            }));
        }
        let position = reader.next.position;
        let name = reader.name("type")?;
        if let Some(first) = seen.insert(name, position) {
            return Err(position.refused(format_args!("the type `{name}` is already defined at {first}")));
        }
        types.push(TypeDefinition { name: name.to_owned(), relations: relations(&mut reader)? });
    }
    Ok(types)
}

fn not_built(reader: &Reader<'_>, what: &str) -> Refusal {
    reader.next.position.refused(format_args!("{what} are not built; write one model of types and relations"))
}

/// `relations` and the definitions that follow it, where a type has any.
fn relations(reader: &mut Reader<'_>) -> Result<Vec<RelationDefinition>> {
    let mut relations = Vec::new();
    if !reader.take_word("relations") {
        return Ok(relations);
    }
    let mut seen = HashMap::new();
    if !reader.is_word("define") {
        return Err(reader.expected("`define`"));
    }
    while reader.take_word("define") {
        let position = reader.next.position;
        let name = reader.name("relation")?;
        check_relation_name(name).map_err(|error| position.refused(error))?;
        if let Some(first) = seen.insert(name, position) {
            return Err(position.refused(format_args!("the relation `{name}` is already defined at {first}")));
        }
        if !reader.take_mark(':') {
            return Err(reader.expected("`:`"));
        }
        // A definition left empty: the next line is not its rule.
        if reader.next.first_on_line && matches!(reader.next.kind, Kind::Word("define" | "type" | "extend" | "condition")) {
            return Err(reader.expected(&format!("the rule of `{name}`")));
        }
        let mut positions = Vec::new();
        let rule = reader.definition(&mut positions)?;
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

/// The types and relations that rules may name.
pub(crate) struct Vocabulary<'a> {
    /// Declared types; the subject types that are built in need not be among them.
    pub(crate) types: BTreeSet<&'a str>,
    pub(crate) relations: BTreeMap<&'a str, BTreeMap<&'a str, &'a Definition>>,
    /// In what a resource of a type may lie.
    pub(crate) parents: &'a BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Vocabulary<'a> {
    fn rule(&self, resource_type: &str, relation: &str) -> Option<&'a Definition> {
        self.relations.get(resource_type)?.get(relation).copied()
    }

    /// Whether there is such a relation. Groups have members without saying so, unless they have relations of their own; and what a
    /// resource lies in is its parent.
    fn has(&self, resource_type: &str, relation: &str) -> bool {
        match (resource_type, relation) {
            ("group", "member") if self.relations.get("group").is_none_or(BTreeMap::is_empty) => true,
            (_, "parent") if self.parents.get(resource_type).is_some_and(|parents| !parents.is_empty()) => true,
            _ => self.rule(resource_type, relation).is_some(),
        }
    }

    fn nearest_relation(&self, resource_type: &str, relation: &str) -> String {
        nearest(relation, self.relations.get(resource_type).into_iter().flat_map(|relations| relations.keys().copied()))
    }

    /// Looks at all that the definition of a relation names.
    ///
    /// # Errors
    /// A type or a relation that is not known; `from` a relation that does not simply list types.
    pub(crate) fn check(&self, resource_type: &str, definition: &RelationDefinition) -> Result<()> {
        for (mention, position) in definition.rule.mentions().into_iter().zip(&definition.positions) {
            let fault = match mention {
                Mention::Restriction(restriction) => self.fault_in_restriction(restriction),
                Mention::Computed(relation) => self.fault_in_relation(resource_type, relation),
                Mention::From { relation, through } => self.fault_in_from(resource_type, relation, through),
            };
            if let Some(fault) = fault {
                let error = position.refused(fault);
                return Err(match definition.place.as_str() {
                    "" => error,
                    place => Refusal::new(format!("{place}: {error}")),
                });
            }
        }
        Ok(())
    }

    fn fault_in_restriction(&self, restriction: &Restriction) -> Option<String> {
        let subject_type = &*restriction.subject_type;
        if !self.types.contains(subject_type) && !BUILT_IN_SUBJECT_TYPES.contains(&subject_type) {
            let known = self.types.iter().copied().chain(BUILT_IN_SUBJECT_TYPES);
            return Some(format!("unknown type `{subject_type}`{}", nearest(subject_type, known)));
        }
        match &restriction.kind {
            RestrictionKind::Userset(relation) => self.fault_in_relation(subject_type, relation),
            RestrictionKind::One | RestrictionKind::Every => None,
        }
    }

    fn fault_in_relation(&self, resource_type: &str, relation: &str) -> Option<String> {
        let near = || self.nearest_relation(resource_type, relation);
        (!self.has(resource_type, relation)).then(|| format!("the type `{resource_type}` has no relation `{relation}`{}", near()))
    }

    fn fault_in_from(&self, resource_type: &str, relation: &str, through: &str) -> Option<String> {
        let Some(rule) = self.rule(resource_type, through) else {
            let parents = self.parents.get(resource_type).filter(|_| through == "parent").into_iter().flatten().copied();
            return match parents.clone().next() {
                Some(_) => self.fault_in_leading_to(relation, through, parents),
                None => self.fault_in_relation(resource_type, through),
            };
        };
        let Definition::Direct(restrictions) = rule else {
            return Some(format!(
                "`from {through}` leads through `{through}`, whose rule `{rule}` is more than a list of types; only such a list can be followed"
            ));
        };
        if let Some(other) = restrictions.iter().find(|restriction| restriction.kind != RestrictionKind::One) {
            return Some(format!(
                "`from {through}` leads through `{through}`, which takes `{other}`; only a list of plain types can be followed"
            ));
        }
        self.fault_in_leading_to(relation, through, restrictions.iter().map(|restriction| &*restriction.subject_type))
    }

    /// One of the types that `through` leads to must have the relation.
    fn fault_in_leading_to<'t>(&self, relation: &str, through: &str, types: impl Iterator<Item = &'t str> + Clone) -> Option<String> {
        if types.clone().any(|resource_type| self.has(resource_type, relation)) {
            return None;
        }
        let near = types.clone().map(|resource_type| self.nearest_relation(resource_type, relation)).find(|near| !near.is_empty());
        let types: Vec<String> = types.map(|resource_type| format!("`{resource_type}`")).collect();
        Some(format!("no type of `{through}` ({}) has a relation `{relation}`{}", types.join(", "), near.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

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

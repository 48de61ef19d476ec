//! Models in both notations.

use crate::model::definition::Definition;
use crate::model::document::Document;
use crate::model::language;

/// The most bytes of a refusal: it is a sentence, whatever was given.
const LONGEST_REFUSAL: usize = 1000;

/// The rule of a relation: printing and reading again gives the same.
pub(super) fn rule(text: &str) {
    match Definition::parse(text) {
        Ok(rule) => {
            let printed = rule.to_string();
            assert_eq!(Definition::parse(&printed).unwrap(), rule, "{printed}");
            assert_eq!(rule.mentions().len(), Definition::parse_with_positions(text).unwrap().1.len(), "a mention without a position");
        }
        Err(refusal) => assert!(refusal.to_string().len() <= LONGEST_REFUSAL),
    }
}

/// A model in the modelling language: printing and reading again gives the same.
pub(super) fn language(text: &str) {
    let _ = language::is_language(text);
    match language::parse(text) {
        Ok(types) => {
            let print = |types: &[language::TypeDefinition]| {
                language::print(types.iter().map(|one| {
                    (one.name.as_str(), one.relations.iter().map(|relation| (relation.name.as_str(), &relation.rule)).collect())
                }))
            };
            let printed = print(&types);
            assert!(language::is_language(&printed));
            let again = language::parse(&printed).unwrap();
            assert_eq!(print(&again), printed);
            assert_eq!(again.len(), types.len());
        }
        Err(refusal) => assert!(refusal.to_string().len() <= LONGEST_REFUSAL),
    }
}

/// A model document in either notation: written as JSON, and as far as the language can say it, it is read as the same.
pub(super) fn document(text: &str) {
    match Document::parse(text) {
        Ok(document) => {
            let json = document.to_json();
            let again = Document::parse(&json.to_string()).unwrap();
            assert_eq!(again.to_json(), json);
            let printed = document.to_language();
            assert_eq!(Document::parse(&printed).unwrap().to_language(), printed);
        }
        Err(refusal) => assert!(refusal.to_string().len() <= LONGEST_REFUSAL),
    }
}

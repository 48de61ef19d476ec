//! What a binding says: which rows are the instances of a type, and which rows say who holds what.

use crate::base::identifier::check_id;

/// All bindings of a file.
#[derive(Debug, Default)]
pub(crate) struct Bindings {
    pub(crate) types: Vec<BoundType>,
    pub(crate) sources: Vec<Source>,
}

/// A type of resources or of subjects whose instances are rows of a table.
#[derive(Debug, Clone)]
pub(crate) struct BoundType {
    pub(crate) slug: String,
    pub(crate) table: String,
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    /// The first of them that applies to a row is where it lies
    pub(crate) parents: Vec<Parent>,
    pub(crate) condition: Option<String>,
    /// Whether triggers note what changes
    pub(crate) notes: bool,
}

/// A column with the id of a parent.
#[derive(Debug, Clone)]
pub(crate) struct Parent {
    pub(crate) resource_type: String,
    pub(crate) column: String,
    /// A column, and the value that it has where this parent is meant
    pub(crate) when: Option<(String, String)>,
}

/// What a row of a source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A subject holds a role on a resource
    Role,
    /// A subject has a relation to a resource
    Relation,
    /// A subject is a member of a group
    Member,
}

/// A table whose rows say who holds what.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) kind: Kind,
    pub(crate) table: String,
    pub(crate) subject: Template,
    pub(crate) resource_type: String,
    pub(crate) resource: Template,
    /// The role or the relation
    pub(crate) word: Word,
    pub(crate) expires: Option<String>,
    /// All of them hold for the rows that count
    pub(crate) conditions: Vec<String>,
    pub(crate) notes: bool,
}

/// A text in which the value of a column stands, such as `user:{author_id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) before: String,
    pub(crate) column: Option<String>,
    pub(crate) after: String,
}

/// A role or a relation: the same for all rows, or what a column says.
#[derive(Debug, Clone)]
pub(crate) enum Word {
    Fixed(String),
    Column {
        column: String,
        /// What its values mean, where they are not the names themselves
        values: Vec<(String, String)>,
    },
}

impl Template {
    /// The part of a text that a value would have to be, for the text to be what the template makes of it.
    pub(crate) fn value_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        let rest = text.strip_prefix(self.before.as_str())?.strip_suffix(self.after.as_str())?;
        match &self.column {
            Some(_) => Some(rest).filter(|value| !value.is_empty()),
            None => Some(rest).filter(|value| value.is_empty()),
        }
    }

    /// The text with a value in it. A value is never syntax: what would be read as a wildcard or a userset, or is no id, makes none.
    pub(crate) fn filled(&self, value: &str) -> Option<String> {
        is_id(value).then(|| format!("{}{value}{}", self.before, self.after))
    }

    /// The type of subject that the text names.
    pub(crate) fn subject_type(&self) -> &str {
        self.before.split(':').next().unwrap_or_default()
    }
}

impl Source {
    /// Where a row comes from, as an explanation names it.
    pub(crate) fn place(&self) -> String {
        match (&self.word, &self.subject.column) {
            (Word::Column { column, .. }, _) | (Word::Fixed(_), Some(column)) => format!("{}.{column}", self.table),
            (Word::Fixed(_), None) => self.table.clone(),
        }
    }

    /// The word that a row has, out of what its column says.
    pub(crate) fn word_of<'a>(&'a self, said: Option<&'a str>) -> Option<&'a str> {
        match &self.word {
            Word::Fixed(word) => Some(word),
            Word::Column { values, .. } if values.is_empty() => said,
            Word::Column { values, .. } => {
                let said = said?;
                values.iter().find(|(value, _)| value == said).map(|(_, word)| word.as_str())
            }
        }
    }
}

impl Bindings {
    /// The tables that are read, each once, in the order of their names.
    pub(crate) fn tables(&self) -> Vec<&str> {
        let all = self.types.iter().map(|one| one.table.as_str()).chain(self.sources.iter().map(|one| one.table.as_str()));
        let mut tables: Vec<&str> = all.collect();
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    /// Whether triggers on a table note what changes there: all that is bound to it wants that.
    pub(crate) fn notes(&self, table: &str) -> bool {
        self.types.iter().filter(|one| one.table == table).all(|one| one.notes)
            && self.sources.iter().filter(|one| one.table == table).all(|one| one.notes)
    }
}

/// Whether a value may be an id.
pub(crate) fn is_id(value: &str) -> bool {
    check_id("id", value).is_ok() || value.parse::<i64>().is_ok()
}

/// A name as SQL quotes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL quotes it.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

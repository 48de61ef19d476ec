//! From JSON to bindings, and what is refused. Whether the tables and columns are there is looked at by whoever binds them.

use serde_json::{Map, Value};

use super::condition;
use super::entries::{Bindings, BoundType, Kind, Parent, Source, Template, Word, literal, quoted};
use crate::base::identifier::{check_slug, check_type_slug};
use crate::base::json::values;
use crate::base::refusal::{Refusal, Result, nearest, shown};

/// The sections of a document that are no types.
pub(crate) const SECTIONS: [&str; 3] = ["assignments", "groups", "relationships"];

impl Bindings {
    /// Reads a document.
    ///
    /// # Errors
    /// A sentence that names the place and what is wrong there.
    pub(crate) fn parse(text: &str) -> Result<Bindings> {
        let document = values(text).map_err(|error| Refusal::new(format!("the bindings are not valid JSON: {error}")))?;
        let Value::Object(document) = document else {
            return Err(Refusal::new("the bindings are no JSON object; write the types, each with its table, by name"));
        };
        Bindings::of(&document)
    }

    /// The same, out of the object.
    pub(crate) fn of(document: &Map<String, Value>) -> Result<Bindings> {
        let mut bindings = Bindings::default();
        for (name, entry) in document {
            match name.as_str() {
                "assignments" | "groups" | "relationships" => {
                    let Value::Array(entries) = entry else { return refused(name, "it must be an array of objects, one for each table") };
                    for (index, entry) in entries.iter().enumerate() {
                        let fields = Fields::of(format!("{name}[{index}]"), entry)?;
                        bindings.sources.extend(match name.as_str() {
                            "assignments" => assignments(&fields)?,
                            "groups" => members(&fields)?,
                            _ => relationships(&fields)?,
                        });
                    }
                }
                slug => {
                    check_type_slug("type", slug)?;
                    let fields = Fields::of(slug.to_owned(), entry)?;
                    let (bound, sources) = bound_type(slug, &fields)?;
                    bindings.types.push(bound);
                    bindings.sources.extend(sources);
                }
            }
        }
        Ok(bindings)
    }
}

fn refused<T>(place: &str, why: impl std::fmt::Display) -> Result<T> {
    Err(Refusal::new(format!("{place}: {why}")))
}

/// The fields of an object, with the place where it stands.
struct Fields<'a> {
    place: String,
    all: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    fn of(place: String, json: &'a Value) -> Result<Fields<'a>> {
        match json {
            Value::Object(all) => Ok(Fields { place, all }),
            _ => refused(&place, "it must be an object"),
        }
    }

    fn only(&self, known: &[&str]) -> Result<()> {
        match self.all.keys().find(|field| !known.contains(&field.as_str())) {
            Some(field) => {
                let near = nearest(field, known.iter().copied());
                refused(&self.place, format!("unknown field `{}`{near}; the fields are {}", shown(field), known.join(", ")))
            }
            None => Ok(()),
        }
    }

    fn inner(&self, field: &str) -> String {
        format!("{}.{field}", self.place)
    }

    fn get(&self, field: &str) -> Option<&'a Value> {
        self.all.get(field).filter(|value| !value.is_null())
    }

    fn text(&self, field: &str) -> Result<Option<String>> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
            Some(_) => refused(&self.inner(field), "it must be a string"),
        }
    }

    fn required(&self, field: &str) -> Result<String> {
        match self.text(field)? {
            Some(text) => Ok(text),
            None => refused(&self.place, format!("the field `{field}` is missing")),
        }
    }

    fn truth(&self, field: &str, otherwise: bool) -> Result<bool> {
        match self.get(field) {
            None => Ok(otherwise),
            Some(Value::Bool(truth)) => Ok(*truth),
            Some(_) => refused(&self.inner(field), "it must be true or false"),
        }
    }

    fn condition(&self) -> Result<Option<String>> {
        let condition = self.text("where")?;
        if let Some(condition) = &condition {
            condition::check(&self.inner("where"), condition)?;
        }
        Ok(condition)
    }

    /// What the values of columns mean: `{"column": …, "values": {"w": "editor"}}`.
    fn values(&self) -> Result<Vec<(String, String)>> {
        let Some(json) = self.get("values") else { return Ok(Vec::new()) };
        let fields = Fields::of(self.inner("values"), json)?;
        fields.all.keys().map(|value| Ok((value.clone(), fields.required(value)?))).collect()
    }
}

fn bound_type(slug: &str, fields: &Fields<'_>) -> Result<(BoundType, Vec<Source>)> {
    fields.only(&["table", "id", "name", "email", "parent", "relations", "where", "notes", "events"])?;
    if fields.truth("events", false)? {
        return refused(&fields.inner("events"), "events of bound rows are not written; leave it out");
    }
    let (table, id) = (fields.required("table")?, fields.text("id")?.unwrap_or_else(|| "id".to_owned()));
    let (condition, notes) = (fields.condition()?, fields.truth("notes", true)?);
    let parents = match fields.get("parent") {
        None => Vec::new(),
        Some(json) => parents(&fields.inner("parent"), json)?,
    };
    let mut sources = Vec::new();
    if let Some(json) = fields.get("relations") {
        let relations = Fields::of(fields.inner("relations"), json)?;
        for (name, json) in relations.all {
            check_type_slug("relation", name)?;
            let place = relations.inner(name);
            let alternatives = match json {
                Value::Array(all) => all.iter().collect(),
                one => vec![one],
            };
            for (index, one) in alternatives.into_iter().enumerate() {
                let place = if json.is_array() { format!("{place}[{index}]") } else { place.clone() };
                let mut own = Vec::new();
                let (subject, mapped, expires) = match one {
                    Value::String(text) => (text.clone(), Vec::new(), None),
                    json => {
                        let inner = Fields::of(place.clone(), json)?;
                        inner.only(&["subject", "where", "values", "expires"])?;
                        own.extend(inner.condition()?);
                        (inner.required("subject")?, inner.values()?, inner.text("expires")?)
                    }
                };
                for (subject, when) in subjects(&place, &subject, &mapped)? {
                    let conditions = condition.iter().chain(&own).cloned().chain(when).collect();
                    sources.push(Source {
                        kind: Kind::Relation,
                        table: table.clone(),
                        subject,
                        resource_type: slug.to_owned(),
                        resource: Template { before: String::new(), column: Some(id.clone()), after: String::new() },
                        word: Word::Fixed(name.clone()),
                        expires: expires.clone(),
                        conditions,
                        notes,
                    });
                }
            }
        }
    }
    let name = fields.text("name")?;
    fields.text("email")?;
    Ok((BoundType { slug: slug.to_owned(), table, id, name, parents, condition, notes }, sources))
}

/// One parent, several of which the first that is not NULL counts, or one whose type a column says.
fn parents(place: &str, json: &Value) -> Result<Vec<Parent>> {
    let all = match json {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    };
    let mut parents = Vec::new();
    for (index, one) in all.into_iter().enumerate() {
        let place = if json.is_array() { format!("{place}[{index}]") } else { place.to_owned() };
        let fields = Fields::of(place, one)?;
        fields.only(&["type", "column"])?;
        let column = fields.required("column")?;
        match fields.get("type") {
            Some(Value::String(slug)) => {
                check_type_slug("type of the parent", slug)?;
                parents.push(Parent { resource_type: slug.clone(), column, when: None });
            }
            Some(json) => {
                let said = Fields::of(fields.inner("type"), json)?;
                said.only(&["column", "values"])?;
                let (says, values) = (said.required("column")?, said.values()?);
                if values.is_empty() {
                    return refused(&said.place, "`values` is missing: it says which type each value of the column means");
                }
                for (value, slug) in values {
                    check_type_slug("type of the parent", &slug)?;
                    parents.push(Parent { resource_type: slug, column: column.clone(), when: Some((says.clone(), value)) });
                }
            }
            None => return refused(&fields.place, "the field `type` is missing: the type of the parent"),
        }
    }
    Ok(parents)
}

fn template(place: &str, text: &str) -> Result<Template> {
    let Some((before, rest)) = text.split_once('{') else {
        return Ok(Template { before: text.to_owned(), column: None, after: String::new() });
    };
    match rest.split_once('}') {
        Some((column, after)) if !column.is_empty() && !after.contains('{') => {
            Ok(Template { before: before.to_owned(), column: Some(column.to_owned()), after: after.to_owned() })
        }
        _ => refused(place, format!("`{}` is not understood; one column may stand in it, between braces", shown(text))),
    }
}

/// A subject such as `user:{author_id}`. Where its type is a column, `{kind}:{id}`, there is one for each value that has a meaning, with the
/// condition under which it is meant.
fn subjects(place: &str, text: &str, values: &[(String, String)]) -> Result<Vec<(Template, Option<String>)>> {
    if let Some((column, rest)) = text.strip_prefix('{').and_then(|rest| rest.split_once("}:")) {
        if values.is_empty() {
            return refused(place, "the type of the subject is a column, so `values` must say which type each of its values means");
        }
        return values
            .iter()
            .map(|(value, slug)| {
                let when = format!("{} = {}", quoted(column), literal(value));
                Ok((subject(place, &format!("{slug}:{rest}"))?, Some(when)))
            })
            .collect();
    }
    Ok(vec![(subject(place, text)?, None)])
}

fn subject(place: &str, text: &str) -> Result<Template> {
    let found = template(place, text)?;
    let Some((subject_type, _)) = found.before.split_once(':') else {
        return refused(place, format!("the subject `{}` has no type; write it as `user:{{column}}`", shown(text)));
    };
    check_type_slug("subject type", subject_type)?;
    Ok(found)
}

fn word(fields: &Fields<'_>, field: &str) -> Result<Word> {
    match fields.get(field) {
        Some(Value::String(word)) => {
            check_slug(field, word)?;
            Ok(Word::Fixed(word.clone()))
        }
        Some(json) => {
            let inner = Fields::of(fields.inner(field), json)?;
            inner.only(&["column", "values"])?;
            Ok(Word::Column { column: inner.required("column")?, values: inner.values()? })
        }
        None => refused(&fields.place, format!("the field `{field}` is missing: a name, or `{{\"column\": …}}`")),
    }
}

/// The type and the column of the resource that a row is about.
fn resource(fields: &Fields<'_>) -> Result<(String, Template)> {
    let Some(json) = fields.get("resource") else { return refused(&fields.place, "the field `resource` is missing") };
    let inner = Fields::of(fields.inner("resource"), json)?;
    inner.only(&["type", "column"])?;
    let slug = inner.required("type")?;
    check_type_slug("resource type", &slug)?;
    Ok((slug, Template { before: String::new(), column: Some(inner.required("column")?), after: String::new() }))
}

fn assignments(fields: &Fields<'_>) -> Result<Vec<Source>> {
    fields.only(&["table", "subject", "role", "resource", "expires", "where", "values", "notes"])?;
    let (resource_type, resource) = resource(fields)?;
    sources(fields, Kind::Role, "subject", (resource_type, resource), word(fields, "role")?)
}

fn relationships(fields: &Fields<'_>) -> Result<Vec<Source>> {
    fields.only(&["table", "subject", "relation", "resource", "expires", "where", "values", "notes"])?;
    let (resource_type, resource) = resource(fields)?;
    sources(fields, Kind::Relation, "subject", (resource_type, resource), word(fields, "relation")?)
}

fn members(fields: &Fields<'_>) -> Result<Vec<Source>> {
    fields.only(&["table", "group", "member", "where", "values", "notes"])?;
    let group = fields.required("group")?;
    let group = template(&fields.inner("group"), group.strip_prefix("group:").unwrap_or(&group))?;
    sources(fields, Kind::Member, "member", ("group".to_owned(), group), Word::Fixed("member".to_owned()))
}

fn sources(fields: &Fields<'_>, kind: Kind, who: &str, resource: (String, Template), word: Word) -> Result<Vec<Source>> {
    let (resource_type, resource) = resource;
    let table = fields.required("table")?;
    let (expires, condition, notes) = (fields.text("expires")?, fields.condition()?, fields.truth("notes", true)?);
    let mut sources = Vec::new();
    for (subject, when) in subjects(&fields.inner(who), &fields.required(who)?, &fields.values()?)? {
        if kind != Kind::Relation && (subject.after.contains('#') || subject.before.contains('#') || subject.before.ends_with(":*")) {
            return refused(
                &fields.inner(who),
                "it is a userset or a wildcard; roles and places in groups go to one subject, or to a group such as `group:{team_id}`",
            );
        }
        sources.push(Source {
            kind,
            table: table.clone(),
            subject,
            resource_type: resource_type.clone(),
            resource: resource.clone(),
            word: word.clone(),
            expires: expires.clone(),
            conditions: condition.iter().cloned().chain(when).collect(),
            notes,
        });
    }
    Ok(sources)
}

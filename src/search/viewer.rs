//! What a viewer may see: the one place where search asks the evaluator.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use rusqlite::params;
use rusqlite::types::{Value, ValueRef};

use super::text::Folded;
use crate::access::check::check;
use crate::base::identifier::{Id, Subject, SubjectId};
use crate::base::refusal::shown;
use crate::facts::catalog::check_subject_type;
use crate::facts::store::Store;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};

/// A resource by its canonical name.
pub(crate) type Key = (Rc<str>, Id);

/// Who looks.
pub(crate) enum Viewer {
    /// Sees what the model lets this subject see.
    Subject(String),
    /// Sees everything.
    Administrator,
}

/// What makes the instances of a type visible.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum VisibleBy {
    Permission(Rc<str>),
    /// That something below is visible
    Below,
    Always,
}

/// The types of which something may be visible, and by which rule.
pub(crate) type VisibleTypes = Rc<[(Rc<str>, VisibleBy)]>;

/// A resource that may be found, with its name made ready.
pub(crate) struct Entry {
    pub(crate) resource_type: Rc<str>,
    pub(crate) id: Value,
    pub(crate) title: Box<str>,
    pub(crate) folded: Folded,
}

impl Entry {
    pub(crate) fn new(resource_type: &Rc<str>, id: Value, name: Option<&str>) -> Entry {
        let title: Box<str> = title(&id, name).into();
        Entry { resource_type: Rc::clone(resource_type), folded: Folded::of(&title), id, title }
    }
}

/// Everything that a viewer may see.
pub(crate) struct VisibleTitles {
    entries: Vec<Entry>,
    /// Of the letters of each title, side by side: most titles are passed over by a look at these
    classes: Vec<u64>,
}

impl VisibleTitles {
    pub(crate) fn new(entries: Vec<Entry>) -> VisibleTitles {
        VisibleTitles { classes: entries.iter().map(|entry| entry.folded.classes).collect(), entries }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Those whose letters lack at most one of the classes that are asked for, with their own.
    pub(crate) fn with_most_of(&self, asked: u64) -> impl Iterator<Item = (u64, &Entry)> {
        let missing = move |classes: &u64| asked & !classes;
        let close =
            self.classes.iter().zip(&self.entries).filter(move |(classes, _)| missing(classes) & missing(classes).wrapping_sub(1) == 0);
        close.map(|(classes, entry)| (*classes, entry))
    }
}

/// What a resource is called: its name or, without one, its id.
pub(crate) fn title(id: &Value, name: Option<&str>) -> String {
    match name {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => Id::stored(ValueRef::from(id)).to_string(),
    }
}

/// Where a resource lies, and what it is called.
struct NamedPlace {
    parent: Option<(Rc<str>, Value)>,
    title: String,
}

/// The eyes of a viewer during one search.
pub(crate) struct Eyes<'a> {
    store: &'a Store,
    engine: &'a Engine,
    viewer: &'a Viewer,
    rules: VisibleTypes,
    places: RefCell<HashMap<Key, Option<Rc<NamedPlace>>>>,
    seen: RefCell<HashMap<Key, bool>>,
}

impl<'a> Eyes<'a> {
    /// The eyes of a viewer; `rules` says what makes resources visible to it.
    ///
    /// # Errors
    /// The subject is none, or its type is not known.
    pub(crate) fn of(store: &'a Store, viewer: &'a Viewer, rules: impl FnOnce() -> Result<VisibleTypes>) -> Result<Eyes<'a>> {
        if let Viewer::Subject(subject) = viewer {
            check_subject(&store.engine, subject)?;
        }
        Ok(Eyes { store, engine: &store.engine, viewer, rules: rules()?, places: RefCell::default(), seen: RefCell::default() })
    }

    /// The types of which something may be visible.
    pub(crate) fn types(&self) -> impl Iterator<Item = &Rc<str>> {
        self.rules.iter().map(|(slug, _)| slug)
    }

    pub(crate) fn rule(&self, resource_type: &str) -> Option<(&Rc<str>, &VisibleBy)> {
        self.rules.iter().find(|(slug, _)| &**slug == resource_type).map(|(slug, rule)| (slug, rule))
    }

    fn subject(&self) -> &str {
        match self.viewer {
            Viewer::Subject(subject) => subject,
            Viewer::Administrator => "",
        }
    }

    /// Whether the viewer may see a resource.
    pub(crate) fn see(&self, resource_type: &str, id: &Value) -> Result<bool> {
        let Some((slug, rule)) = self.rule(resource_type) else { return Ok(false) };
        let key = (Rc::clone(slug), Id::stored(ValueRef::from(id)));
        if let Some(seen) = self.seen.borrow().get(&key) {
            return Ok(*seen);
        }
        let sees = match rule {
            VisibleBy::Always => true,
            VisibleBy::Permission(permission) => self.has(permission, slug, id)?,
            VisibleBy::Below => self.see_something_below(slug, id)?,
        };
        self.seen.borrow_mut().insert(key, sees);
        Ok(sees)
    }

    fn has(&self, permission: &str, resource_type: &str, id: &Value) -> Result<bool> {
        let [subject, permission, resource_type] = [self.subject(), permission, resource_type].map(|text| ValueRef::Text(text.as_bytes()));
        check(self.store, [subject, permission, resource_type, ValueRef::from(id)])
    }

    fn see_something_below(&self, resource_type: &str, id: &Value) -> Result<bool> {
        for (below, permission) in pairs(self.engine, include_str!("../../sql/search/viewer/types_below.sql"), &[&resource_type])? {
            let found = self.engine.with(include_str!("../../sql/search/viewer/any_visible_under.sql"), |statement| {
                Ok(statement.exists(params![self.subject(), permission, below, resource_type, id])?)
            })?;
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a permission is had on a resource or, where none is named, on any. One that is gone is had by nobody.
    pub(crate) fn hold(&self, permission: &str, on: Option<(&str, &Value)>) -> Result<bool> {
        if matches!(self.viewer, Viewer::Administrator) {
            return Ok(true);
        }
        let Some(of) = type_of_permission(self.engine, permission)? else { return Ok(false) };
        match on {
            Some((resource_type, id)) => Ok(of == resource_type && self.has(permission, resource_type, id)?),
            None => self.engine.with(include_str!("../../sql/search/viewer/any_visible.sql"), |statement| {
                Ok(statement.exists(params![self.subject(), permission, of])?)
            }),
        }
    }

    /// Whether anything was ever said about the viewer.
    pub(crate) fn are_known(&self) -> Result<bool> {
        match self.viewer {
            Viewer::Administrator => Ok(true),
            Viewer::Subject(subject) => {
                let is_in = |sql| self.engine.with(sql, |statement| Ok(statement.query_row([subject], |row| row.get::<_, bool>(0))?));
                Ok(is_in(include_str!("../../sql/search/viewer/known.sql"))?
                    || where_there(is_in(include_str!("../../sql/search/viewer/known_user.sql")))? == Some(true)
                    || where_there(is_in(include_str!("../../sql/search/viewer/known_related.sql")))? == Some(true))
            }
        }
    }

    /// Everything that the viewer may see, if that is not more than `most`.
    pub(crate) fn everything(&self, most: usize) -> Result<Option<VisibleTitles>> {
        let mut entries: Vec<Entry> = Vec::new();
        for (slug, rule) in self.rules.iter() {
            let VisibleBy::Permission(permission) = rule else { continue };
            let room = most.saturating_sub(entries.len());
            self.engine.with(include_str!("../../sql/search/viewer/visible.sql"), |statement| {
                let limit = i64::try_from(room.saturating_add(1)).unwrap_or(i64::MAX);
                let mut rows = statement.query(params![self.subject(), permission, slug, limit])?;
                while let Some(row) = rows.next()? {
                    entries.push(Entry::new(slug, row.get(0)?, text(row.get_ref(1)?).as_deref()));
                }
                Ok(())
            })?;
            if entries.len() > most {
                return Ok(None);
            }
        }
        if self.rules.iter().any(|(_, rule)| *rule == VisibleBy::Below) {
            // What lies above something visible, each once, all the way up: above what was met before has been gone before.
            let mut met: HashSet<Key> = HashSet::new();
            let mut above = Vec::new();
            for entry in &entries {
                let mut here = self.place(&entry.resource_type, &entry.id)?;
                while let Some((resource_type, id)) = here.as_ref().and_then(|place| place.parent.clone()) {
                    if !met.insert((Rc::clone(&resource_type), Id::stored(ValueRef::from(&id)))) {
                        break;
                    }
                    here = self.place(&resource_type, &id)?;
                    if let (Some((slug, VisibleBy::Below)), Some(place)) = (self.rule(&resource_type), &here) {
                        above.push(Entry::new(slug, id, Some(&place.title)));
                    }
                }
            }
            entries.append(&mut above);
        }
        Ok(Some(VisibleTitles::new(entries)))
    }

    fn place(&self, resource_type: &Rc<str>, id: &Value) -> Result<Option<Rc<NamedPlace>>> {
        let key = (Rc::clone(resource_type), Id::stored(ValueRef::from(id)));
        if let Some(place) = self.places.borrow().get(&key) {
            return Ok(place.clone());
        }
        let place = self.engine.with(include_str!("../../sql/search/viewer/place.sql"), |statement| {
            let mut rows = statement.query(params![resource_type, id])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let parent = match row.get::<_, Option<String>>(0)? {
                Some(slug) => Some((self.rule(&slug).map_or_else(|| slug.as_str().into(), |(slug, _)| Rc::clone(slug)), row.get(1)?)),
                None => None,
            };
            Ok(Some(Rc::new(NamedPlace { parent, title: title(id, text(row.get_ref(2)?).as_deref()) })))
        })?;
        self.places.borrow_mut().insert(key, place.clone());
        Ok(place)
    }

    /// The names of what a visible resource lies in, the nearest first, with their ids; `None` for one that the viewer may not see.
    pub(crate) fn above(&self, resource_type: &str, id: &Value) -> Result<Vec<Option<(String, Value)>>> {
        let Some((slug, _)) = self.rule(resource_type) else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        let mut met: HashSet<Key> = HashSet::new();
        let mut next = self.place(slug, id)?.and_then(|place| place.parent.clone());
        while let Some((slug, id)) = next {
            // A cycle can only have been made by hand.
            if !met.insert((Rc::clone(&slug), Id::stored(ValueRef::from(&id)))) {
                break;
            }
            let Some(place) = self.place(&slug, &id)? else { break };
            let visible = match self.rule(&slug) {
                // Below it lies the resource itself, which is visible.
                Some((_, VisibleBy::Below)) => true,
                _ => self.see(&slug, &id)?,
            };
            names.push(visible.then(|| (place.title.clone(), id)));
            next = place.parent.clone();
        }
        Ok(names)
    }

    /// The registered resources with this id: a search that pastes one.
    pub(crate) fn with_id(&self, given: &str) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        for (slug, _) in self.rules.iter() {
            // `document:42` names the type too.
            let of_type = given.split_once(':').filter(|(before, _)| *before == &**slug).map(|(_, after)| after);
            for id in [Some(given), of_type].into_iter().flatten() {
                let (first, second) = Id::of(id).as_ref().forms();
                self.engine.with(include_str!("../../sql/search/viewer/by_id.sql"), |statement| {
                    let mut rows = statement.query(params![slug, first, second])?;
                    if let Some(row) = rows.next()? {
                        found.push(Entry::new(slug, row.get(0)?, text(row.get_ref(1)?).as_deref()));
                    }
                    Ok(())
                })?;
            }
        }
        Ok(found)
    }
}

/// What makes resources visible to a viewer, type by type.
pub(crate) fn visible_types(engine: &Engine, viewer: &Viewer) -> Result<VisibleTypes> {
    Ok(match viewer {
        Viewer::Subject(_) => pairs(engine, include_str!("../../sql/search/viewer/types.sql"), &[])?
            .into_iter()
            .map(|(slug, search)| if &*search == "*" { (slug, VisibleBy::Below) } else { (slug, VisibleBy::Permission(search)) })
            .collect(),
        Viewer::Administrator => {
            let all = engine.strings(include_str!("../../sql/search/viewer/all_types.sql"), params![])?;
            all.into_iter().map(|slug| (slug.into(), VisibleBy::Always)).collect()
        }
    })
}

/// The resource type of a permission, `None` if there is no such permission.
pub(crate) fn type_of_permission(engine: &Engine, permission: &str) -> Result<Option<String>> {
    engine.with(include_str!("../../sql/search/viewer/permission_type.sql"), |statement| {
        let mut rows = statement.query([permission])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    })
}

fn check_subject(engine: &Engine, text: &str) -> Result<()> {
    let subject = Subject::parse(text)?;
    if !matches!(subject.id, SubjectId::One(_)) {
        return Err(Error::refused(format!("the subject `{}` is not one subject; write `type:id`, such as `user:ana`", shown(text))));
    }
    check_subject_type(engine, &subject.subject_type)
}

/// The answer of a statement about a table that not every file has.
pub(crate) fn where_there<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.lacks_schema() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A text as it is stored; what is not UTF-8, and can only have been forced in, is shown as far as it can be.
pub(crate) fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

fn pairs(engine: &Engine, sql: &'static str, parameters: &[&dyn rusqlite::ToSql]) -> Result<Vec<(Rc<str>, Rc<str>)>> {
    engine.with(sql, |statement| {
        let rows = statement.query_map(parameters, |row| Ok((row.get::<_, String>(0)?.into(), row.get::<_, String>(1)?.into())))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    })
}

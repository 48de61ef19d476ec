//! The facts, as the tables tell them, and what of them is kept between questions.
//!
//! **Never stale.** Only what has been committed is kept, and it is kept under the revision at which it was read (see `_authz_revision`
//! in the schema: a random token that every write of ours replaces):
//!
//! * while the connection reads, SQLite's data version tells whether anybody has committed since; if so, the token tells whether that
//!   commit concerned us;
//! * while the connection has written and not committed, nothing is taken from here and nothing is kept: each question reads afresh,
//!   and so sees the uncommitted rows, and sees them vanish again with ROLLBACK or ROLLBACK TO;
//! * with no transaction open, a statement is held open during the question, so that all of it sees one state of the file.
//!
//! **Bounded.** When more than [`MOST_KEPT`] entries have gathered, all are forgotten before the next question.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Row;
use rusqlite::types::Value;

use crate::decision::{Facts, Holding, Millis, Node, RoleKey, RoleSet, Who};
use crate::engine::{Engine, Transaction};
use crate::error::{Error, Result, nearest, shown};
use crate::identifier::{BUILT_IN_SUBJECT_TYPES, Id, Subject, SubjectId};

/// How many entries are kept at the most, each of some 30 to 100 bytes.
const MOST_KEPT: usize = 400_000;

/// Beyond this many groups or assignments, a subject is not gathered whole but looked up where the question leads.
const MOST_GATHERED: usize = 50_000;

/// A resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TypeKey(pub(crate) u32);

/// What a connection keeps.
#[derive(Default)]
pub(crate) struct Store {
    kept: Kept,
    /// Data version and revision under which `kept` was read
    valid_at: Option<(u32, i64)>,
    /// How often what was kept had to be forgotten, for `authz_debug()`
    pub(crate) forgotten: u64,
}

impl Store {
    /// Keeps nothing any more.
    pub(crate) fn forget(&mut self) {
        self.kept = Kept::default();
        self.valid_at = None;
    }

    /// How many entries are kept.
    pub(crate) fn entries(&self) -> usize {
        self.kept.entries
    }
}

/// Everything read so far. Resources, subjects, roles and types are numbered as they are met.
#[derive(Default)]
struct Kept {
    entries: usize,
    types: Option<Rc<Types>>,
    nodes: Vec<NodeEntry>,
    node_by_number: HashMap<(TypeKey, i64), Node>,
    node_by_text: HashMap<TypeKey, HashMap<Box<str>, Node>>,
    subjects: Vec<SubjectEntry>,
    subject_by_text: HashMap<Box<str>, Who>,
    roles: Vec<Role>,
    role_by_name: HashMap<Role, RoleKey>,
    permissions: HashMap<Box<str>, Permission>,
}

struct NodeEntry {
    resource_type: TypeKey,
    id: Id,
    /// The id is stored as text although it is that of an integer
    stored_as_text: bool,
    /// `None` until it was looked up
    row: Option<Registered>,
}

#[derive(Clone, Copy)]
enum Registered {
    No,
    Root,
    Below(Node),
}

struct SubjectEntry {
    /// The subject itself, then the groups that contain it, as subjects; each with the place of the one it was reached from
    carriers: Vec<(Box<str>, usize)>,
    /// What they hold, by resource; `None` when it is too much to gather, or not worth it
    held: Option<HashMap<Node, Vec<Holding>>>,
}

/// A role's slug and, for an organization role, its organization.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Role {
    pub(crate) slug: Box<str>,
    pub(crate) organization: Option<Id>,
}

/// A permission: the type it belongs to and the roles that hold it.
struct Permission {
    resource_type: TypeKey,
    granted_by: Rc<RoleSet>,
}

/// The hierarchy of resource types.
pub(crate) struct Types {
    slugs: Vec<Box<str>>,
    keys: HashMap<Box<str>, TypeKey>,
    parents: Vec<Vec<TypeKey>>,
}

impl Types {
    fn add(&mut self, slug: &str) -> TypeKey {
        if let Some(key) = self.keys.get(slug) {
            return *key;
        }
        let key = TypeKey(u32::try_from(self.slugs.len()).unwrap_or(u32::MAX));
        self.slugs.push(slug.into());
        self.keys.insert(slug.into(), key);
        self.parents.push(Vec::new());
        key
    }

    pub(crate) fn slug(&self, key: TypeKey) -> &str {
        self.slugs.get(key.0 as usize).map_or("", |slug| slug)
    }

    /// The types of which something may have children.
    pub(crate) fn holders(&self) -> HashSet<TypeKey> {
        self.parents.iter().flatten().copied().collect()
    }

    /// The types in which something of type `key` may lie at any depth, `key` itself included.
    pub(crate) fn at_or_above(&self, key: TypeKey) -> HashSet<TypeKey> {
        let mut seen = HashSet::from([key]);
        let mut open = vec![key];
        while let Some(parents) = open.pop().and_then(|next| self.parents.get(next.0 as usize)) {
            open.extend(parents.iter().filter(|parent| seen.insert(**parent)));
        }
        seen
    }
}

/// A row of the role assignments, for explanations and lists.
pub(crate) struct Assignment {
    pub(crate) subject: String,
    pub(crate) role: RoleKey,
    pub(crate) expires_at: Option<String>,
    pub(crate) source: String,
}

impl Assignment {
    pub(crate) fn is_live(&self, now: Millis) -> bool {
        millis(self.expires_at.as_deref()) > now
    }
}

impl Engine {
    /// Answers one question over one state of the file.
    pub(crate) fn read<T>(&self, question: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        match self.transaction() {
            Transaction::Write => question(&mut Reader::afresh(self)),
            Transaction::Read => self.read_kept(question),
            Transaction::None => self.with(include_str!("../sql/store/revision.sql"), |statement| {
                let mut rows = statement.query([])?;
                rows.next()?;
                self.read_kept(question)
            }),
        }
    }

    fn read_kept<T>(&self, question: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        // Borrowed already only where a question is asked from within another: somebody put a view in the place of one of our tables.
        let Ok(mut store) = self.store.try_borrow_mut() else {
            return question(&mut Reader::afresh(self));
        };
        let version = self.data_version();
        if store.valid_at.is_none_or(|(valid_version, _)| valid_version != version) {
            let token =
                self.with(include_str!("../sql/store/revision.sql"), |statement| Ok(statement.query_row([], |row| row.get::<_, i64>(0))?))?;
            if store.valid_at.is_none_or(|(_, valid_token)| valid_token != token) {
                store.forgotten += u64::from(store.valid_at.is_some());
                store.forget();
            }
            store.valid_at = Some((version, token));
        }
        if store.kept.entries > MOST_KEPT {
            store.forgotten += 1;
            store.kept = Kept::default();
        }
        let answer = question(&mut Reader { engine: self, kept: Slot::Borrowed(&mut store.kept), gather: true });
        if answer.is_err() {
            // An interrupt may have left something half read.
            store.forget();
        }
        answer
    }
}

/// The time by which expiry is judged.
pub(crate) fn now() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX))
}

/// An `expires_at` as a number. A text that is no time has expired: the schema lets none in.
fn millis(expires_at: Option<&str>) -> Millis {
    match expires_at {
        None => Millis::MAX,
        Some(text) => chrono::DateTime::parse_from_rfc3339(text).map_or(Millis::MIN, |time| time.timestamp_millis()),
    }
}

enum Slot<'a> {
    Borrowed(&'a mut Kept),
    Owned(Box<Kept>),
}

impl std::ops::Deref for Slot<'_> {
    type Target = Kept;
    fn deref(&self) -> &Kept {
        match self {
            Slot::Borrowed(kept) => kept,
            Slot::Owned(kept) => kept,
        }
    }
}

impl std::ops::DerefMut for Slot<'_> {
    fn deref_mut(&mut self) -> &mut Kept {
        match self {
            Slot::Borrowed(kept) => kept,
            Slot::Owned(kept) => kept,
        }
    }
}

/// Reads facts, from what is kept or from the tables.
pub(crate) struct Reader<'a> {
    engine: &'a Engine,
    kept: Slot<'a>,
    /// Whether it pays to gather all that a subject holds
    gather: bool,
}

impl<'a> Reader<'a> {
    fn afresh(engine: &'a Engine) -> Reader<'a> {
        Reader { engine, kept: Slot::Owned(Box::default()), gather: false }
    }

    /// The hierarchy of resource types.
    pub(crate) fn types(&mut self) -> Result<Rc<Types>> {
        if self.kept.types.is_none() {
            let mut types = Types { slugs: Vec::new(), keys: HashMap::new(), parents: Vec::new() };
            self.engine.with(include_str!("../sql/store/types.sql"), |statement| {
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    let key = types.add(&row.get::<_, String>(0)?);
                    if let Some(parent) = row.get::<_, Option<String>>(1)? {
                        let parent = types.add(&parent);
                        if let Some(parents) = types.parents.get_mut(key.0 as usize) {
                            parents.push(parent);
                        }
                    }
                }
                Ok(())
            })?;
            self.kept.types = Some(Rc::new(types));
        }
        self.kept.types.clone().ok_or(Error::NoSchema)
    }

    /// The type named `slug`.
    ///
    /// # Errors
    /// There is none; the sentence suggests the nearest.
    pub(crate) fn resource_type(&mut self, slug: &str) -> Result<TypeKey> {
        let types = self.types()?;
        types.keys.get(slug).copied().ok_or_else(|| {
            Error::refused(format!("unknown resource type `{}`{}", shown(slug), nearest(slug, types.slugs.iter().map(AsRef::as_ref))))
        })
    }

    /// The roles that hold `permission`, which must belong to `resource_type`.
    ///
    /// # Errors
    /// There is no such permission, or it belongs to another type.
    pub(crate) fn roles_granting(&mut self, permission: &str, resource_type: TypeKey) -> Result<Rc<RoleSet>> {
        if !self.kept.permissions.contains_key(permission) {
            self.read_permission(permission)?;
        }
        let Some(found) = self.kept.permissions.get(permission) else { return Err(self.unknown_permission(permission)?) };
        if found.resource_type != resource_type {
            let own = found.resource_type;
            let types = self.types()?;
            return Err(Error::refused(format!(
                "the permission `{permission}` belongs to the resource type `{}`, not to `{}`",
                types.slug(own),
                types.slug(resource_type)
            )));
        }
        Ok(Rc::clone(&found.granted_by))
    }

    fn read_permission(&mut self, permission: &str) -> Result<()> {
        let slug = self.engine.with(include_str!("../sql/store/permission.sql"), |statement| {
            let mut rows = statement.query([permission])?;
            Ok(match rows.next()? {
                Some(row) => Some(row.get::<_, String>(0)?),
                None => None,
            })
        })?;
        let Some(slug) = slug else { return Ok(()) };
        let resource_type = self.resource_type(&slug)?;
        let mut granted_by = RoleSet::default();
        let roles = self.engine.with(include_str!("../sql/store/grantors.sql"), |statement| {
            let mut roles = Vec::new();
            let mut rows = statement.query([permission])?;
            while let Some(row) = rows.next()? {
                roles.push(role_of(row, 0, 1)?);
            }
            Ok(roles)
        })?;
        for role in roles {
            granted_by.insert(self.role_key(role));
        }
        self.kept.entries += 1;
        self.kept.permissions.insert(permission.into(), Permission { resource_type, granted_by: granted_by.into() });
        Ok(())
    }

    fn unknown_permission(&mut self, permission: &str) -> Result<Error> {
        let known = self.engine.with(include_str!("../sql/store/permission_slugs.sql"), |statement| {
            Ok(statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?)
        })?;
        Ok(Error::refused(format!("unknown permission `{}`{}", shown(permission), nearest(permission, known.iter().map(String::as_str)))))
    }

    fn role_key(&mut self, role: Role) -> RoleKey {
        if let Some(key) = self.kept.role_by_name.get(&role) {
            return *key;
        }
        let key = RoleKey(u32::try_from(self.kept.roles.len()).unwrap_or(u32::MAX));
        self.kept.entries += 1;
        self.kept.roles.push(role.clone());
        self.kept.role_by_name.insert(role, key);
        key
    }

    /// The role that a key stands for.
    pub(crate) fn role(&self, key: RoleKey) -> Option<&Role> {
        self.kept.roles.get(key.0 as usize)
    }

    /// All roles in a set.
    pub(crate) fn roles_in(&self, set: &RoleSet) -> Vec<&Role> {
        (0u32..).zip(&self.kept.roles).filter(|(key, _)| set.contains(RoleKey(*key))).map(|(_, role)| role).collect()
    }

    /// The resource type that a role belongs to.
    pub(crate) fn type_of_role(&mut self, role: &Role) -> Result<Option<String>> {
        self.engine.with(include_str!("../sql/store/role_type.sql"), |statement| {
            let mut rows = statement.query(rusqlite::params![role.slug, role.organization])?;
            Ok(match rows.next()? {
                Some(row) => Some(row.get(0)?),
                None => None,
            })
        })
    }

    /// The permissions of `resource_type` that a role holds.
    pub(crate) fn permissions_of(&mut self, role: RoleKey, resource_type: TypeKey) -> Result<Vec<String>> {
        let Some(role) = self.role(role).cloned() else { return Ok(Vec::new()) };
        let slug = self.types()?.slug(resource_type).to_owned();
        self.engine.with(include_str!("../sql/store/role_permissions.sql"), |statement| {
            let rows = statement.query_map(rusqlite::params![role.slug, role.organization, slug], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<Vec<String>>>()?)
        })
    }

    /// The number of a resource, whether it is registered or not.
    pub(crate) fn node(&mut self, resource_type: TypeKey, id: &Id) -> Node {
        let kept = &mut *self.kept;
        let found = match id {
            Id::Integer(number) => kept.node_by_number.get(&(resource_type, *number)),
            Id::Text(text) => kept.node_by_text.get(&resource_type).and_then(|nodes| nodes.get(text)),
        };
        if let Some(node) = found {
            return *node;
        }
        let node = Node(u32::try_from(kept.nodes.len()).unwrap_or(u32::MAX));
        kept.entries += 1;
        kept.nodes.push(NodeEntry { resource_type, id: id.clone(), stored_as_text: false, row: None });
        match id {
            Id::Integer(number) => kept.node_by_number.insert((resource_type, *number), node),
            Id::Text(text) => kept.node_by_text.entry(resource_type).or_default().insert(text.clone(), node),
        };
        node
    }

    fn registered(&mut self, node: Node) -> Result<Registered> {
        let Some(entry) = self.kept.nodes.get(node.0 as usize) else { return Ok(Registered::No) };
        if let Some(row) = entry.row {
            return Ok(row);
        }
        let (resource_type, id) = (entry.resource_type, entry.id.clone());
        let types = self.types()?;
        let slug = types.slug(resource_type);
        let (first, second) = id.forms();
        let found = self.engine.with(include_str!("../sql/store/resource.sql"), |statement| {
            let mut rows = statement.query(rusqlite::params![slug, first, second])?;
            Ok(match rows.next()? {
                Some(row) => {
                    let parent = row.get::<_, Option<String>>(0)?.map(|slug| (slug, Id::stored(row.get_ref_unwrap(1))));
                    Some((parent, row.get::<_, bool>(2)?))
                }
                None => None,
            })
        })?;
        let row = match &found {
            None => Registered::No,
            Some((None, _)) => Registered::Root,
            Some((Some((slug, id)), _)) => {
                // A type that is gone although a resource still names it: the constraints were off. Nothing comes down from there.
                match self.types()?.keys.get(slug.as_str()).copied() {
                    Some(resource_type) => Registered::Below(self.node(resource_type, id)),
                    None => Registered::Root,
                }
            }
        };
        if let Some(entry) = self.kept.nodes.get_mut(node.0 as usize) {
            entry.row = Some(row);
            entry.stored_as_text = found.is_some_and(|(_, as_text)| as_text);
        }
        Ok(row)
    }

    /// Whether a resource has been put.
    pub(crate) fn is_registered(&mut self, node: Node) -> Result<bool> {
        Ok(!matches!(self.registered(node)?, Registered::No))
    }

    /// Type and id of a resource, the id with the type it was first written with.
    pub(crate) fn described(&mut self, node: Node) -> Result<(TypeKey, Value)> {
        self.registered(node)?;
        Ok(match self.kept.nodes.get(node.0 as usize) {
            Some(NodeEntry { resource_type, id: Id::Integer(number), stored_as_text: false, .. }) => {
                (*resource_type, Value::Integer(*number))
            }
            Some(entry) => (entry.resource_type, Value::Text(entry.id.to_string())),
            None => (TypeKey(u32::MAX), Value::Null),
        })
    }

    /// Slug of the type and id of a resource, as stored.
    pub(crate) fn slug_and_id(&mut self, node: Node) -> Result<(String, Value)> {
        let (resource_type, id) = self.described(node)?;
        Ok((self.types()?.slug(resource_type).to_owned(), id))
    }

    /// The resources right below one whose type is among `types`: type and id as stored, in the order of the index.
    pub(crate) fn children(&mut self, types: &Types, resource_type: TypeKey, id: &Value) -> Result<Vec<(TypeKey, Value)>> {
        self.engine.with(include_str!("../sql/store/children.sql"), |statement| {
            let mut rows = statement.query(rusqlite::params![types.slug(resource_type), id])?;
            let mut children = Vec::new();
            while let Some(row) = rows.next()? {
                if let Some(key) = row.get_ref(0)?.as_str().ok().and_then(|slug| types.keys.get(slug)) {
                    children.push((*key, row.get(1)?));
                }
            }
            Ok(children)
        })
    }

    /// The name of a resource.
    pub(crate) fn name(&mut self, resource_type: &str, id: &Value) -> Result<Option<String>> {
        self.engine.with(include_str!("../sql/store/name.sql"), |statement| {
            let mut rows = statement.query(rusqlite::params![resource_type, id])?;
            Ok(match rows.next()? {
                Some(row) => row.get(0)?,
                None => None,
            })
        })
    }

    /// A subject with the groups that contain it. One that nobody has heard of is simply nobody.
    ///
    /// # Errors
    /// The text is no subject, its type is not known, or it is a userset or wildcard, which holds no roles.
    pub(crate) fn subject(&mut self, text: &str) -> Result<Who> {
        if let Some(who) = self.kept.subject_by_text.get(text) {
            return Ok(*who);
        }
        self.check_subject(text)?;
        let mut carriers: Vec<(Box<str>, usize)> = vec![(text.into(), 0)];
        let mut seen: HashSet<Box<str>> = HashSet::from([text.into()]);
        let mut next = 0;
        while let Some(member) = carriers.get(next).map(|(member, _)| member.clone()) {
            let groups = self.strings(include_str!("../sql/store/groups_of.sql"), &member)?;
            for group in groups {
                let group: Box<str> = format!("group:{group}").into();
                if seen.insert(group.clone()) {
                    carriers.push((group, next));
                }
            }
            next += 1;
        }
        let held = if self.gather { self.gathered(&carriers)? } else { None };
        let who = Who(u32::try_from(self.kept.subjects.len()).unwrap_or(u32::MAX));
        self.kept.entries += carriers.len();
        self.kept.subjects.push(SubjectEntry { carriers, held });
        self.kept.subject_by_text.insert(text.into(), who);
        Ok(who)
    }

    fn check_subject(&mut self, text: &str) -> Result<()> {
        let subject = Subject::parse(text)?;
        if !matches!(subject.id, SubjectId::One(_)) {
            return Err(Error::refused(format!(
                "the subject `{}` is not one subject; usersets and wildcards hold no roles: write `type:id`, such as `user:ana`",
                shown(text)
            )));
        }
        let name = &*subject.subject_type;
        let types = self.types()?;
        if !BUILT_IN_SUBJECT_TYPES.contains(&name) && !types.keys.contains_key(name) {
            let known = BUILT_IN_SUBJECT_TYPES.into_iter().chain(types.slugs.iter().map(AsRef::as_ref));
            return Err(Error::refused(format!("unknown subject type `{}`{}", shown(name), nearest(name, known))));
        }
        Ok(())
    }

    /// All that some subjects hold, by resource; `None` if it is too much.
    fn gathered(&mut self, carriers: &[(Box<str>, usize)]) -> Result<Option<HashMap<Node, Vec<Holding>>>> {
        let mut held: HashMap<Node, Vec<Holding>> = HashMap::new();
        let mut count = carriers.len();
        for (carrier, _) in carriers {
            let most = MOST_GATHERED.saturating_sub(count);
            let rows = self.engine.with(include_str!("../sql/store/assignments_of.sql"), |statement| {
                let mut rows = statement.query([carrier])?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    if found.len() >= most {
                        return Ok(None);
                    }
                    let expires_at = millis(row.get_ref(4)?.as_str_or_null().unwrap_or(Some("")));
                    found.push((row.get::<_, String>(0)?, Id::stored(row.get_ref(1)?), role_of(row, 2, 3)?, expires_at));
                }
                Ok(Some(found))
            })?;
            let Some(rows) = rows else { return Ok(None) };
            count += rows.len();
            for (slug, id, role, expires_at) in rows {
                let Some(resource_type) = self.types()?.keys.get(slug.as_str()).copied() else { continue };
                let node = self.node(resource_type, &id);
                let role = self.role_key(role);
                held.entry(node).or_default().push(Holding { role, expires_at });
            }
        }
        self.kept.entries += count;
        Ok(Some(held))
    }

    /// The subject and the groups that contain it, as text.
    pub(crate) fn carriers(&self, who: Who) -> Vec<&str> {
        let entry = self.kept.subjects.get(who.0 as usize);
        entry.map(|entry| entry.carriers.iter().map(|(text, _)| &**text).collect()).unwrap_or_default()
    }

    /// How a group contains the subject: the groups from the innermost to `carrier`, which is the last.
    pub(crate) fn group_path(&self, who: Who, carrier: &str) -> Vec<String> {
        let mut path = Vec::new();
        let Some(entry) = self.kept.subjects.get(who.0 as usize) else { return path };
        let mut at = entry.carriers.iter().position(|(text, _)| &**text == carrier).unwrap_or(0);
        while at != 0 {
            let Some((text, from)) = entry.carriers.get(at) else { break };
            path.push(text.to_string());
            at = *from;
        }
        path.reverse();
        path
    }

    /// Every resource on which the subject holds a live role out of `roles`, each once.
    pub(crate) fn resources_held(&mut self, who: Who, roles: &RoleSet, now: Millis) -> Result<Vec<Node>> {
        let is_one = |holding: &Holding| roles.contains(holding.role) && holding.is_live(now);
        let entry = self.kept.subjects.get(who.0 as usize);
        let gathered = entry.and_then(|entry| entry.held.as_ref());
        if let Some(held) = gathered {
            let mut nodes: Vec<Node> = held.iter().filter(|(_, holdings)| holdings.iter().any(is_one)).map(|(node, _)| *node).collect();
            nodes.sort_by_key(|node| node.0);
            return Ok(nodes);
        }
        let carriers: Vec<String> = self.carriers(who).into_iter().map(str::to_owned).collect();
        let mut nodes = Vec::new();
        let mut seen = HashSet::new();
        for carrier in carriers {
            let rows = self.engine.with(include_str!("../sql/store/assignments_of.sql"), |statement| {
                let mut rows = statement.query([&carrier])?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    let expires_at = millis(row.get_ref(4)?.as_str_or_null().unwrap_or(Some("")));
                    if expires_at > now {
                        found.push((row.get::<_, String>(0)?, Id::stored(row.get_ref(1)?), role_of(row, 2, 3)?));
                    }
                }
                Ok(found)
            })?;
            for (slug, id, role) in rows {
                let Some(resource_type) = self.types()?.keys.get(slug.as_str()).copied() else { continue };
                let role = self.role_key(role);
                if roles.contains(role) {
                    let node = self.node(resource_type, &id);
                    if seen.insert(node) {
                        nodes.push(node);
                    }
                }
            }
        }
        Ok(nodes)
    }

    /// Every assignment on one resource.
    pub(crate) fn assignments_on(&mut self, node: Node) -> Result<Vec<Assignment>> {
        let (slug, id) = self.slug_and_id(node)?;
        self.assignments(include_str!("../sql/store/assignments_on.sql"), rusqlite::params![slug, id])
    }

    /// The assignments on one resource that are the subject's or a containing group's.
    pub(crate) fn assignments_held(&mut self, who: Who, node: Node) -> Result<Vec<Assignment>> {
        let (slug, id) = self.slug_and_id(node)?;
        let carriers: Vec<String> = self.carriers(who).into_iter().map(str::to_owned).collect();
        // One look-up for each carrier, unless there are so many that reading what stands on the resource is less.
        if carriers.len() <= 16 {
            let mut found = Vec::new();
            for carrier in carriers {
                let sql = include_str!("../sql/store/assignments_of_on.sql");
                found.extend(self.assignments(sql, rusqlite::params![slug, id, carrier])?);
            }
            return Ok(found);
        }
        let carriers: HashSet<String> = carriers.into_iter().collect();
        let mut found = self.assignments_on(node)?;
        found.retain(|assignment| carriers.contains(&assignment.subject));
        Ok(found)
    }

    fn assignments(&mut self, sql: &'static str, parameters: &[&dyn rusqlite::ToSql]) -> Result<Vec<Assignment>> {
        let rows = self.engine.with(sql, |statement| {
            let mut rows = statement.query(parameters)?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push((row.get::<_, String>(0)?, role_of(row, 1, 2)?, row.get::<_, Option<String>>(3)?, row.get::<_, String>(4)?));
            }
            Ok(found)
        })?;
        Ok(rows
            .into_iter()
            .map(|(subject, role, expires_at, source)| Assignment { subject, role: self.role_key(role), expires_at, source })
            .collect())
    }

    /// Members of a group, without those of the groups in it.
    pub(crate) fn members(&mut self, group: &str) -> Result<Vec<String>> {
        self.strings(include_str!("../sql/store/members_of.sql"), group)
    }

    fn strings(&mut self, sql: &'static str, parameter: &str) -> Result<Vec<String>> {
        self.engine.with(sql, |statement| {
            Ok(statement.query_map([parameter], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?)
        })
    }
}

impl Facts for Reader<'_> {
    fn parent(&mut self, resource: Node) -> Result<Option<Node>> {
        Ok(match self.registered(resource)? {
            Registered::Below(parent) => Some(parent),
            Registered::Root | Registered::No => None,
        })
    }

    fn held(&mut self, subject: Who, resource: Node) -> Result<Cow<'_, [Holding]>> {
        let gathered = self.kept.subjects.get(subject.0 as usize).is_some_and(|entry| entry.held.is_some());
        if !gathered {
            let found = self.assignments_held(subject, resource)?;
            return Ok(found
                .into_iter()
                .map(|assignment| Holding { role: assignment.role, expires_at: millis(assignment.expires_at.as_deref()) })
                .collect());
        }
        let held = self.kept.subjects.get(subject.0 as usize).and_then(|entry| entry.held.as_ref());
        Ok(Cow::Borrowed(held.and_then(|held| held.get(&resource)).map_or(&[], Vec::as_slice)))
    }
}

fn role_of(row: &Row<'_>, slug: usize, organization: usize) -> Result<Role> {
    let organization = match row.get_ref(organization)? {
        rusqlite::types::ValueRef::Null => None,
        value => Some(Id::stored(value)),
    };
    Ok(Role { slug: row.get::<_, String>(slug)?.into(), organization })
}

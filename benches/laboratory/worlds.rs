//! The worlds: files full of resources, groups and grants, the same each time they are made.
//!
//! | world | content |
//! |---|---|
//! | tree | n documents in n/10 projects in workspaces in 10 organizations; every tenth document lies in a folder that nests up to four deep. 1,000 users in nested groups hold 60 to 1,000 roles each, directly and through groups; some roles do not help and some have expired |
//! | wide | a group of 100,000 members; a subject in 10,000 groups; a document shared with 10,000 groups: by roles, and by relationships |
//! | deep | one folder in another, 10,000 levels, and a document at the bottom; one shelf on another by relationships, as many |
//!
//! A world is written through the schema's own triggers, in plain SQL and in one transaction. It is kept under `target/worlds/` under
//! a name that changes with the schema and with this file, so that only what is new has to be made.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use authz::rusqlite::types::Value;
use authz::rusqlite::{Connection, OpenFlags, params};
use indicatif::{ProgressBar, ProgressStyle};

use super::brief;

/// How many pairs of a subject and a document a tree brings along, each with its answer; half of them are denied.
pub const PAIRS: u32 = 200_000;
pub const READ: &str = "document:read";
/// May read 1 % of the documents: by 10 workspaces, 45 projects and 5 documents where there are a million.
pub const ONE_PERCENT: &str = "user:one-percent";
/// May read half of the documents: by half of the workspaces, every second of them through a group.
pub const HALF: &str = "user:half";
/// Is an ordinary member of the group of 100,000.
pub const IN_THE_CROWD: &str = "user:77777";
/// Is a member of 10,000 groups.
pub const JOINER: &str = "user:joiner";
/// How many levels the deep world has.
pub const DEEP: i64 = 10_000;

/// What ids are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ids {
    Integer,
    Uuid,
}

impl Ids {
    pub fn name(self) -> &'static str {
        match self {
            Ids::Integer => "integer_ids",
            Ids::Uuid => "text_ids",
        }
    }
}

/// How many documents the tree is to have: what `AUTHZ_DOCUMENTS` says, such as 10000000, or else `usual`; 10,000 where nothing is measured.
pub fn documents(usual: u32) -> u32 {
    match std::env::var("AUTHZ_DOCUMENTS") {
        Ok(text) => text.replace('_', "").parse().unwrap_or_else(|_| panic!("AUTHZ_DOCUMENTS is `{text}`; give a number, such as 1000000")),
        Err(_) => brief::usual(usual, 10_000),
    }
}

/// The organization tree with so many documents.
pub fn tree(documents: u32, ids: Ids) -> PathBuf {
    made(&format!("tree-{documents}-{}", ids.name()), |connection, progress| Tree::planned(documents, ids).write(connection, progress))
}

pub fn wide() -> PathBuf {
    made("wide", |connection, _| write_wide(connection))
}

pub fn deep() -> PathBuf {
    made("deep", |connection, _| write_deep(connection))
}

/// A connection to a world as an application would have it, but for a page cache that holds everything: what is compared are answers,
/// not disks.
pub fn open(file: &Path) -> Connection {
    let connection = open_cold(file);
    connection.execute_batch("PRAGMA cache_size = -8000000").unwrap();
    connection
}

/// The same with SQLite's own settings.
pub fn open_cold(file: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).unwrap();
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY").unwrap();
    authz::register(&connection).unwrap();
    connection
}

thread_local! {
    static OPENED: RefCell<HashMap<PathBuf, &'static Connection>> = RefCell::default();
}

/// The thread's connection to a world, within a read transaction, for as long as the program runs.
pub fn open_to_read(file: &Path) -> &'static Connection {
    OPENED.with_borrow_mut(|opened| {
        *opened.entry(file.to_owned()).or_insert_with(|| {
            let connection = Box::leak(Box::new(open(file)));
            connection.execute_batch("BEGIN; SELECT count(*) FROM authz_resource_types").unwrap();
            connection
        })
    })
}

/// A copy of a world that may be written to; gone when the result is dropped.
pub fn copy(file: &Path) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir_in(worlds()).unwrap();
    let to = folder.path().join("copy.db");
    fs::copy(file, &to).unwrap();
    (folder, to)
}

/// An empty file with the model of the tree; gone when the result is dropped.
pub fn empty() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir_in(worlds()).unwrap();
    let file = folder.path().join("empty.db");
    let connection = Connection::open(&file).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL").unwrap();
    begin(&connection);
    (folder, file)
}

/// The folder of the worlds.
pub fn worlds() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/worlds");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The file of a world, made if it is not there.
fn made(name: &str, write: impl FnOnce(&Connection, &ProgressBar)) -> PathBuf {
    let mut version = DefaultHasher::new();
    authz::migration_sql().hash(&mut version);
    include_str!("worlds.rs").hash(&mut version);
    let file = worlds().join(format!("{name}-{:016x}.db", version.finish()));
    if file.is_file() {
        return file;
    }
    forget_older(name);
    let progress = ProgressBar::new(0).with_style(ProgressStyle::with_template("{msg:32} {bar:40} {pos}/{len} {elapsed}").unwrap());
    progress.set_message(format!("making the world {name}"));
    progress.enable_steady_tick(Duration::from_millis(200));
    // Under another name until it is whole.
    let unfinished = file.with_extension("unfinished");
    let _ = fs::remove_file(&unfinished);
    let connection = Connection::open(&unfinished).unwrap();
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000000").unwrap();
    begin(&connection);
    connection.execute_batch("BEGIN").unwrap();
    write(&connection, &progress);
    connection.execute_batch("COMMIT; PRAGMA journal_mode = WAL").unwrap();
    connection.close().unwrap();
    fs::rename(&unfinished, &file).unwrap();
    progress.finish_and_clear();
    file
}

/// Removes what an older schema or generator made under this name.
fn forget_older(name: &str) {
    for entry in fs::read_dir(worlds()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}-"))) {
            fs::remove_file(path).unwrap();
        }
    }
}

/// The schema and the model.
fn begin(connection: &Connection) {
    authz::register(connection).unwrap();
    authz::migrate(connection).unwrap();
    let model = r#"{
      "resource_types": {"workspace": {"parents": ["organization"]}, "project": {"parents": ["workspace"]},
                         "folder": {"parents": ["project", "folder"]}, "document": {"parents": ["project", "folder"]},
                         "file": {"relations": {"viewer": "[user, group#member]"}},
                         "shelf": {"relations": {"parent": "[shelf]", "viewer": "[user] or viewer from parent"}}},
      "permissions": {"document:read": {"resource_type": "document"}, "document:edit": {"resource_type": "document"},
                      "document:share": {"resource_type": "document"}, "project:read": {"resource_type": "project"}},
      "roles": {"owner": {"resource_type": "organization", "permissions": ["document:read", "document:edit", "document:share", "project:read"]},
                "workspace-viewer": {"resource_type": "workspace", "permissions": ["document:read", "project:read"]},
                "project-editor": {"resource_type": "project", "permissions": ["document:read", "document:edit", "project:read"]},
                "project-auditor": {"resource_type": "project", "permissions": ["project:read"]},
                "folder-reader": {"resource_type": "folder", "permissions": ["document:read"]},
                "document-reader": {"resource_type": "document", "permissions": ["document:read"]}}}"#;
    connection.query_row("SELECT authz_apply(?1)", [model], |_| Ok(())).unwrap();
}

/// Pseudo-random numbers that are the same everywhere and for ever (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u32) -> u32 {
        (self.next() % u64::from(end)) as u32
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Organization,
    Workspace,
    Project,
    Folder,
    Document,
}

impl Kind {
    fn slug(self) -> &'static str {
        match self {
            Kind::Organization => "organization",
            Kind::Workspace => "workspace",
            Kind::Project => "project",
            Kind::Folder => "folder",
            Kind::Document => "document",
        }
    }
}

/// A resource: the how many-th of its kind, from 0.
type Place = (Kind, u32);

const ORGANIZATIONS: u32 = 10;
const READERS: u32 = 600;

/// The tree, worked out before it is written, so that it can say by itself what is allowed.
struct Tree {
    ids: Ids,
    random: Random,
    documents: u32,
    workspaces: u32,
    projects: u32,
    users: u32,
    groups: u32,
    /// What each folder and each document lies in
    folder_in: Vec<Place>,
    document_in: Vec<Place>,
    /// (group, member)
    members: Vec<(String, String)>,
    /// subject, role, place, over
    grants: Vec<(String, &'static str, Place, bool)>,
}

impl Tree {
    fn planned(documents: u32, ids: Ids) -> Tree {
        let mut tree = Tree {
            ids,
            random: Random(u64::from(documents)),
            documents,
            workspaces: (documents / 1000).clamp(10, 1000),
            projects: documents / 10,
            users: (documents / 100).clamp(100, 1000),
            groups: (documents / 500).clamp(30, 300) / 3 * 3,
            folder_in: Vec::new(),
            document_in: Vec::new(),
            members: Vec::new(),
            grants: Vec::new(),
        };
        tree.plan_resources();
        tree.plan_groups();
        tree.plan_grants();
        tree
    }

    fn plan_resources(&mut self) {
        for folder in 0..self.documents / 50 {
            let place = match folder % 4 {
                0 => (Kind::Project, self.random.below(self.projects)),
                _ => (Kind::Folder, folder - 1),
            };
            self.folder_in.push(place);
        }
        for document in 0..self.documents {
            let place = match document % 10 {
                0 => (Kind::Folder, self.random.below(self.documents / 50)),
                _ => (Kind::Project, self.random.below(self.projects)),
            };
            self.document_in.push(place);
        }
    }

    /// Groups in rows of three: each third one lies in the second, the second in the first. A user is in two of the third.
    fn plan_groups(&mut self) {
        for group in (0..self.groups).filter(|group| group % 3 != 0) {
            self.members.push((format!("g{}", group - 1), format!("group:g{group}")));
        }
        for user in 0..self.users {
            let first = self.random.below(self.groups / 3);
            let second = (first + 1 + self.random.below(self.groups / 3 - 1)) % (self.groups / 3);
            for row in [first, second] {
                self.members.push((format!("g{}", row * 3 + 2), format!("user:{user}")));
            }
        }
        for user in 0..READERS {
            self.members.push(("readers".to_owned(), format!("user:reader-{user}")));
        }
        self.members.push(("half".to_owned(), HALF.to_owned()));
    }

    fn plan_grants(&mut self) {
        for group in 0..self.groups {
            self.grant_at_random(&format!("group:g{group}"), 10);
        }
        for user in 0..self.users {
            // With the six groups of ten: 60 to 100 roles each, and for one user in fifty 1,000.
            let count = if user % 50 == 0 { 940 } else { self.random.below(40) };
            self.grant_at_random(&format!("user:{user}"), count);
        }
        let per_mille = self.workspaces / 100;
        for workspace in 0..per_mille {
            self.grants.push((ONE_PERCENT.to_owned(), "workspace-viewer", (Kind::Workspace, workspace * 97 % self.workspaces), false));
        }
        // Where there are too few workspaces for one in a hundred, projects make up the share.
        let projects = if per_mille == 0 { self.projects / 100 } else { 45 };
        for project in 0..projects {
            self.grants.push((ONE_PERCENT.to_owned(), "project-editor", (Kind::Project, project * 97 % self.projects), false));
        }
        for document in 0..5 {
            self.grants.push((ONE_PERCENT.to_owned(), "document-reader", (Kind::Document, document * 97 + 1), false));
        }
        for workspace in 0..self.workspaces / 2 {
            let subject = if workspace % 2 == 0 { HALF } else { "group:half" };
            self.grants.push((subject.to_owned(), "workspace-viewer", (Kind::Workspace, workspace * 2 + 1), false));
        }
        // The document 7, id 8, has some 1,000 readers.
        self.grants.push(("group:readers".to_owned(), "document-reader", (Kind::Document, 7), false));
        for reader in 0..400 {
            self.grants.push((format!("user:guest-{reader}"), "document-reader", (Kind::Document, 7), false));
        }
        let mut seen = HashSet::new();
        self.grants.retain(|(subject, role, place, _)| seen.insert((subject.clone(), *role, *place)));
    }

    fn grant_at_random(&mut self, subject: &str, count: u32) {
        for _ in 0..count {
            let (role, place) = match self.random.below(20) {
                0 => ("workspace-viewer", (Kind::Workspace, self.random.below(self.workspaces))),
                1 | 2 => ("project-auditor", (Kind::Project, self.random.below(self.projects))),
                3 | 4 => ("document-reader", (Kind::Document, self.random.below(self.documents))),
                5 => ("folder-reader", (Kind::Folder, self.random.below(self.documents / 50))),
                _ => ("project-editor", (Kind::Project, self.random.below(self.projects))),
            };
            let is_over = self.random.below(50) == 0;
            self.grants.push((subject.to_owned(), role, place, is_over));
        }
    }

    fn parent(&self, (kind, number): Place) -> Option<Place> {
        match kind {
            Kind::Organization => None,
            Kind::Workspace => Some((Kind::Organization, number % ORGANIZATIONS)),
            Kind::Project => Some((Kind::Workspace, number % self.workspaces)),
            Kind::Folder => self.folder_in.get(number as usize).copied(),
            Kind::Document => self.document_in.get(number as usize).copied(),
        }
    }

    fn id(&self, (kind, number): Place) -> Value {
        match self.ids {
            Ids::Integer => Value::Integer(i64::from(number) + 1),
            Ids::Uuid => {
                let mut random = Random((kind as u64) << 32 | u64::from(number));
                let (high, low) = (random.next(), random.next());
                Value::Text(format!(
                    "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
                    high >> 32,
                    high >> 16 & 0xffff,
                    high & 0xfff,
                    0x8000 | low >> 48 & 0x3fff,
                    low & 0xffff_ffff_ffff
                ))
            }
        }
    }

    fn write(mut self, connection: &Connection, progress: &ProgressBar) {
        progress.set_length(u64::from(self.documents) * 2);
        self.write_resources(connection, progress);
        self.write_people(connection);
        self.write_application(connection, progress);
        self.write_pairs(connection);
    }

    fn write_resources(&self, connection: &Connection, progress: &ProgressBar) {
        let sql = "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES (?1, ?2, ?3, ?4)";
        let mut insert = connection.prepare(sql).unwrap();
        let kinds = [
            (Kind::Organization, ORGANIZATIONS),
            (Kind::Workspace, self.workspaces),
            (Kind::Project, self.projects),
            (Kind::Folder, self.documents / 50),
            (Kind::Document, self.documents),
        ];
        for (kind, count) in kinds {
            for place in (0..count).map(|number| (kind, number)) {
                let parent = self.parent(place);
                let parent_type = parent.map(|(kind, _)| kind.slug());
                insert.execute(params![kind.slug(), self.id(place), parent_type, parent.map(|parent| self.id(parent))]).unwrap();
                if place.1 % 1000 == 0 {
                    progress.inc(if kind == Kind::Document { 1000 } else { 0 });
                }
            }
        }
    }

    fn write_people(&self, connection: &Connection) {
        let mut insert = connection.prepare("INSERT INTO authz_group_members (group_id, subject) VALUES (?1, ?2)").unwrap();
        for (group, member) in &self.members {
            insert.execute(params![group, member]).unwrap();
        }
        let sql = "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let mut insert = connection.prepare(sql).unwrap();
        for (subject, role, place, is_over) in &self.grants {
            let expires_at = is_over.then_some("2001-01-01T00:00:00.000Z");
            insert.execute(params![subject, role, place.0.slug(), self.id(*place), expires_at]).unwrap();
        }
    }

    /// The application's own tables: its documents, and a parent-pointer table of as many rows.
    fn write_application(&mut self, connection: &Connection, progress: &ProgressBar) {
        let id = match self.ids {
            Ids::Integer => "INTEGER",
            Ids::Uuid => "TEXT",
        };
        // WITHOUT ROWID for text ids: one search of one tree, the best that SQLite has.
        let kind = match self.ids {
            Ids::Integer => "STRICT",
            Ids::Uuid => "STRICT, WITHOUT ROWID",
        };
        connection
            .execute_batch(&format!(
                "CREATE TABLE documents (id {id} PRIMARY KEY, project_id {id}, title TEXT NOT NULL, edited_at INTEGER NOT NULL) {kind};
                 CREATE TABLE organizations (id {id} PRIMARY KEY) {kind};
                 CREATE TABLE nodes (id INTEGER PRIMARY KEY, parent_id INTEGER) STRICT;"
            ))
            .unwrap();
        let mut insert = connection.prepare("INSERT INTO documents (id, project_id, title, edited_at) VALUES (?1, ?2, ?3, ?4)").unwrap();
        let mut node = connection.prepare("INSERT INTO nodes (id, parent_id) VALUES (?1, ?2)").unwrap();
        for document in 0..self.documents {
            let mut up = (Kind::Document, document);
            while up.0 != Kind::Project
                && let Some(parent) = self.parent(up)
            {
                up = parent;
            }
            let edited_at = 1_700_000_000 + i64::from(self.random.below(100_000_000));
            insert.execute(params![self.id((Kind::Document, document)), self.id(up), format!("Document {document}"), edited_at]).unwrap();
            node.execute(params![document, document.checked_sub(1).map(|number| number / 10)]).unwrap();
            if document % 1000 == 0 {
                progress.inc(1000);
            }
        }
        let mut insert = connection.prepare("INSERT INTO organizations (id) VALUES (?1)").unwrap();
        for organization in 0..ORGANIZATIONS {
            insert.execute([self.id((Kind::Organization, organization))]).unwrap();
        }
        connection
            .execute_batch(
                "CREATE INDEX documents_by_time ON documents (edited_at); CREATE INDEX nodes_by_parent ON nodes (parent_id);
             CREATE VIRTUAL TABLE node_tree USING authz_hierarchy(table=nodes, id=id, parent=parent_id)",
            )
            .unwrap();
    }

    /// Whom to ask about, with the answers as the plan knows them: the naive rule, over plain lists.
    fn write_pairs(&mut self, connection: &Connection) {
        connection
            .execute_batch("CREATE TABLE pairs (id INTEGER PRIMARY KEY, subject TEXT NOT NULL, document ANY NOT NULL, allowed INTEGER NOT NULL) STRICT")
            .unwrap();
        let mut groups_of: HashMap<&str, Vec<String>> = HashMap::new();
        for (group, member) in &self.members {
            groups_of.entry(member).or_default().push(format!("group:{group}"));
        }
        let mut held_by: HashMap<&str, Vec<Place>> = HashMap::new();
        for (subject, role, place, is_over) in &self.grants {
            if !is_over && *role != "project-auditor" {
                held_by.entry(subject).or_default().push(*place);
            }
        }
        let mut held: Vec<HashSet<Place>> = Vec::new();
        for user in 0..self.users {
            let mut who = vec![format!("user:{user}")];
            let mut next = 0;
            while let Some(groups) = who.get(next).map(|subject| groups_of.get(subject.as_str()).cloned().unwrap_or_default()) {
                who.extend(groups);
                next += 1;
            }
            held.push(who.iter().filter_map(|subject| held_by.get(subject.as_str())).flatten().copied().collect());
        }
        let allowed = |tree: &Tree, user: u32, document: u32| {
            let mut up = Some((Kind::Document, document));
            std::iter::from_fn(|| {
                let here = up?;
                up = tree.parent(here);
                Some(here)
            })
            .any(|place| held[user as usize].contains(&place))
        };
        // Documents under each project, in order, to find one below a grant.
        let mut under: HashMap<u32, Vec<u32>> = HashMap::new();
        for (document, place) in (0..).zip(&self.document_in) {
            if let (Kind::Project, project) = place {
                under.entry(*project).or_default().push(document);
            }
        }
        let mut places: Vec<Vec<Place>> =
            held.iter().map(|set| set.iter().copied().filter(|place| place.0 == Kind::Project).collect()).collect();
        places.iter_mut().for_each(|places| places.sort_by_key(|place| place.1));
        let mut insert = connection.prepare("INSERT INTO pairs (subject, document, allowed) VALUES (?1, ?2, ?3)").unwrap();
        let mut random = Random(7);
        let mut number = 0;
        while number < PAIRS {
            let user = random.below(self.users);
            let wanted = number % 2 == 0;
            let document = if wanted {
                let places = &places[user as usize];
                if places.is_empty() {
                    continue;
                }
                let Some(documents) = under.get(&places[random.below(places.len() as u32) as usize].1) else { continue };
                documents[random.below(documents.len() as u32) as usize]
            } else {
                random.below(self.documents)
            };
            // Depth 4: the document lies right in a project.
            if self.document_in[document as usize].0 != Kind::Project || allowed(self, user, document) != wanted {
                continue;
            }
            insert.execute(params![format!("user:{user}"), self.id((Kind::Document, document)), wanted]).unwrap();
            number += 1;
        }
    }
}

fn put(connection: &Connection, kind: &str, id: i64, parent: Option<(&str, i64)>) {
    let (parent_type, parent_id) = parent.unzip();
    let sql = "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES (?1, ?2, ?3, ?4)";
    connection.prepare(sql).unwrap().execute(params![kind, id, parent_type, parent_id]).unwrap();
}

fn write_wide(connection: &Connection) {
    put(connection, "organization", 1, None);
    put(connection, "workspace", 1, Some(("organization", 1)));
    put(connection, "project", 1, Some(("workspace", 1)));
    for document in 1..=20_000 {
        put(connection, "document", document, Some(("project", 1)));
    }
    connection
        .execute_batch(
            "CREATE TABLE documents (id INTEGER PRIMARY KEY, project_id INTEGER, title TEXT NOT NULL) STRICT;
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)
         INSERT INTO documents (id, project_id, title) SELECT n, 1, 'Document ' || n FROM n;
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000)
         INSERT INTO authz_group_members (group_id, subject) SELECT 'crowd', 'user:' || n FROM n;
         INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id)
         SELECT 'group:crowd', 'document-reader', 'document', id FROM documents WHERE id BETWEEN 10002 AND 11001;
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10000)
         INSERT INTO authz_group_members (group_id, subject) SELECT 'team-' || n, 'user:joiner' FROM n;
         INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id)
         SELECT 'group:team-' || id, 'document-reader', 'document', id FROM documents WHERE id BETWEEN 2 AND 10000;
         INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id)
         SELECT 'group:team-' || id, 'document-reader', 'document', 1 FROM documents WHERE id BETWEEN 1 AND 10000;
         INSERT INTO authz_relationships (subject, relation, resource_type, resource_id)
         SELECT subject || '#member', 'viewer', 'file', resource_id FROM authz_role_assignments;",
        )
        .unwrap();
}

fn write_deep(connection: &Connection) {
    put(connection, "organization", 1, None);
    put(connection, "workspace", 1, Some(("organization", 1)));
    put(connection, "project", 1, Some(("workspace", 1)));
    put(connection, "folder", 1, Some(("project", 1)));
    for folder in 2..=DEEP {
        put(connection, "folder", folder, Some(("folder", folder - 1)));
    }
    put(connection, "document", 1, Some(("folder", DEEP)));
    connection
        .execute_batch(
            "CREATE TABLE documents (id INTEGER PRIMARY KEY, title TEXT NOT NULL) STRICT;
             INSERT INTO documents (id, title) VALUES (1, 'At the bottom');
             INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:ana', 'project-editor', 'project', 1);
             INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:ana', 'viewer', 'shelf', 1);
             WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < 10000)
             INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) SELECT 'shelf:' || (n - 1), 'parent', 'shelf', n FROM n;",
        )
        .unwrap();
}

//! GitHub organizations, asked in SQL: how many (user, repository) pairs hold each permission?
//!
//! `cargo run --release --example github_org -- FILE…` reads organizations from JSON files:
//!
//! ```json
//! {"organization": "acme", "admins": ["Ana"], "members": ["ben"], "default_repository_permission": "read",
//!  "teams": {"core": {"members": ["ben"], "maintainers": [], "repos": {"engine": "write"}, "teams": {}}}}
//! ```
//!
//! GitHub's rules are written to the file, not computed here:
//!
//! * A repository lies in its organization, so a role on the organization reaches every repository.
//! * Each permission includes the weaker ones: the roles hold all of them.
//! * A team is a group. A child team is a member of its parent's group, so a role of the parent applies to the child.
//! * All members form one more group, which has the organization's default permission.
//! * Logins are compared without regard to case: they are written in lower case.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use authz::rusqlite::{Connection, params};
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use serde::Deserialize;
use serde_json::json;

/// The permissions on a repository, the weakest first.
pub const PERMISSIONS: [&str; 5] = ["read", "triage", "write", "maintain", "admin"];

#[derive(Deserialize)]
struct Organization {
    organization: String,
    #[serde(default)]
    admins: Vec<String>,
    #[serde(default)]
    members: Vec<String>,
    /// None if the file does not say: then membership alone gives nothing.
    default_repository_permission: Option<String>,
    #[serde(default)]
    teams: BTreeMap<String, Team>,
}

#[derive(Deserialize)]
struct Team {
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    maintainers: Vec<String>,
    #[serde(default)]
    repos: BTreeMap<String, String>,
    #[serde(default)]
    teams: BTreeMap<String, Team>,
}

/// One organization's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The name of the organization.
    pub organization: String,
    /// Everybody named in the file.
    pub users: i64,
    /// The repositories in it.
    pub repositories: i64,
    /// For each of [`PERMISSIONS`], the pairs that hold it.
    pub pairs: Vec<i64>,
}

/// A way to count the pairs of organization `?1` that hold permission `?2`. All of them give the same number.
const COUNTS: [(&str, &str); 3] = [
    (
        "authz_check",
        "SELECT count(*)
         FROM people JOIN authz_resources AS repository ON repository.organization = people.organization
         WHERE people.organization = ?1 AND repository.resource_type = 'repository'
           AND authz_check('user:' || people.login, ?2, 'repository', repository.resource_id)",
    ),
    (
        "authz_list_resources",
        "SELECT count(*)
         FROM people JOIN authz_list_resources('user:' || people.login, ?2, 'repository', 'organization', ?1)
         WHERE people.organization = ?1",
    ),
    (
        "authz_list_subjects",
        "SELECT count(*)
         FROM authz_resources AS repository JOIN authz_list_subjects(?2, 'repository', repository.resource_id) AS holder
         WHERE repository.organization = ?1 AND repository.resource_type = 'repository' AND holder.subject GLOB 'user:*'",
    ),
];

/// An empty file in memory that knows GitHub's permissions and roles.
///
/// # Errors
/// SQLite refuses a statement.
pub fn open() -> Result<Connection, Box<dyn Error>> {
    let connection = Connection::open_in_memory()?;
    authz::register(&connection)?;
    connection
        .execute_batch("CREATE TABLE people (organization TEXT, login TEXT, PRIMARY KEY (organization, login)) STRICT, WITHOUT ROWID")?;

    let slug = |permission: &str| format!("repository:{permission}");
    let permissions: BTreeMap<String, _> = PERMISSIONS.iter().map(|one| (slug(one), json!({"resource_type": "repository"}))).collect();
    let mut roles = BTreeMap::new();
    for (strength, permission) in PERMISSIONS.iter().enumerate() {
        let held: Vec<String> = PERMISSIONS.iter().take(strength + 1).map(|one| slug(one)).collect();
        for resource_type in ["repository", "organization"] {
            roles.insert(format!("{resource_type}-{permission}"), json!({"resource_type": resource_type, "permissions": held}));
        }
    }
    let model = json!({"resource_types": {"repository": {"parents": ["organization"]}}, "permissions": permissions, "roles": roles});
    connection.query_row("SELECT authz_migrate()", [], |_| Ok(()))?;
    connection.query_row("SELECT authz_apply(?1)", [model.to_string()], |_| Ok(()))?;
    Ok(connection)
}

/// Reads an organization into the file, all of it or nothing.
///
/// # Errors
/// The file cannot be read, is not of the form above, or names a permission that GitHub does not have.
pub fn import(connection: &Connection, path: &Path) -> Result<(), Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let read: Organization = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let transaction = connection.unchecked_transaction()?;
    let import = Import { connection, organization: id(&read.organization) };
    import.everything(&read)?;
    transaction.commit()?;
    Ok(())
}

struct Import<'a> {
    connection: &'a Connection,
    organization: String,
}

impl Import<'_> {
    fn everything(&self, read: &Organization) -> Result<(), Box<dyn Error>> {
        let organization = &self.organization;
        self.call("SELECT authz_put_resource('organization', ?1, NULL, NULL, ?2)", [organization, &read.organization])?;
        let members = format!("group:{organization}");
        for login in read.admins.iter().chain(&read.members) {
            self.add_person(&members, login)?;
        }
        for login in &read.admins {
            self.grant(&format!("user:{}", id(login)), "organization-admin", "organization", organization)?;
        }
        match read.default_repository_permission.as_deref() {
            None | Some("none") => {}
            Some(permission) => self.grant(&members, &format!("organization-{permission}"), "organization", organization)?,
        }
        for (name, team) in &read.teams {
            self.team(name, team)?;
        }
        Ok(())
    }

    /// Reads a team and the teams below it; returns its group.
    fn team(&self, name: &str, team: &Team) -> Result<String, Box<dyn Error>> {
        let group = format!("group:{}/{}", self.organization, id(name));
        for login in team.members.iter().chain(&team.maintainers) {
            self.add_person(&group, login)?;
        }
        for (name, permission) in &team.repos {
            let repository = format!("{}/{}", self.organization, id(name));
            self.call("SELECT authz_put_resource('repository', ?1, 'organization', ?2, ?3)", [&repository, &self.organization, name])?;
            self.grant(&group, &format!("repository-{permission}"), "repository", &repository)?;
        }
        for (name, child) in &team.teams {
            let child = self.team(name, child)?;
            self.call("SELECT authz_add_member(?1, ?2)", [&group, &child])?;
        }
        Ok(group)
    }

    fn add_person(&self, group: &str, login: &str) -> Result<(), Box<dyn Error>> {
        let login = id(login);
        self.connection.execute("INSERT OR IGNORE INTO people (organization, login) VALUES (?1, ?2)", params![self.organization, login])?;
        self.call("SELECT authz_add_member(?1, ?2)", [group, &format!("user:{login}")])
    }

    fn grant(&self, subject: &str, role: &str, resource_type: &str, resource: &str) -> Result<(), Box<dyn Error>> {
        self.call("SELECT authz_grant(?1, ?2, ?3, ?4)", [subject, role, resource_type, resource])
    }

    fn call<const N: usize>(&self, call: &str, arguments: [&str; N]) -> Result<(), Box<dyn Error>> {
        Ok(self.connection.query_row(call, authz::rusqlite::params_from_iter(arguments), |_| Ok(()))?)
    }
}

/// A name as an id: in lower case, with percent-encoding for characters that an id may not contain.
fn id(name: &str) -> String {
    let mut id = String::new();
    for character in name.to_lowercase().chars() {
        if character.is_whitespace() || character.is_control() || matches!(character, '#' | '%' | '/' | '*') {
            let mut bytes = [0; 4];
            id.extend(character.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02x}")));
        } else {
            id.push(character);
        }
    }
    id
}

/// Counts the pairs of every organization, in each of the three ways.
///
/// # Errors
/// SQLite refuses a question, or two ways do not agree.
pub fn count(connection: &Connection) -> Result<Vec<Count>, Box<dyn Error>> {
    let mut organizations = connection.prepare(
        "SELECT resource_id, ifnull(name, resource_id), (SELECT count(*) FROM people WHERE organization = resource_id),
           (SELECT count(*) FROM authz_resources AS r WHERE r.organization = o.resource_id AND r.resource_type = 'repository')
         FROM authz_resources AS o WHERE resource_type = 'organization' ORDER BY resource_id",
    )?;
    let mut answer = Vec::new();
    let mut rows = organizations.query([])?;
    while let Some(row) = rows.next()? {
        let organization: String = row.get(0)?;
        let mut pairs = Vec::new();
        for permission in PERMISSIONS {
            let mut agreed = None;
            for (way, question) in COUNTS {
                let found: i64 = connection.query_row(question, [&organization, &format!("repository:{permission}")], |row| row.get(0))?;
                let first = *agreed.get_or_insert(found);
                if found != first {
                    return Err(format!("{organization}, {permission}: {way} counts {found}, authz_check {first}").into());
                }
            }
            pairs.extend(agreed);
        }
        answer.push(Count { organization: row.get(1)?, users: row.get(2)?, repositories: row.get(3)?, pairs });
    }
    Ok(answer)
}

/// The organizations that are read when no file is named.
pub fn default_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/kubernetes-org");
    ["etcd-io", "kubernetes-csi", "kubernetes"]
        .iter()
        .map(|name| folder.join(name).with_extension("json"))
        .filter(|path| path.is_file())
        .collect()
}

/// Reads the files named on the command line and prints the table.
///
/// # Errors
/// See [`import`] and [`count`].
pub fn main() -> Result<(), Box<dyn Error>> {
    let mut files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if files.is_empty() {
        files = default_files();
    }
    if files.is_empty() {
        return Err("name a file: cargo run --release --example github_org -- organization.json".into());
    }
    let connection = open()?;
    for file in &files {
        import(&connection, file)?;
    }
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["organization", "users", "repositories"].into_iter().chain(PERMISSIONS));
    for count in count(&connection)? {
        let numbers = [count.users, count.repositories].into_iter().chain(count.pairs).map(|number| number.to_string());
        table.add_row([count.organization].into_iter().chain(numbers));
    }
    println!("{table}");
    println!("Each number was found three times: by authz_check over all pairs, by authz_list_resources and by authz_list_subjects.");
    Ok(())
}

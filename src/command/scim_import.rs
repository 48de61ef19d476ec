//! `scim-import`: a whole directory from a file, as if its provider had sent it.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use authz::rusqlite::Connection;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::options::{Database, Format, Outcome};
use crate::program::failure::Failure;
use crate::program::open::open_to_write;
use crate::program::output::print;

/// How many requests share a transaction: an interruption loses no more, and a commit for each would cost most of the time.
const BATCH: usize = 200;

#[derive(Args)]
pub(crate) struct ScimImport {
    #[command(flatten)]
    database: Database,
    /// The id of the directory, as in authz_directories
    directory: String,
    /// A SCIM list of users and groups, or one of them a line (NDJSON); `-` is standard input
    file: PathBuf,
    #[command(flatten)]
    format: Format,
}

/// What has become of the resources of one kind.
#[derive(Default)]
struct Tally {
    new: usize,
    changed: usize,
    same: usize,
}

impl Tally {
    fn words(&self, kind: &str) -> String {
        let all = self.new + self.changed + self.same;
        format!("{all} {kind}: {} new, {} changed, {} as they were", self.new, self.changed, self.same)
    }

    fn json(&self) -> Value {
        json!({"new": self.new, "changed": self.changed, "same": self.same})
    }
}

impl ScimImport {
    pub(crate) fn run(&self) -> Outcome {
        let mut text = String::new();
        match self.file.to_str() {
            Some("-") => std::io::stdin().read_to_string(&mut text)?,
            _ => std::fs::File::open(&self.file)
                .and_then(|mut file| file.read_to_string(&mut text))
                .map_err(|error| Failure(format!("cannot read `{}`: {error}", self.file.display())))?,
        };
        let (users, groups) = sorted(read(&text)?)?;
        let connection = open_to_write(&self.database.db)?;
        let bar = ProgressBar::new((users.len() + 2 * groups.len()) as u64);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {human_pos} of {human_len}, {eta} left") {
            bar.set_style(style);
        }
        let mut import = Import {
            connection: &connection,
            directory: &self.directory,
            bar: &bar,
            ids: HashMap::new(),
            in_batch: 0,
            refused: Vec::new(),
        };
        let outcome = import.all(users, groups);
        let refused = import.refused;
        bar.finish_and_clear();
        if outcome.is_err() && !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        let (users, groups) = outcome?;
        match self.format.json {
            true => print(&json!({"users": users.json(), "groups": groups.json(), "refused": refused}).to_string())?,
            false => print(&format!("{}\n{}", users.words("users"), groups.words("groups")))?,
        }
        if refused.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        for told in refused.iter().take(20) {
            eprintln!("authz: {told}");
        }
        Err(Failure(format!("{} of them were refused or are incomplete; mend the file and import it again", refused.len())))
    }
}

/// The resources in a file: a list in SCIM's form, a JSON array, or one resource a line.
fn read(text: &str) -> Result<Vec<Map<String, Value>>, Failure> {
    let mut all = Vec::new();
    for (number, value) in serde_json::Deserializer::from_str(text).into_iter::<Value>().enumerate() {
        let value = value.map_err(|error| Failure(format!("the file is neither a SCIM list nor NDJSON: {error}")))?;
        let listed = match value {
            Value::Object(mut list) if list.contains_key("Resources") => list.remove("Resources").unwrap_or_default(),
            one @ Value::Object(_) => Value::Array(vec![one]),
            other => other,
        };
        let Value::Array(listed) = listed else { return Err(Failure(format!("value {} of the file is no resource", number + 1))) };
        for one in listed {
            match one {
                Value::Object(one) => all.push(one),
                _ => return Err(Failure(format!("value {} of the file holds what is no resource", number + 1))),
            }
        }
    }
    Ok(all)
}

type Resources = Vec<Map<String, Value>>;

/// Users and groups, told apart by what they say they are, else by what they have.
fn sorted(all: Resources) -> Result<(Resources, Resources), Failure> {
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    for one in all {
        let said = |kind: &str| {
            let of_type = one.get("meta").and_then(|meta| meta.get("resourceType")).and_then(Value::as_str) == Some(kind);
            let end = format!(":core:2.0:{kind}").to_lowercase();
            let schemas = one.get("schemas").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            of_type || schemas.map(str::to_lowercase).any(|urn| urn.ends_with(&end))
        };
        let has = |name: &str| one.keys().any(|key| key.eq_ignore_ascii_case(name));
        match (said("User"), said("Group")) {
            (true, false) => users.push(one),
            (false, true) => groups.push(one),
            _ if has("userName") => users.push(one),
            _ if has("displayName") => groups.push(one),
            _ => return Err(Failure(format!("{} is neither a user nor a group", Value::Object(one)))),
        }
    }
    let mut seen = HashSet::new();
    for group in groups.iter().filter(|group| text(group, "externalId").is_none()) {
        if let Some(name) = text(group, "displayName")
            && !seen.insert(name.to_lowercase())
        {
            return Err(Failure(format!("two groups are named `{name}`, and have no externalId that tells them apart")));
        }
    }
    Ok((users, groups))
}

fn text<'a>(resource: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    resource.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str()).filter(|text| !text.is_empty())
}

struct Import<'a> {
    connection: &'a Connection,
    directory: &'a str,
    bar: &'a ProgressBar,
    /// The ids here of the resources that the file knows by ids of its own.
    ids: HashMap<String, String>,
    in_batch: usize,
    refused: Vec<String>,
}

impl Import<'_> {
    /// Users first, then groups without their members, for they may contain one another, then the members.
    fn all(&mut self, users: Resources, groups: Resources) -> Result<(Tally, Tally), Failure> {
        let (mut of_users, mut of_groups) = (Tally::default(), Tally::default());
        self.bar.set_message("users");
        for user in users {
            self.put("/Users", "userName", user, &mut of_users)?;
        }
        self.bar.set_message("groups");
        let mut made = Vec::with_capacity(groups.len());
        for group in groups {
            made.push((self.prepare(&group)?, group));
        }
        self.bar.set_message("members");
        for (is_new, mut group) in made {
            self.point_members(&mut group);
            let mut tally = Tally::default();
            self.put("/Groups", "displayName", group, &mut tally)?;
            match is_new {
                true => of_groups.new += tally.changed + tally.same,
                false => {
                    of_groups.changed += tally.changed;
                    of_groups.same += tally.same;
                }
            }
        }
        self.end_batch()?;
        Ok((of_users, of_groups))
    }

    /// One request, in a transaction with others.
    fn ask(&mut self, method: &str, path: &str, body: Option<String>) -> Result<(u64, Value), Failure> {
        if self.in_batch == 0 {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
        }
        self.in_batch += 1;
        let request = (self.directory, method, path, body);
        let answer: String = self.connection.query_row(include_str!("../../sql/command/scim.sql"), request, |row| row.get(0))?;
        let mut answer: Value = serde_json::from_str(&answer)?;
        let status = answer.get("status").and_then(Value::as_u64).unwrap_or_default();
        Ok((status, answer.get_mut("body").map(Value::take).unwrap_or_default()))
    }

    fn end_batch(&mut self) -> Result<(), Failure> {
        if self.in_batch > 0 {
            self.in_batch = 0;
            self.connection.execute_batch("COMMIT")?;
        }
        Ok(())
    }

    /// Id and version of what stands here for a resource: by the provider's id, else by the name.
    fn known(&mut self, endpoint: &str, name: &str, resource: &Map<String, Value>) -> Result<Option<(String, Value)>, Failure> {
        for attribute in ["externalId", name] {
            let Some(value) = text(resource, attribute) else { continue };
            let filter = format!("{endpoint}?attributes=meta&count=1&filter={attribute} eq {}", Value::from(value));
            let (_, list) = self.ask("GET", &filter, None)?;
            let Some(first) = list.get("Resources").and_then(|all| all.get(0)) else { continue };
            if let Some(id) = first.get("id").and_then(Value::as_str) {
                return Ok(Some((id.to_owned(), first.get("meta").cloned().unwrap_or_default())));
            }
        }
        Ok(None)
    }

    /// Makes a resource what the file says, or notes why not.
    fn put(&mut self, endpoint: &str, name: &str, mut resource: Map<String, Value>, tally: &mut Tally) -> Result<(), Failure> {
        let own_id = resource.remove("id");
        resource.remove("meta");
        let known = self.known(endpoint, name, &resource)?;
        let body = Value::Object(resource.clone()).to_string();
        let (status, answer) = match &known {
            Some((id, _)) => self.ask("PUT", &format!("{endpoint}/{id}?excludedAttributes=members,groups"), Some(body))?,
            None => self.ask("POST", endpoint, Some(body))?,
        };
        match (status, &known) {
            (200, Some((_, meta))) if answer.get("meta") == Some(meta) => tally.same += 1,
            (200, _) => tally.changed += 1,
            (201, _) => tally.new += 1,
            _ => self.refuse(&resource, answer.get("detail").and_then(Value::as_str).unwrap_or("it is refused")),
        }
        if let (Some(own), Some(id)) = (own_id.as_ref().and_then(Value::as_str), answer.get("id").and_then(Value::as_str)) {
            self.ids.insert(own.to_owned(), id.to_owned());
        }
        self.step()
    }

    fn step(&mut self) -> Result<(), Failure> {
        self.bar.inc(1);
        match self.in_batch >= BATCH {
            true => self.end_batch(),
            false => Ok(()),
        }
    }

    fn refuse(&mut self, resource: &Map<String, Value>, why: &str) {
        let name = text(resource, "userName").or_else(|| text(resource, "displayName")).unwrap_or("a resource without a name");
        self.refused.push(format!("{name}: {why}"));
    }

    /// Makes a group that is not there yet, without its members; whether it was made.
    fn prepare(&mut self, group: &Map<String, Value>) -> Result<bool, Failure> {
        let mut bare = group.clone();
        let own_id = bare.remove("id");
        bare.retain(|name, _| !name.eq_ignore_ascii_case("members") && !name.eq_ignore_ascii_case("meta"));
        let (id, is_new) = match self.known("/Groups", "displayName", &bare)? {
            Some((id, _)) => (Some(id), false),
            None => {
                let (_, made) = self.ask("POST", "/Groups", Some(Value::Object(bare).to_string()))?;
                (made.get("id").and_then(Value::as_str).map(str::to_owned), true)
            }
        };
        if let (Some(own), Some(id)) = (own_id.as_ref().and_then(Value::as_str), &id) {
            self.ids.insert(own.to_owned(), id.clone());
        }
        self.step()?;
        Ok(is_new && id.is_some())
    }

    /// Lets the members of a group name what stands here. Whom the file does not contain is left out, and told.
    fn point_members(&mut self, group: &mut Map<String, Value>) {
        let Some(key) = group.keys().find(|name| name.eq_ignore_ascii_case("members")).cloned() else { return };
        let given = group.remove(&key).unwrap_or_default();
        let mut members = Vec::new();
        let mut unknown = 0;
        for member in given.as_array().into_iter().flatten() {
            match member.get("value").and_then(Value::as_str).and_then(|id| self.ids.get(id)) {
                Some(id) => members.push(json!({"value": id})),
                None => unknown += 1,
            }
        }
        if unknown > 0 {
            self.refuse(group, &format!("{unknown} of its members are not in the file"));
        }
        group.insert("members".to_owned(), members.into());
    }
}

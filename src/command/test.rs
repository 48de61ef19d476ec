//! `test`: a model held against its tests, in the format of OpenFGA's store files (`.fga.yaml`).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use authz::rusqlite::backup::Backup;
use authz::rusqlite::{Connection, params};
use clap::Args;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

use super::ask::in_words;
use super::options::{Format, Outcome};
use crate::program::failure::Failure;
use crate::program::open::open_to_read;
use crate::program::output::{print, printable};

/// How many resources or subjects of a list that are wrong are explained; the others are named.
const MOST_EXPLAINED: usize = 5;

#[derive(Args)]
pub(crate) struct Test {
    /// A database or a model in either notation, and the tests; with the tests alone, the model that they bring along
    #[arg(num_args = 1..=2, required = true, value_names = ["DB_OR_MODEL", "TESTS"])]
    files: Vec<PathBuf>,
    #[command(flatten)]
    format: Format,
}

/// A store file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Store {
    #[serde(rename = "name")]
    _name: Option<String>,
    model: Option<String>,
    model_file: Option<PathBuf>,
    tuples: Option<Vec<Tuple>>,
    tuple_file: Option<PathBuf>,
    tuple_files: Option<Vec<PathBuf>>,
    tests: Option<Vec<Case>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(rename = "description")]
    _description: Option<String>,
    tuples: Option<Vec<Tuple>>,
    tuple_file: Option<PathBuf>,
    tuple_files: Option<Vec<PathBuf>>,
    check: Option<Vec<Check>>,
    list_objects: Option<Vec<ListObjects>>,
    list_users: Option<Vec<ListUsers>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tuple {
    user: String,
    relation: String,
    object: String,
    condition: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    user: Option<String>,
    users: Option<Vec<String>>,
    object: Option<String>,
    objects: Option<Vec<String>>,
    context: Option<IgnoredAny>,
    /// Relation or permission → expected
    assertions: BTreeMap<String, bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListObjects {
    user: String,
    #[serde(rename = "type")]
    resource_type: String,
    context: Option<IgnoredAny>,
    assertions: BTreeMap<String, Option<BTreeSet<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListUsers {
    object: String,
    user_filter: Vec<Filter>,
    context: Option<IgnoredAny>,
    assertions: BTreeMap<String, Users>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[serde(rename = "type")]
    subject_type: String,
    relation: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Users {
    users: Option<BTreeSet<String>>,
}

/// An assertion that does not hold.
struct Wrong {
    test: String,
    /// The question with what was expected and what was answered.
    sentence: String,
    /// Each as `authz_explain` gives it.
    explanations: Vec<String>,
}

impl Test {
    pub(crate) fn run(&self) -> Outcome {
        let (model, tests) = match self.files.as_slice() {
            [model, tests] => (Some(model.as_path()), tests),
            files => (None, files.first().ok_or("give the tests")?),
        };
        let folder = tests.parent().unwrap_or(Path::new(""));
        let store: Store = yaml(tests)?;
        let connection = match model {
            Some(path) if is_database(path)? => copy_of(path)?,
            Some(path) => with_model(&read(path)?)?,
            None => match (&store.model, &store.model_file) {
                (Some(model), _) => with_model(model)?,
                (None, Some(path)) => with_model(&read(&folder.join(path))?)?,
                (None, None) => return Err(Failure(format!("`{}` has no model; give one, or a database, before it", tests.display()))),
            },
        };
        let mut run = Run { connection, folder, asked: 0, wrong: Vec::new() };
        run.relate(store.tuples, store.tuple_file, store.tuple_files)?;
        for case in store.tests.unwrap_or_default() {
            run.case(case)?;
        }
        run.report(self.format.json)
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure(format!("cannot read `{}`: {error}", path.display())))
}

/// Reads YAML, of which JSON is a part.
fn yaml<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    serde_saphyr::from_str(&read(path)?).map_err(|error| Failure(format!("cannot read `{}`: {error}", path.display())))
}

/// Whether a file begins as SQLite's do.
fn is_database(path: &Path) -> Result<bool, Failure> {
    const HEAD: &[u8] = b"SQLite format 3\0";
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(HEAD.len() as u64).read_to_end(&mut head));
    read.map_err(|error| Failure(format!("cannot read `{}`: {error}", path.display())))?;
    Ok(head == HEAD)
}

/// The database with all that is in it, in memory: the tests write nothing to the file.
fn copy_of(path: &Path) -> Result<Connection, Failure> {
    let mut copy = Connection::open_in_memory()?;
    Backup::new(&open_to_read(path)?, &mut copy)?.run_to_completion(1000, Duration::ZERO, None)?;
    authz::register(&copy)?;
    Ok(copy)
}

/// A database with nothing but the model.
fn with_model(model: &str) -> Result<Connection, Failure> {
    let connection = Connection::open_in_memory()?;
    authz::register(&connection)?;
    authz::migrate(&connection)?;
    connection.query_row("SELECT authz_apply(?1)", [model], |_| Ok(()))?;
    Ok(connection)
}

/// Type and id of `document:1`.
fn parts(object: &str) -> Result<(&str, &str), Failure> {
    object.split_once(':').ok_or_else(|| Failure(format!("the object `{object}` has no type; write it as `type:id`, such as `document:1`")))
}

/// What may be written as one or as several.
fn one_or_several(what: &str, one: Option<String>, several: Option<Vec<String>>) -> Result<Vec<String>, Failure> {
    match (one, several) {
        (Some(one), None) => Ok(vec![one]),
        (None, Some(several)) => Ok(several),
        _ => Err(Failure(format!("a check has either `{what}` or `{what}s`"))),
    }
}

fn refuse_conditions(given: &Option<IgnoredAny>) -> Result<(), Failure> {
    match given {
        None => Ok(()),
        Some(_) => Err(Failure("conditions and their context are not built; leave them out".to_owned())),
    }
}

/// The tests as they run, on a database of their own.
struct Run<'a> {
    connection: Connection,
    /// Where the files lie that the tests name.
    folder: &'a Path,
    asked: usize,
    wrong: Vec<Wrong>,
}

impl Run<'_> {
    fn relate(&self, tuples: Option<Vec<Tuple>>, file: Option<PathBuf>, files: Option<Vec<PathBuf>>) -> Result<(), Failure> {
        let mut all = tuples.unwrap_or_default();
        for file in file.into_iter().chain(files.unwrap_or_default()) {
            all.extend(yaml::<Vec<Tuple>>(&self.folder.join(file))?);
        }
        for Tuple { user, relation, object, condition } in all {
            refuse_conditions(&condition)?;
            let (resource_type, id) = parts(&object)?;
            self.connection.query_row("SELECT authz_relate(?1, ?2, ?3, ?4)", params![user, relation, resource_type, id], |_| Ok(()))?;
        }
        Ok(())
    }

    /// Runs one test; its own tuples are gone afterwards.
    fn case(&mut self, case: Case) -> Result<(), Failure> {
        let test = case.name;
        self.connection.execute_batch("SAVEPOINT test")?;
        let named = |Failure(sentence)| Failure(format!("test `{test}`: {sentence}"));
        self.relate(case.tuples, case.tuple_file, case.tuple_files).map_err(named)?;
        for check in case.check.unwrap_or_default() {
            self.check(&test, check).map_err(named)?;
        }
        for list in case.list_objects.unwrap_or_default() {
            self.list_objects(&test, list).map_err(named)?;
        }
        for list in case.list_users.unwrap_or_default() {
            self.list_users(&test, list).map_err(named)?;
        }
        self.connection.execute_batch("ROLLBACK TO test; RELEASE test")?;
        Ok(())
    }

    fn check(&mut self, test: &str, check: Check) -> Result<(), Failure> {
        refuse_conditions(&check.context)?;
        let users = one_or_several("user", check.user, check.users)?;
        let objects = one_or_several("object", check.object, check.objects)?;
        for (user, object) in users.iter().flat_map(|user| objects.iter().map(move |object| (user, object))) {
            let (resource_type, id) = parts(object)?;
            for (relation, expected) in &check.assertions {
                self.asked += 1;
                let parameters = params![user, relation, resource_type, id];
                let answer = self.connection.query_row("SELECT authz_check(?1, ?2, ?3, ?4)", parameters, |row| row.get::<_, bool>(0));
                let words = |answer: bool| if answer { "yes" } else { "no" };
                let answer = match answer {
                    Ok(answer) if answer == *expected => continue,
                    Ok(answer) => words(answer).to_owned(),
                    Err(error) => format!("the error {error}"),
                };
                let sentence = format!("{user} {relation} {object}: expected {}, got {answer}", words(*expected));
                self.note(test, sentence, &[(user, object)], relation);
            }
        }
        Ok(())
    }

    fn list_objects(&mut self, test: &str, list: ListObjects) -> Result<(), Failure> {
        refuse_conditions(&list.context)?;
        let (user, resource_type) = (&list.user, &list.resource_type);
        for (relation, expected) in list.assertions {
            let sql = "SELECT CAST(resource_id AS TEXT) FROM authz_list_resources(?1, ?2, ?3)";
            let found = self.list(sql, params![user, relation, resource_type]);
            let found = found.map(|ids| ids.into_iter().map(|id| format!("{resource_type}:{id}")).collect());
            let question = format!("the {resource_type} objects of {user} by {relation}");
            self.compare(test, &question, expected.unwrap_or_default(), found, |object| (user.clone(), object.to_owned()), &relation);
        }
        Ok(())
    }

    fn list_users(&mut self, test: &str, list: ListUsers) -> Result<(), Failure> {
        refuse_conditions(&list.context)?;
        let (resource_type, id) = parts(&list.object)?;
        for (relation, expected) in list.assertions {
            let mut found = Ok(BTreeSet::new());
            for filter in &list.user_filter {
                let kind = match &filter.relation {
                    Some(relation) => format!("{}#{relation}", filter.subject_type),
                    None => filter.subject_type.clone(),
                };
                let sql = "SELECT subject FROM authz_list_subjects(?1, ?2, ?3, ?4)";
                let more = self.list(sql, params![relation, resource_type, id, kind]);
                found = found.and_then(|found: BTreeSet<String>| Ok(found.into_iter().chain(more?).collect()));
            }
            let question = format!("the users of {} by {relation}", list.object);
            let expected = expected.users.unwrap_or_default();
            self.compare(test, &question, expected, found, |user| (user.to_owned(), list.object.clone()), &relation);
        }
        Ok(())
    }

    fn list(&self, sql: &str, parameters: &[&dyn authz::rusqlite::ToSql]) -> authz::rusqlite::Result<BTreeSet<String>> {
        self.connection.prepare(sql)?.query_map(parameters, |row| row.get(0))?.collect()
    }

    /// Notes what a list has too little or too much. `pair` makes the user and the object of a row.
    fn compare(
        &mut self,
        test: &str,
        question: &str,
        expected: BTreeSet<String>,
        found: authz::rusqlite::Result<BTreeSet<String>>,
        pair: impl Fn(&str) -> (String, String),
        relation: &str,
    ) {
        self.asked += 1;
        let found = match found {
            Ok(found) => found,
            Err(error) => return self.note(test, format!("{question}: got the error {error}"), &[], relation),
        };
        let missing: Vec<&str> = expected.difference(&found).map(String::as_str).collect();
        let unexpected: Vec<&str> = found.difference(&expected).map(String::as_str).collect();
        let part = |word: &str, rows: &[&str]| if rows.is_empty() { String::new() } else { format!("; {word}: {}", rows.join(", ")) };
        if missing.is_empty() && unexpected.is_empty() {
            return;
        }
        let sentence = format!("{question} are wrong{}{}", part("missing", &missing), part("not expected", &unexpected));
        let pairs: Vec<(String, String)> = missing.into_iter().chain(unexpected).take(MOST_EXPLAINED).map(pair).collect();
        let pairs: Vec<(&String, &String)> = pairs.iter().map(|(user, object)| (user, object)).collect();
        self.note(test, sentence, &pairs, relation);
    }

    fn note(&mut self, test: &str, sentence: String, pairs: &[(&String, &String)], relation: &str) {
        let explain = |(user, object): &(&String, &String)| {
            let (resource_type, id) = object.split_once(':')?;
            let parameters = params![user, relation, resource_type, id];
            // What cannot be asked is explained by its error, which the sentence has.
            self.connection.query_row("SELECT authz_explain(?1, ?2, ?3, ?4)", parameters, |row| row.get(0)).ok()
        };
        let explanations = pairs.iter().filter_map(explain).collect();
        self.wrong.push(Wrong { test: test.to_owned(), sentence, explanations });
    }

    fn report(self, as_json: bool) -> Outcome {
        if as_json {
            let parsed = |text: &String| serde_json::from_str::<Value>(text).unwrap_or_else(|_| text.as_str().into());
            let failures: Vec<Value> = (self.wrong.iter())
                .map(|wrong| {
                    let explanations: Vec<Value> = wrong.explanations.iter().map(parsed).collect();
                    json!({"test": wrong.test, "failure": wrong.sentence, "explanations": explanations})
                })
                .collect();
            print(&json!({"assertions": self.asked, "failures": failures}).to_string())?;
        } else {
            for wrong in &self.wrong {
                print(&printable(&format!("FAILED {}: {}", wrong.test, wrong.sentence)))?;
                for explanation in &wrong.explanations {
                    for line in serde_json::from_str(explanation).map_or_else(|_| vec![explanation.clone()], |parsed| in_words(&parsed)) {
                        print(&printable(&format!("  {line}")))?;
                    }
                }
            }
            print(&format!("{} of {} assertions hold", self.asked - self.wrong.len(), self.asked))?;
        }
        Ok(if self.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

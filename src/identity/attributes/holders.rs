//! Who holds attributes: directory users and people who signed in, each with the payload that was told last.
//!
//! What is written here is worked out by `values`; that a membership shows it is the work of triggers.

use std::collections::HashMap;

use rusqlite::types::Value as Cell;
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use super::path::Path;
use super::values::{Definition, Layout, Source, Type, Worked, work_out};
use crate::base::identifier::{Id, IdRef};
use crate::base::refusal::shown;
use crate::identity::passwords::without_passwords;
use crate::identity::state::Identity;
use crate::outbox::call::as_one_call;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};

/// The provider of what an application sets for its own sign-in.
pub(crate) const APPLICATION: &str = "";

/// Of how many holders the values are worked out anew at a time.
const CHUNK: i64 = 512;

/// A person as one source knows them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holder<'a> {
    pub(crate) source: Source,
    /// The id of the directory or connection
    pub(crate) provider: &'a str,
    /// The provider's name for the person, such as the id of the directory user
    pub(crate) key: &'a str,
    /// The user behind it, where there is one yet
    pub(crate) user: Option<&'a str>,
    pub(crate) organization: &'a Id,
}

/// Records what a provider tells of a person: the payload without passwords, and the attributes that follow from it. Where the user has
/// a membership of the organization, that shows them at once.
pub(crate) fn record(identity: &Identity, holder: &Holder<'_>, payload: &Value) -> Result<()> {
    let engine = &identity.engine;
    as_one_call(engine, || {
        let organization = stored_organization(engine, holder.organization.as_ref())?;
        let payload = without_passwords(payload.clone());
        let worked = work(engine, &definitions(engine)?, holder.provider, holder.source, &payload)?;
        engine.with(include_str!("../../../sql/identity/attributes/holders/put_holder.sql"), |statement| {
            let Worked { attributes, shown, problems } = &worked;
            let (source, raw) = (holder.source.name(), payload.to_string());
            let seen_at = identity.clock.text();
            let row = params![holder.provider, source, holder.key, organization, holder.user, raw, attributes, shown, problems, seen_at];
            Ok(statement.execute(row)?)
        })?;
        Ok(())
    })
}

/// Forgets a person as one source knows them. → Whether there was something to forget.
pub(crate) fn forget(engine: &Engine, holder: &Holder<'_>) -> Result<bool> {
    as_one_call(engine, || {
        let organization = stored_organization(engine, holder.organization.as_ref())?;
        engine.with(include_str!("../../../sql/identity/attributes/holders/delete_holder.sql"), |statement| {
            Ok(statement.execute(params![holder.provider, holder.source.name(), holder.key, organization])? > 0)
        })
    })
}

/// Records the profile with which a user has signed in through a connection.
pub(crate) fn signed_in(identity: &Identity, connection: &str, user: &str, organization: &Id, profile: &Value) -> Result<()> {
    let key = profile.get("idp_id").and_then(Value::as_str).filter(|id| !id.is_empty()).unwrap_or(user);
    record(identity, &Holder { source: Source::Sso, provider: connection, key, user: Some(user), organization }, profile)
}

/// The id of an organization as it is stored, where there is one.
pub(crate) fn find_organization(engine: &Engine, organization: IdRef<'_>) -> Result<Option<Cell>> {
    let (first, second) = organization.forms();
    engine.with(include_str!("../../../sql/identity/attributes/holders/organization.sql"), |statement| {
        Ok(statement.query_row(params![first, second], |row| row.get(0)).optional()?)
    })
}

/// The id of an organization as it is stored, or a refusal.
pub(crate) fn stored_organization(engine: &Engine, organization: IdRef<'_>) -> Result<Cell> {
    find_organization(engine, organization)?.ok_or_else(|| {
        Error::refused(format!("unknown organization `{}`; put it first with authz_put_resource", shown(&organization.to_string())))
    })
}

/// The attributes in force, in the order of their names.
pub(crate) fn definitions(engine: &Engine) -> Result<Vec<Definition>> {
    engine.with(include_str!("../../../sql/identity/attributes/holders/in_force.sql"), |statement| {
        let rows = statement.query_map([], |row| {
            // The schema lets no other type in.
            let kind = Type::named(&row.get::<_, String>(1)?).unwrap_or(Type::String);
            Ok(Definition { name: row.get(0)?, kind, shown: row.get(2)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    })
}

fn mappings(engine: &Engine, provider: &str) -> Result<HashMap<String, Path>> {
    let all: Vec<(String, String)> = engine.with(include_str!("../../../sql/identity/attributes/holders/mappings.sql"), |statement| {
        Ok(statement.query_map([provider], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
    })?;
    let parse = |(name, path): (String, String)| match Path::parse(&path) {
        Ok(parsed) => Ok((name, parsed)),
        Err(wrong) => Err(Error::refused(format!("the path `{}` of the attribute `{name}` cannot be read: {wrong}", shown(&path)))),
    };
    all.into_iter().map(parse).collect()
}

fn work(engine: &Engine, definitions: &[Definition], provider: &str, source: Source, payload: &Value) -> Result<Worked> {
    Ok(match provider {
        APPLICATION => work_out(definitions, &Layout::Names, payload),
        _ => work_out(definitions, &Layout::Provider { source, mappings: &mappings(engine, provider)? }, payload),
    })
}

/// A row of the holders, with what it takes to work its values out anew.
struct Row {
    provider: String,
    source: String,
    key: String,
    organization: Cell,
    raw: String,
    before: Worked,
}

/// Works out the attributes of every holder anew, or of those of one provider, from the payloads as they were told.
pub(crate) fn work_out_anew(engine: &Engine, provider: Option<&str>) -> Result<()> {
    let definitions = definitions(engine)?;
    let mut known: Option<(String, HashMap<String, Path>)> = None;
    let mut last: Option<Row> = None;
    loop {
        let rows = holders_after(engine, provider, last.as_ref())?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            if known.as_ref().is_none_or(|(of, _)| *of != row.provider) {
                known = Some((row.provider.clone(), mappings(engine, &row.provider)?));
            }
            let (Some((_, mappings)), Some(source)) = (&known, Source::named(&row.source)) else { continue };
            let layout = match row.provider.as_str() {
                APPLICATION => Layout::Names,
                _ => Layout::Provider { source, mappings },
            };
            // What cannot be read tells nothing, as if it had never come.
            let payload = serde_json::from_str(&row.raw).unwrap_or(Value::Null);
            let worked = work_out(&definitions, &layout, &payload);
            if worked != row.before {
                engine.with(include_str!("../../../sql/identity/attributes/holders/set_values.sql"), |statement| {
                    let key = (&row.provider, &row.source, &row.key, &row.organization);
                    Ok(statement.execute(params![key.0, key.1, key.2, key.3, worked.attributes, worked.shown, worked.problems])?)
                })?;
            }
        }
        last = rows.into_iter().next_back();
    }
}

fn holders_after(engine: &Engine, provider: Option<&str>, last: Option<&Row>) -> Result<Vec<Row>> {
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Row {
            provider: row.get(0)?,
            source: row.get(1)?,
            key: row.get(2)?,
            organization: row.get(3)?,
            raw: row.get(4)?,
            before: Worked { attributes: row.get(5)?, shown: row.get(6)?, problems: row.get(7)? },
        })
    };
    let after = match last {
        Some(row) => (row.provider.as_str(), row.source.as_str(), row.key.as_str(), row.organization.clone()),
        // Nothing sorts before it.
        None => (provider.unwrap_or_default(), "", "", Cell::Null),
    };
    let sql = match provider {
        Some(_) => include_str!("../../../sql/identity/attributes/holders/holders_of_provider.sql"),
        None => include_str!("../../../sql/identity/attributes/holders/holders.sql"),
    };
    engine.with(sql, |statement| {
        let rows = statement.query_map(params![after.0, after.1, after.2, after.3, CHUNK], read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashMap;
    use std::rc::Rc;

    use proptest::prelude::*;
    use rusqlite::Connection;
    use serde_json::{Value, json};

    use super::{Holder, forget, record, signed_in};
    use crate::base::identifier::Id;
    use crate::facts::store::Store;
    use crate::identity::attributes::values::Source;
    use crate::identity::state::Identity;

    fn open() -> (Connection, Rc<Identity>) {
        let connection = Connection::open_in_memory().unwrap();
        let engine = crate::attach(&connection).unwrap();
        crate::migrate(&connection).unwrap();
        connection
            .execute_batch(
                "INSERT INTO authz_organizations (id) VALUES ('acme'), (7);
                 INSERT INTO authz_users (id, email) VALUES ('u0', 'u0@acme.test'), ('u1', 'u1@acme.test');
                 SELECT authz_define_attribute('department_name'), authz_define_attribute('x');",
            )
            .unwrap();
        // Providers for mappings to name.
        let insert = "INSERT INTO authz_connections (id, organization, type) VALUES
            ('conn_1', 'acme', 'GenericSAML'), ('p0', 'acme', 'GenericSAML'), ('p1', 'acme', 'GenericSAML')";
        connection.execute_batch(insert).unwrap();
        let identity = Identity::new(&Store::new(&engine));
        (connection, identity)
    }

    fn shown(connection: &Connection, user: &str, organization: &Id) -> Value {
        let sql = "SELECT custom_attributes FROM authz_memberships WHERE user = ?1 AND organization = ?2";
        let text: String = connection.query_row(sql, rusqlite::params![user, organization], |row| row.get(0)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_profile_is_kept_by_the_providers_id_of_the_person() {
        let (connection, identity) = open();
        connection.execute_batch("INSERT INTO authz_memberships (user, organization) VALUES ('u0', 7)").unwrap();
        connection.execute_batch("SELECT authz_map_attribute('conn_1', 'x', 'http://claims.test/x')").unwrap();
        let profile = |department: &str| json!({"idp_id": "i", "email": "u0@acme.test", "password": "secret", "raw_attributes": {"department": department, "http://claims.test/x": "X"}});
        for department in ["Tax", "Law"] {
            signed_in(&identity, "conn_1", "u0", &Id::of("7"), &profile(department)).unwrap();
            assert_eq!(shown(&connection, "u0", &Id::of("7")), json!({"department_name": department, "x": "X"}));
        }
        signed_in(&identity, "conn_1", "u0", &Id::of("7"), &json!({"email": "u0@acme.test"})).unwrap();
        let keys: String = connection
            .query_row("SELECT group_concat(key || ' ' || typeof(organization)) FROM _authz_attribute_holders", [], |row| row.get(0))
            .unwrap();
        assert_eq!(keys, "i integer,u0 integer");
        let secret: bool =
            connection.query_row("SELECT max(raw LIKE '%secret%') FROM _authz_attribute_holders", [], |row| row.get(0)).unwrap();
        assert!(!secret);
        assert!(signed_in(&identity, "conn_1", "u0", &Id::of("nowhere"), &json!({})).is_err());
    }

    /// One step of a history.
    #[derive(Debug, Clone)]
    enum Step {
        Record { directory: bool, provider: u8, key: u8, user: Option<u8>, value: Option<u8> },
        Forget { directory: bool, provider: u8, key: u8 },
        Join(u8),
        Leave(u8),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => (any::<bool>(), 0..2u8, 0..3u8, prop::option::weighted(0.8, 0..2u8), prop::option::of(0..4u8))
                .prop_map(|(directory, provider, key, user, value)| Step::Record { directory, provider, key, user, value }),
            2 => (any::<bool>(), 0..2u8, 0..3u8).prop_map(|(directory, provider, key)| Step::Forget { directory, provider, key }),
            2 => (0..2u8).prop_map(Step::Join),
            1 => (0..2u8).prop_map(Step::Leave),
        ];
        prop::collection::vec(step, 1..24)
    }

    /// What is known, by (directory, provider, key): when it was seen, the user and the value.
    type Known = HashMap<(bool, u8, u8), (usize, Option<u8>, Option<u8>)>;

    /// The rule in one sentence: the directory's before the sign-in's, and of each the one seen last.
    fn expected(known: &Known, user: u8) -> Value {
        let of_user = known.iter().filter(|(_, (_, of, _))| *of == Some(user));
        match of_user.max_by_key(|((directory, ..), (seen, ..))| (*directory, *seen)) {
            Some((_, (_, _, value))) => json!({"department_name": null, "x": value.map(|value| format!("v{value}"))}),
            None => json!({}),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn a_membership_shows_the_directory_before_the_sign_in_whatever_the_order(steps in steps()) {
            let (connection, identity) = open();
            for provider in ["p0", "p1"] {
                connection.query_row("SELECT authz_map_attribute(?1, 'x', 'x')", [provider], |_| Ok(())).unwrap();
            }
            let acme = Id::of("acme");
            let (mut known, mut members) = (Known::new(), [false; 2]);
            for (now, step) in steps.iter().enumerate() {
                let source = |directory: bool| if directory { Source::Directory } else { Source::Sso };
                match *step {
                    Step::Record { directory, provider, key, user, value } => {
                        let (name, text, id) = (format!("p{provider}"), format!("k{key}"), user.map(|user| format!("u{user}")));
                        let holder =
                            Holder { source: source(directory), provider: &name, key: &text, user: id.as_deref(), organization: &acme };
                        record(&identity, &holder, &json!({"x": value.map(|value| format!("v{value}"))})).unwrap();
                        known.insert((directory, provider, key), (now, user, value));
                    }
                    Step::Forget { directory, provider, key } => {
                        let (name, text) = (format!("p{provider}"), format!("k{key}"));
                        let holder = Holder { source: source(directory), provider: &name, key: &text, user: None, organization: &acme };
                        let gone = known.remove(&(directory, provider, key)).is_some();
                        prop_assert_eq!(forget(&identity.engine, &holder).unwrap(), gone);
                    }
                    Step::Join(user) => {
                        if let Some(member) = members.get_mut(usize::from(user)).filter(|member| !**member) {
                            *member = true;
                            let sql = "INSERT INTO authz_memberships (user, organization) VALUES ('u' || ?1, 'acme')";
                            connection.execute(sql, [user]).unwrap();
                        }
                    }
                    Step::Leave(user) => {
                        if let Some(member) = members.get_mut(usize::from(user)).filter(|member| **member) {
                            *member = false;
                            connection.execute("DELETE FROM authz_memberships WHERE user = 'u' || ?1", [user]).unwrap();
                            known.retain(|_, (_, of, _)| *of != Some(user));
                        }
                    }
                }
                for (user, _) in (0..2u8).zip(members).filter(|(_, member)| *member) {
                    prop_assert_eq!(shown(&connection, &format!("u{user}"), &acme), expected(&known, user));
                }
            }
        }
    }
}

//! Who is who: the user behind what an identity provider tells.
//!
//! A provider's own id of a person, once seen, decides; whoever keeps such ids looks there first. A person not seen before is found by
//! e-mail address, under a rule by which one organization's provider can never take over a person of another, or is new.

use rusqlite::{ToSql, params};

use super::email::is_email;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};

/// A person as an identity provider describes them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Person<'a> {
    pub(crate) email: &'a str,
    pub(crate) first_name: Option<&'a str>,
    pub(crate) last_name: Option<&'a str>,
}

/// The user whom an organization may take for the person: by e-mail address, where its domain is verified for the organization, or
/// where the user has a membership there and holds nothing (membership, assignment, group, relationship) outside it. Whom a directory or
/// a connection of another organization has ever known is not found by address, unless there is a membership already: otherwise a provider
/// could make a user with an address that is not its own, and wait until the owner of the domain takes that user in.
///
/// Members come first. Where more than one user remains, it is none of them: nobody is taken for somebody else.
fn find(engine: &Engine, organization: &dyn ToSql, person: &Person<'_>) -> Result<Option<(String, bool)>> {
    let Some((_, domain)) = person.email.rsplit_once('@') else { return Ok(None) };
    let candidates: Vec<(String, bool)> = engine.with(include_str!("../../sql/identity/people/by_email.sql"), |statement| {
        Ok(statement
            .query_map(params![organization, person.email, domain], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?)
    })?;
    Ok(match candidates.as_slice() {
        [one] | [one @ (_, true), (_, false), ..] => Some(one.clone()),
        _ => None,
    })
}

/// The user behind a person whom a provider of the organization tells of for the first time: the one whom the address may be taken for,
/// where that one `is_free`, otherwise a new one with a random id. From then on the organization knows the user.
///
/// A user who was no member of the organization is signed out everywhere: sessions from before were started by somebody else's word.
///
/// # Errors
/// The address is none.
pub(crate) fn take_in(
    engine: &Engine,
    organization: &dyn ToSql,
    person: &Person<'_>,
    is_free: impl FnOnce(&str) -> Result<bool>,
) -> Result<String> {
    if !is_email(person.email) {
        return Err(Error::refused("a user needs an e-mail address such as `ana@acme.com`"));
    }
    let found = match find(engine, organization, person)? {
        Some((user, is_member)) if is_free(&user)? => Some((user, is_member)),
        _ => None,
    };
    let user = match found {
        Some((user, true)) => user,
        Some((user, false)) => {
            engine.with(include_str!("../../sql/identity/people/sign_out.sql"), |statement| Ok(statement.execute([&user])?))?;
            user
        }
        None => engine.with(include_str!("../../sql/identity/people/insert.sql"), |statement| {
            Ok(statement.query_row(params![person.email, person.first_name, person.last_name], |row| row.get(0))?)
        })?,
    };
    engine.with(include_str!("../../sql/identity/people/know.sql"), |statement| Ok(statement.execute(params![user, organization])?))?;
    Ok(user)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rusqlite::Connection;

    use super::{Person, find, take_in};
    use crate::base::identifier::Id;

    const WORLD: &str = "
        INSERT INTO authz_organizations (id) VALUES ('acme'), ('rival'), (7);
        INSERT INTO authz_organization_domains (organization, domain, state) VALUES ('acme', 'acme.com', 'verified'), ('rival', 'rival.com', 'pending');
        INSERT INTO authz_users (id, email) VALUES ('ana', 'Ana@Acme.com'), ('bo', 'bo@mail.org'), ('cy', 'cy@mail.org');
        INSERT INTO authz_memberships (user, organization) VALUES ('bo', 'rival'), ('cy', 'rival'), ('cy', 'acme');";

    fn found(change: &str, organization: &str, email: &str) -> Option<String> {
        let connection = Connection::open_in_memory().unwrap();
        let engine = crate::attach(&connection).unwrap();
        crate::migrate(&connection).unwrap();
        connection.execute_batch(WORLD).unwrap();
        connection.execute_batch(change).unwrap();
        find(&engine, &Id::of(organization), &Person { email, ..Person::default() }).unwrap().map(|(user, _)| user)
    }

    #[test]
    fn a_verified_domain_or_being_nobody_elsewhere_makes_an_address_count() {
        assert_eq!(found("", "acme", "ana@ACME.com").as_deref(), Some("ana"));
        assert_eq!(found("", "rival", "ana@acme.com"), None, "another organization's domain");
        assert_eq!(found("", "rival", "BO@mail.org").as_deref(), Some("bo"));
        assert_eq!(found("", "acme", "bo@mail.org"), None, "no membership there");
        assert_eq!(found("", "rival", "cy@mail.org"), None, "a membership elsewhere");
        assert_eq!(found("UPDATE authz_organization_domains SET state = 'failed'", "acme", "ana@acme.com"), None);
    }

    #[test]
    fn whoever_holds_anything_elsewhere_is_not_found_by_address() {
        for held in [
            "INSERT INTO authz_memberships (user, organization, status) VALUES ('bo', 7, 'inactive')",
            "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:bo', 'member', 'organization', 7)",
            "INSERT INTO authz_groups (id, organization) VALUES ('g', 'acme'); INSERT INTO authz_group_members (group_id, subject) VALUES ('g', 'user:bo')",
            "INSERT INTO authz_group_members (group_id, subject) VALUES ('free', 'user:bo')",
            "SELECT authz_apply('{\"resource_types\": {\"organization\": {\"relations\": {\"fan\": \"[user]\"}}}}');
             INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:bo', 'fan', 'organization', 'acme')",
        ] {
            assert_eq!(found(held, "rival", "bo@mail.org"), None, "{held}");
        }
        let inside = "INSERT INTO authz_groups (id, organization) VALUES ('g', 'rival'); INSERT INTO authz_group_members (group_id, subject) VALUES ('g', 'user:bo')";
        assert_eq!(found(inside, "rival", "bo@mail.org").as_deref(), Some("bo"));
    }

    /// Another organization's provider may have made a person up, with an address that is not its own.
    #[test]
    fn whom_a_provider_of_another_organization_knows_is_not_found_by_address() {
        let made_up = "INSERT INTO authz_users (id, email) VALUES ('fake', 'dee@acme.com');
            INSERT INTO _authz_known_users VALUES ('fake', 'rival')";
        assert_eq!(found(made_up, "acme", "dee@acme.com"), None);
        let own = made_up.replace("'rival'", "'acme'");
        assert_eq!(found(&own, "acme", "dee@acme.com").as_deref(), Some("fake"));
        let member = format!("{made_up}; INSERT INTO authz_memberships (user, organization) VALUES ('fake', 'acme')");
        assert_eq!(found(&member, "acme", "dee@acme.com").as_deref(), Some("fake"), "acme has taken them in already");
    }

    #[test]
    fn two_of_one_address_are_nobody_unless_one_is_a_member() {
        let twin = "INSERT INTO authz_users (id, email) VALUES ('ada', 'ana@acme.com')";
        assert_eq!(found(twin, "acme", "ana@acme.com"), None);
        let member = format!("{twin}; INSERT INTO authz_memberships (user, organization) VALUES ('ada', 'acme')");
        assert_eq!(found(&member, "acme", "ana@acme.com").as_deref(), Some("ada"));
        let both = format!("{member}; INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme')");
        assert_eq!(found(&both, "acme", "ana@acme.com"), None);
    }

    #[test]
    fn the_others_are_new() {
        let connection = Connection::open_in_memory().unwrap();
        let engine = crate::attach(&connection).unwrap();
        crate::migrate(&connection).unwrap();
        connection.execute_batch(WORLD).unwrap();
        let person = Person { email: "ana@acme.com", first_name: Some("Ana"), last_name: None };
        assert_eq!(take_in(&engine, &Id::of("acme"), &person, |_| Ok(true)).unwrap(), "ana");
        let stranger = take_in(&engine, &Id::of("rival"), &person, |_| Ok(true)).unwrap();
        assert!(stranger.starts_with("user_"), "{stranger}");
        assert!(take_in(&engine, &Id::of("rival"), &Person::default(), |_| Ok(true)).is_err());
    }

    #[test]
    fn a_domain_is_verified_for_one_organization() {
        let connection = Connection::open_in_memory().unwrap();
        crate::register(&connection).unwrap();
        crate::migrate(&connection).unwrap();
        connection.execute_batch(WORLD).unwrap();
        let taken = "INSERT INTO authz_organization_domains (organization, domain) VALUES ('rival', 'acme.com');
            UPDATE authz_organization_domains SET state = 'verified' WHERE organization = 'rival' AND domain = 'acme.com'";
        assert!(connection.execute_batch(taken).unwrap_err().to_string().contains("organization_domain_conflict"));
        for bad in ["'acme', 'Acme.com'", "'acme', 'localhost'", "'nobody', 'x.com'", "'7', 'x.com'"] {
            let sql = format!("INSERT INTO authz_organization_domains (organization, domain) VALUES ({bad})");
            assert!(connection.execute_batch(&sql).is_err(), "{bad}");
        }
    }
}

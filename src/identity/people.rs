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
/// Members come first, and among equals the one who has the address before those who are known by it alone. Where more than one user
/// remains, it is none of them: nobody is taken for somebody else.
fn find(engine: &Engine, organization: &dyn ToSql, person: &Person<'_>) -> Result<Option<(String, bool)>> {
    let candidates: Vec<(String, bool, bool)> = engine.with(include_str!("../../sql/identity/people/by_email.sql"), |statement| {
        Ok(statement
            .query_map(params![organization, person.email, domain(person)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?)
    })?;
    Ok(match candidates.as_slice() {
        [(user, is_member, _)] => Some((user.clone(), *is_member)),
        [(user, is_member, has), (_, is_member_too, has_too), ..] if (is_member, has) != (is_member_too, has_too) => {
            Some((user.clone(), *is_member))
        }
        _ => None,
    })
}

/// The domain of the address.
fn domain<'a>(person: &Person<'a>) -> Option<&'a str> {
    person.email.rsplit_once('@').map(|(_, domain)| domain)
}

/// The user behind a person whom a provider of the organization tells of for the first time: the one whom the address may be taken for,
/// where that one `is_free`, otherwise a new one with a random id. From then on the organization knows the user.
///
/// A user who was no member of the organization is signed out everywhere: sessions from before were started by somebody else's word.
///
/// An address belongs to one user. The owner of its domain takes it away from whoever had it; where somebody else has it and nobody took it
/// away, the user has none, and this organization alone goes on to find them by it.
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
    let chosen = found.as_ref().map(|(user, _)| user.as_str());
    engine.with(include_str!("../../sql/identity/people/release.sql"), |statement| {
        Ok(statement.execute(params![organization, person.email, domain(person), chosen])?)
    })?;
    let user = match found {
        Some((user, is_member)) => {
            if !is_member {
                engine.with(include_str!("../../sql/identity/people/sign_out.sql"), |statement| Ok(statement.execute([&user])?))?;
            }
            let give = include_str!("../../sql/identity/people/give.sql");
            engine.with(give, |statement| Ok(statement.execute([user.as_str(), person.email])?))?;
            user
        }
        None => engine.with(include_str!("../../sql/identity/people/insert.sql"), |statement| {
            Ok(statement.query_row(params![person.email, person.first_name, person.last_name], |row| row.get(0))?)
        })?,
    };
    let know = include_str!("../../sql/identity/people/know.sql");
    engine.with(know, |statement| Ok(statement.execute(params![user, organization, person.email])?))?;
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
            INSERT INTO _authz_known_users (user, organization) VALUES ('fake', 'rival')";
        assert_eq!(found(made_up, "acme", "dee@acme.com"), None);
        let own = made_up.replace("'rival'", "'acme'");
        assert_eq!(found(&own, "acme", "dee@acme.com").as_deref(), Some("fake"));
        let member = format!("{made_up}; INSERT INTO authz_memberships (user, organization) VALUES ('fake', 'acme')");
        assert_eq!(found(&member, "acme", "dee@acme.com").as_deref(), Some("fake"), "acme has taken them in already");
    }

    /// Whoever has no address is known by one to the organization that told of them alone.
    #[test]
    fn two_of_one_address_are_nobody_unless_one_is_a_member_or_has_it() {
        let known = |user: &str| {
            format!(
                "INSERT INTO authz_users (id) VALUES ('{user}');
                 INSERT INTO _authz_known_users VALUES ('{user}', 'acme', 'Ana@acme.com');
                 INSERT INTO authz_memberships (user, organization) VALUES ('{user}', 'acme')"
            )
        };
        assert_eq!(found(&known("ada"), "acme", "ana@acme.com").as_deref(), Some("ada"), "a member comes first");
        let has_it = format!("{}; INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme')", known("ada"));
        assert_eq!(found(&has_it, "acme", "ana@acme.com").as_deref(), Some("ana"), "of two members the one who has the address");
        assert_eq!(found(&format!("{}; {}", known("ada"), known("ann")), "acme", "ana@acme.com"), None);
        assert_eq!(found(&known("ada"), "rival", "ana@acme.com"), None, "another organization does not know them by it");
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
        assert_eq!(address(&connection, &stranger), None, "the address is Ana's");
        assert!(take_in(&engine, &Id::of("rival"), &Person::default(), |_| Ok(true)).is_err());
        // Rival goes on to find them by it once they are a member, and nobody else does.
        let join = "INSERT INTO authz_memberships (user, organization) VALUES (?1, 'rival')";
        connection.execute(join, [&stranger]).unwrap();
        assert_eq!(take_in(&engine, &Id::of("rival"), &person, |_| Ok(true)).unwrap(), stranger);
        assert_eq!(take_in(&engine, &Id::of("acme"), &person, |_| Ok(true)).unwrap(), "ana");
        // With Ana goes the address: then it is theirs, until the owner of the domain tells of somebody who has it.
        connection.execute_batch("DELETE FROM authz_users WHERE id = 'ana'").unwrap();
        assert_eq!(take_in(&engine, &Id::of("rival"), &person, |_| Ok(true)).unwrap(), stranger);
        assert_eq!(address(&connection, &stranger).as_deref(), Some("ana@acme.com"));
        let owned = take_in(&engine, &Id::of("acme"), &person, |_| Ok(true)).unwrap();
        assert_ne!(owned, stranger);
        assert_eq!((address(&connection, &owned).as_deref(), address(&connection, &stranger)), (Some("ana@acme.com"), None));
        assert_eq!(take_in(&engine, &Id::of("rival"), &person, |_| Ok(true)).unwrap(), stranger, "found by what rival calls them");
    }

    fn address(connection: &Connection, user: &str) -> Option<String> {
        connection.query_row("SELECT email FROM authz_users WHERE id = ?1", [user], |row| row.get(0)).unwrap()
    }

    /// Somebody else made a user up with an address of a domain that is not theirs, and keeps that user.
    #[test]
    fn the_owner_of_a_domain_takes_the_address_away() {
        let connection = Connection::open_in_memory().unwrap();
        let engine = crate::attach(&connection).unwrap();
        crate::migrate(&connection).unwrap();
        connection.execute_batch(WORLD).unwrap();
        let person = Person { email: "dee@acme.com", ..Person::default() };
        let made_up = take_in(&engine, &Id::of("rival"), &person, |_| Ok(true)).unwrap();
        let join = "INSERT INTO authz_memberships (user, organization) VALUES (?1, 'rival')";
        connection.execute(join, [&made_up]).unwrap();
        connection.execute_batch("UPDATE authz_organization_domains SET state = 'pending'").unwrap();
        let unowned = take_in(&engine, &Id::of("acme"), &person, |_| Ok(true)).unwrap();
        assert_eq!((address(&connection, &made_up).as_deref(), address(&connection, &unowned)), (Some("dee@acme.com"), None));
        connection.execute("INSERT INTO authz_memberships (user, organization) VALUES (?1, 'acme')", [&unowned]).unwrap();
        connection.execute_batch("UPDATE authz_organization_domains SET state = 'verified' WHERE domain = 'acme.com'").unwrap();
        assert_eq!(take_in(&engine, &Id::of("acme"), &person, |_| Ok(true)).unwrap(), unowned);
        assert_eq!((address(&connection, &made_up), address(&connection, &unowned).as_deref()), (None, Some("dee@acme.com")));
        let told = "SELECT count(*) FROM authz_events WHERE event = 'user.updated' AND data ->> '$.id' = ?1 AND data ->> '$.email' IS NULL";
        assert_eq!(connection.query_row(told, [&made_up], |row| row.get::<_, i64>(0)).unwrap(), 1);
        let kept = "SELECT count(*) FROM authz_memberships WHERE user = ?1 AND organization = 'rival' AND status = 'active'";
        assert_eq!(connection.query_row(kept, [&made_up], |row| row.get::<_, i64>(0)).unwrap(), 1);
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

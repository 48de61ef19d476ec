//! What an identity provider tells about a person, and who that is here.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};
use serde_json::Value as Any;

use crate::base::identifier::Id;
use crate::base::json::{Json, object, quoted, refused, required, text, words};
use crate::base::refusal::shown;
use crate::identity::attributes::holders::signed_in;
use crate::identity::email::is_email;
use crate::identity::people::{Person, take_in};
use crate::identity::sign_in::masking::masked;
use crate::identity::state::Identity;
use crate::outbox::call::as_one_call;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};

/// A row of `authz_connections`.
pub(crate) struct Connected {
    pub(crate) organization: Value,
    pub(crate) connection_type: String,
    pub(crate) is_active: bool,
    pub(crate) timeout_seconds: i64,
    jit: bool,
}

pub(crate) fn connection(engine: &Engine, id: &str) -> Result<Option<Connected>> {
    engine.with(include_str!("../../../sql/identity/sign_in/profile/connection.sql"), |statement| {
        Ok(statement
            .query_row([id], |row| {
                Ok(Connected {
                    organization: row.get(0)?,
                    connection_type: row.get(1)?,
                    is_active: row.get::<_, String>(2)? == "active",
                    timeout_seconds: row.get(3)?,
                    jit: row.get(4)?,
                })
            })
            .optional()?)
    })
}

/// JSON that is stored: what is secret in it is masked.
pub(crate) fn stored(what: &str, text: &str) -> Result<String> {
    // Read for the sake of its refusals, which tell the place.
    Json::parse(what, text)?;
    Ok(without_secrets(what, text)?.to_string())
}

fn without_secrets(what: &str, text: &str) -> Result<Any> {
    let value: Any = serde_json::from_str(text).map_err(|error| Error::refused(format!("{what} is not valid JSON: {error}")))?;
    Ok(masked(value))
}

/// What the provider tells about a person who has signed in.
pub(crate) struct Profile {
    idp_id: Option<String>,
    pub(crate) email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    /// All that was told, without what is secret in it
    told: Any,
    /// The same as it is stored
    pub(crate) masked: String,
}

impl Profile {
    pub(crate) fn read(json: &str) -> Result<Profile> {
        let (mut idp_id, mut email, mut first_name, mut last_name) = (None, None, None, None);
        for (field, value) in object("profile", Json::parse("the profile", json)?)? {
            let place = format!("profile.{}", shown(&field));
            match field.as_str() {
                "idp_id" => idp_id = words(&place, value, 1000)?.filter(|id| !id.is_empty()),
                "email" if matches!(value, Json::Null) => {}
                "email" => email = Some(text(&place, value)?),
                "first_name" => first_name = words(&place, value, 256)?,
                "last_name" => last_name = words(&place, value, 256)?,
                "raw_attributes" if !matches!(value, Json::Object(_) | Json::Null) => {
                    return refused(&place, format!("it is {}, and must be an object", value.kind()));
                }
                _ => {}
            }
        }
        let email = required("profile", "email", email)?;
        if !is_email(&email) {
            return refused(
                "profile.email",
                format!("{} is no e-mail address; a success needs one such as `ana@acme.com`", quoted(&email)),
            );
        }
        let told = without_secrets("the profile", json)?;
        Ok(Profile { idp_id, email, first_name, last_name, masked: told.to_string(), told })
    }
}

/// Finds the user who has signed in, remembers the provider's id of them and what it tells, and lets them in where the connection does.
pub(crate) fn sign_in(identity: &Identity, through: &str, profile: &Profile, now: &str) -> Result<String> {
    as_one_call(&identity.engine, || enter(identity, through, profile, now))
}

fn enter(identity: &Identity, through: &str, profile: &Profile, now: &str) -> Result<String> {
    let engine = &identity.engine;
    let Some(connection) = connection(engine, through)?.filter(|connection| connection.is_active) else {
        return Err(Error::refused(format!(
            "connection_unlinked: the connection `{}` has become inactive; the sign-in can only fail",
            shown(through)
        )));
    };
    let remembered = match &profile.idp_id {
        Some(idp_id) => engine.with(include_str!("../../../sql/identity/sign_in/profile/user_of.sql"), |statement| {
            Ok(statement.query_row([through, idp_id.as_str()], |row| row.get::<_, String>(0)).optional()?)
        })?,
        None => None,
    };
    let user = match remembered {
        Some(user) => user,
        None => {
            let (first_name, last_name) = (profile.first_name.as_deref(), profile.last_name.as_deref());
            take_in(engine, &connection.organization, &Person { email: &profile.email, first_name, last_name }, |_| Ok(true))?
        }
    };
    if let Some(idp_id) = &profile.idp_id {
        engine.with(include_str!("../../../sql/identity/sign_in/profile/remember.sql"), |statement| {
            Ok(statement.execute(params![through, idp_id, user, profile.masked, now])?)
        })?;
    }
    if connection.jit {
        engine.with(include_str!("../../../sql/identity/sign_in/profile/join.sql"), |statement| {
            Ok(statement.execute(params![user, connection.organization])?)
        })?;
        engine.with(include_str!("../../../sql/identity/sign_in/profile/accept.sql"), |statement| {
            Ok(statement.execute(params![user, connection.organization])?)
        })?;
    }
    signed_in(identity, through, &user, &Id::stored((&connection.organization).into()), &profile.told)?;
    Ok(user)
}

//! What a template can name, and what lies there.

use crate::base::refusal::{nearest, shown};

/// The keys of a token that a template may not set: those of the standard, and those that every token of ours has.
pub(super) const RESERVED: [&str; 11] = ["iss", "sub", "exp", "iat", "nbf", "jti", "sid", "org_id", "role", "roles", "permissions"];

/// What may be found below a path.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// A text, a number or a boolean
    Plain,
    Fields(&'static [(&'static str, Shape)]),
    /// An array of these
    Items(&'static Shape),
    /// An object of texts with any keys
    Texts,
    /// An object of whatever a provider tells, by the name of the attribute
    Attributes,
    Anything,
}

pub(super) const ROOTS: Shape = Shape::Fields(&[
    (
        "user",
        Shape::Fields(&[
            ("id", Shape::Plain),
            ("email", Shape::Plain),
            ("email_verified", Shape::Plain),
            ("first_name", Shape::Plain),
            ("last_name", Shape::Plain),
            ("profile_picture_url", Shape::Plain),
            ("last_sign_in_at", Shape::Plain),
            ("external_id", Shape::Plain),
            ("metadata", Shape::Texts),
            ("created_at", Shape::Plain),
            ("updated_at", Shape::Plain),
        ]),
    ),
    (
        "organization",
        Shape::Fields(&[
            ("id", Shape::Plain),
            ("name", Shape::Plain),
            ("description", Shape::Plain),
            ("external_id", Shape::Plain),
            (
                "domains",
                Shape::Items(&Shape::Fields(&[("domain", Shape::Plain), ("state", Shape::Plain), ("organization_id", Shape::Plain)])),
            ),
            ("metadata", Shape::Texts),
            ("created_at", Shape::Plain),
            ("updated_at", Shape::Plain),
        ]),
    ),
    (
        "organization_membership",
        Shape::Fields(&[
            ("id", Shape::Plain),
            ("user_id", Shape::Plain),
            ("organization_id", Shape::Plain),
            ("status", Shape::Plain),
            ("role", Shape::Fields(&[("slug", Shape::Plain)])),
            ("roles", Shape::Items(&Shape::Fields(&[("slug", Shape::Plain)]))),
            ("custom_attributes", Shape::Attributes),
            ("directory_managed", Shape::Plain),
            ("created_at", Shape::Plain),
            ("updated_at", Shape::Plain),
        ]),
    ),
]);

/// What lies at a path, or why nothing can.
pub(super) fn shape_of(path: &[String]) -> std::result::Result<Shape, String> {
    let unknown = |name: &str, known: &[&str]| {
        let near = match nearest(name, known.iter().copied()) {
            near if near.is_empty() => format!("; it goes on with one of `{}`", known.join("`, `")),
            near => near,
        };
        format!("unknown path `{}`, nothing is called `{}`{near}", shown(&path.join(".")), shown(name))
    };
    let mut shape = ROOTS;
    for name in path {
        shape = match shape {
            Shape::Fields(fields) => match fields.iter().find(|(known, _)| known == name) {
                Some((_, below)) => *below,
                None => return Err(unknown(name, &fields.iter().map(|(known, _)| *known).collect::<Vec<_>>())),
            },
            Shape::Items(item) => match name.parse::<usize>() {
                Ok(_) => *item,
                Err(_) => return Err(unknown(name, &["0", "1"])),
            },
            Shape::Texts => Shape::Plain,
            Shape::Attributes | Shape::Anything => Shape::Anything,
            Shape::Plain => return Err(format!("unknown path `{}`, nothing lies below a value that is no object", shown(&path.join(".")))),
        };
    }
    Ok(shape)
}

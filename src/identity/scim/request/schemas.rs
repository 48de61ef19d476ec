//! What users and groups are made of (RFC 7643), and how the service describes itself.

use serde_json::{Map, Value, json};

use super::name::{ENTERPRISE, GROUP, Name, USER};

/// The most resources on one page.
pub(crate) const MAX_RESULTS: usize = 1000;

/// The two kinds of resource that a provider writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResourceKind {
    User,
    Group,
}

impl ResourceKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            ResourceKind::User => "User",
            ResourceKind::Group => "Group",
        }
    }

    pub(crate) fn endpoint(self) -> &'static str {
        match self {
            ResourceKind::User => "/Users",
            ResourceKind::Group => "/Groups",
        }
    }

    pub(crate) fn schema(self) -> &'static str {
        match self {
            ResourceKind::User => USER,
            ResourceKind::Group => GROUP,
        }
    }

    /// The attribute that every resource of the kind has.
    pub(crate) fn required(self) -> &'static str {
        match self {
            ResourceKind::User => "userName",
            ResourceKind::Group => "displayName",
        }
    }

    /// The attribute of that name, in any case, of an extension or of the core schema.
    pub(crate) fn attribute(self, extension: Option<&str>, name: &str) -> Option<&'static Attribute> {
        let attributes = match (extension, self) {
            (Some(extension), ResourceKind::User) if extension.eq_ignore_ascii_case(ENTERPRISE) => ENTERPRISE_ATTRIBUTES,
            (Some(_), _) => return None,
            (None, ResourceKind::User) => USER_ATTRIBUTES,
            (None, ResourceKind::Group) => GROUP_ATTRIBUTES,
        };
        let common = if extension.is_none() { COMMON_ATTRIBUTES } else { &[] };
        attributes.iter().chain(common).find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// The attribute that a URN names, such as `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager`.
    pub(crate) fn attribute_by_urn(self, urn: &str) -> Option<&'static Attribute> {
        let name = Name::read(urn)?;
        self.attribute(name.extension.as_deref(), &name.attribute)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Boolean,
    Time,
    Reference,
    Binary,
    Complex,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Type::Text => "string",
            Type::Boolean => "boolean",
            Type::Time => "dateTime",
            Type::Reference => "reference",
            Type::Binary => "binary",
            Type::Complex => "complex",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutability {
    ReadWrite,
    ReadOnly,
    Immutable,
}

/// An attribute, or a part of one.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) kind: Type,
    pub(crate) many: bool,
    required: bool,
    /// Upper and lower case differ
    pub(crate) exact: bool,
    pub(crate) mutability: Mutability,
    unique: bool,
    /// The parts of a complex one
    parts: &'static [Attribute],
    refers_to: &'static [&'static str],
    usual: &'static [&'static str],
    description: &'static str,
}

impl Attribute {
    /// The part of that name, in any case.
    pub(crate) fn part(&self, name: &str) -> Option<&'static Attribute> {
        self.parts.iter().find(|part| part.name.eq_ignore_ascii_case(name))
    }

    fn describe(&self) -> Value {
        let mut shown = Map::new();
        let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        put("name", self.name.into());
        put("type", self.kind.name().into());
        put("multiValued", self.many.into());
        put("description", self.description.into());
        put("required", self.required.into());
        if !self.usual.is_empty() {
            put("canonicalValues", self.usual.into());
        }
        put("caseExact", self.exact.into());
        let mutability = match self.mutability {
            Mutability::ReadWrite => "readWrite",
            Mutability::ReadOnly => "readOnly",
            Mutability::Immutable => "immutable",
        };
        put("mutability", mutability.into());
        put("returned", "default".into());
        put("uniqueness", if self.unique { "server" } else { "none" }.into());
        if self.kind == Type::Reference {
            put("referenceTypes", self.refers_to.into());
        }
        if self.kind == Type::Complex {
            put("subAttributes", self.parts.iter().map(Attribute::describe).collect::<Vec<_>>().into());
        }
        Value::Object(shown)
    }
}

const fn text(name: &'static str, description: &'static str) -> Attribute {
    Attribute {
        name,
        kind: Type::Text,
        many: false,
        required: false,
        exact: false,
        mutability: Mutability::ReadWrite,
        unique: false,
        parts: &[],
        refers_to: &[],
        usual: &[],
        description,
    }
}

const fn of(kind: Type, name: &'static str, description: &'static str) -> Attribute {
    Attribute { kind, exact: matches!(kind, Type::Reference | Type::Binary | Type::Time), ..text(name, description) }
}

const fn one(name: &'static str, parts: &'static [Attribute], description: &'static str) -> Attribute {
    Attribute { parts, ..of(Type::Complex, name, description) }
}

const fn many(name: &'static str, parts: &'static [Attribute], description: &'static str) -> Attribute {
    Attribute { many: true, ..one(name, parts, description) }
}

const fn usual(name: &'static str, usual: &'static [&'static str], description: &'static str) -> Attribute {
    Attribute { usual, ..text(name, description) }
}

const fn exact(name: &'static str, mutability: Mutability, description: &'static str) -> Attribute {
    Attribute { exact: true, mutability, ..text(name, description) }
}

const fn reference(name: &'static str, refers_to: &'static [&'static str], mutability: Mutability, description: &'static str) -> Attribute {
    Attribute { refers_to, mutability, ..of(Type::Reference, name, description) }
}

const fn read_only(attribute: Attribute) -> Attribute {
    Attribute { mutability: Mutability::ReadOnly, ..attribute }
}

const DISPLAY: Attribute = text("display", "What people see");
const PRIMARY: Attribute = of(Type::Boolean, "primary", "The preferred one; at most one is");

/// What many lists of a person consist of.
static PLAIN: &[Attribute] = &[text("value", "The value"), DISPLAY, text("type", "What it is used for"), PRIMARY];
static PLACES: &[Attribute] =
    &[text("value", "The value"), DISPLAY, usual("type", &["work", "home", "other"], "Where it belongs"), PRIMARY];

static COMMON_ATTRIBUTES: &[Attribute] = &[
    exact("id", Mutability::ReadOnly, "The id given here"),
    exact("externalId", Mutability::ReadWrite, "The id that the provider has"),
    read_only(many("schemas", &[], "The schemas in use")),
    read_only(one(
        "meta",
        &[
            exact("resourceType", Mutability::ReadOnly, "User or Group"),
            read_only(of(Type::Time, "created", "When it came")),
            read_only(of(Type::Time, "lastModified", "When it last changed")),
            reference("location", &["uri"], Mutability::ReadOnly, "Where it is found"),
            exact("version", Mutability::ReadOnly, "Goes up with every change"),
        ],
        "What the service knows of it",
    )),
];

static USER_ATTRIBUTES: &[Attribute] = &[
    Attribute { required: true, unique: true, ..text("userName", "The name by which the provider knows the user") },
    one(
        "name",
        &[
            text("formatted", "The whole name, as it is shown"),
            text("familyName", "The last name"),
            text("givenName", "The first name"),
            text("middleName", "Names in between"),
            text("honorificPrefix", "A title in front"),
            text("honorificSuffix", "A title behind"),
        ],
        "The parts of the name",
    ),
    text("displayName", "The name that people see"),
    text("nickName", "What the user is called"),
    reference("profileUrl", &["external"], Mutability::ReadWrite, "A page about the user"),
    text("title", "The job title"),
    text("userType", "Employee, contractor and the like"),
    text("preferredLanguage", "Language, as in Accept-Language"),
    text("locale", "How dates and numbers are written"),
    text("timezone", "A name of the time zone database"),
    of(Type::Boolean, "active", "Whether the user has access"),
    many("emails", PLACES, "E-mail addresses"),
    many("phoneNumbers", PLACES, "Telephone numbers"),
    many("ims", PLAIN, "Addresses for instant messages"),
    many(
        "photos",
        &[
            reference("value", &["external"], Mutability::ReadWrite, "Where the picture is"),
            DISPLAY,
            text("type", "What it is used for"),
            PRIMARY,
        ],
        "Pictures of the user",
    ),
    many(
        "addresses",
        &[
            text("formatted", "The whole address, as it is shown"),
            text("streetAddress", "Street and number"),
            text("locality", "City"),
            text("region", "State or region"),
            text("postalCode", "Postal code"),
            text("country", "Country"),
            usual("type", &["work", "home", "other"], "Where it belongs"),
            PRIMARY,
        ],
        "Postal addresses",
    ),
    read_only(many(
        "groups",
        &[
            exact("value", Mutability::ReadOnly, "The id of the group"),
            reference("$ref", &["Group"], Mutability::ReadOnly, "Where it is found"),
            read_only(text("display", "Its name")),
            read_only(usual("type", &["direct"], "direct: the user is named in it")),
        ],
        "The groups that name the user",
    )),
    many("entitlements", PLAIN, "What the user is entitled to, in the provider's words"),
    many("roles", PLAIN, "What the user is, in the provider's words"),
    many(
        "x509Certificates",
        &[of(Type::Binary, "value", "The certificate"), DISPLAY, text("type", "What it is used for"), PRIMARY],
        "Certificates of the user",
    ),
];

static ENTERPRISE_ATTRIBUTES: &[Attribute] = &[
    text("employeeNumber", "Number or code of the employee"),
    text("costCenter", "Cost center"),
    text("organization", "Organization"),
    text("division", "Division"),
    text("department", "Department"),
    one(
        "manager",
        &[
            exact("value", Mutability::ReadWrite, "The id of the manager"),
            reference("$ref", &["User"], Mutability::ReadWrite, "Where the manager is found"),
            read_only(text("displayName", "The name of the manager")),
        ],
        "Whom the user reports to",
    ),
];

static GROUP_ATTRIBUTES: &[Attribute] = &[
    Attribute { required: true, ..text("displayName", "The name of the group") },
    many(
        "members",
        &[
            exact("value", Mutability::Immutable, "The id of a user or a group"),
            reference("$ref", &["User", "Group"], Mutability::Immutable, "Where it is found"),
            Attribute { mutability: Mutability::Immutable, ..usual("type", &["User", "Group"], "What it is") },
        ],
        "Who is in the group",
    ),
];

/// `GET /Schemas`.
pub(crate) fn schemas() -> Vec<Value> {
    [
        (USER, "User", "A user of the directory", USER_ATTRIBUTES),
        (GROUP, "Group", "A group of the directory", GROUP_ATTRIBUTES),
        (ENTERPRISE, "EnterpriseUser", "What an employer knows of a user", ENTERPRISE_ATTRIBUTES),
    ]
    .map(|(id, name, description, attributes)| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": id,
            "name": name,
            "description": description,
            "attributes": attributes.iter().map(Attribute::describe).collect::<Vec<_>>(),
            "meta": {"resourceType": "Schema", "location": format!("/Schemas/{id}")},
        })
    })
    .into()
}

/// `GET /ResourceTypes`.
pub(crate) fn resource_types() -> Vec<Value> {
    [ResourceKind::User, ResourceKind::Group]
        .map(|kind| {
            let extensions = match kind {
                ResourceKind::User => json!([{"schema": ENTERPRISE, "required": false}]),
                ResourceKind::Group => json!([]),
            };
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
                "id": kind.name(),
                "name": kind.name(),
                "endpoint": kind.endpoint(),
                "description": format!("The {}s of the directory", kind.name().to_lowercase()),
                "schema": kind.schema(),
                "schemaExtensions": extensions,
                "meta": {"resourceType": "ResourceType", "location": format!("/ResourceTypes/{}", kind.name())},
            })
        })
        .into()
}

/// `GET /ServiceProviderConfig`.
pub(crate) fn service_provider_config() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": MAX_RESULTS},
        "changePassword": {"supported": false},
        "sort": {"supported": true},
        "etag": {"supported": false},
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "The token says which directory it is",
            "primary": true,
        }],
        "meta": {"resourceType": "ServiceProviderConfig", "location": "/ServiceProviderConfig"},
    })
}

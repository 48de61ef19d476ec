//! Attributes of members, and the claims of access tokens.

use crate::help::entry::Entry;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::writes(
        "authz_define_attribute",
        "name TEXT [, definition JSON]",
        "INTEGER: 1 if something changed, otherwise 0",
        "Defines an attribute of members, changes one, or switches a predefined one on. The definition has `type` (`string`, `number`, \
         `boolean`, `array` or `object`; `string` unless given) and `description`. A name has 1 to 128 letters, digits, `_` and `-`; \
         the standard attributes are always there and cannot be defined.",
        r#"SELECT authz_define_attribute('badge', '{"type": "number"}');"#,
    ),
    Entry::writes(
        "authz_undefine_attribute",
        "name TEXT",
        "INTEGER: 1 if something changed, otherwise 0",
        "Removes a custom attribute or switches a predefined one off; its mappings are removed too, and memberships no longer show it.",
        "SELECT authz_undefine_attribute('level');",
    ),
    Entry::writes(
        "authz_map_attribute",
        "provider TEXT, name TEXT, path TEXT",
        "INTEGER: 1 if something changed, otherwise 0",
        "Says where the attribute is in the payloads of a connection or a directory: a SCIM path, the name of a SAML claim or a dotted path. \
         NULL removes the mapping. The values of everyone that the provider has sent are recomputed at once.",
        "SELECT authz_map_attribute('directory_acme', 'level', 'employee.level');",
    ),
    Entry::writes(
        "authz_set_attributes",
        "user TEXT, organization INTEGER or TEXT, source TEXT, attributes JSON",
        "INTEGER: 1 if the attributes changed, otherwise 0",
        "Sets all attributes of a member, for applications that do their own sign-in. `source` is `directory` or `sso`. An attribute that is \
         left out becomes null; NULL instead of the object removes what was set. A value of the wrong type is kept, shown as null and listed \
         by authz_attribute_problems.",
        r#"SELECT authz_set_attributes('ana', 'acme', 'sso', '{"department_name": "Sales", "level": 4}');"#,
    ),
    Entry::rows(
        "authz_attributes",
        "user TEXT, organization INTEGER or TEXT",
        "rows (name TEXT, value any type, source TEXT, last_seen_at TEXT, provider TEXT): in the order of the names",
        "Every attribute in force of a member, with the source that gave it; `value` is NULL where nothing is known. An unknown user or \
         organization gives no rows.",
        "SELECT name, value, source FROM authz_attributes('ana', 'acme') WHERE value IS NOT NULL;",
    ),
    Entry::rows(
        "authz_attribute_problems",
        "",
        "rows (name TEXT, type TEXT, found JSON, user TEXT, organization INTEGER or TEXT, source TEXT, provider TEXT, key TEXT, \
         last_seen_at TEXT)",
        "Values whose type is not the type of their attribute. `key` is the name that the provider has for the person.",
        "SELECT name, type, found, user FROM authz_attribute_problems();",
    ),
    Entry::writes(
        "authz_set_jwt_template",
        "template TEXT",
        "INTEGER: 1 if something changed, otherwise 0",
        "Sets the template for further claims of access tokens; NULL or an empty text removes it. A text that is not a template is an error \
         with line and column.",
        r#"SELECT authz_set_jwt_template('{"plan": "{{ organization.metadata.plan || ''free'' }}"}');"#,
    ),
    Entry::reads(
        "authz_render_jwt",
        "template TEXT, user TEXT, organization INTEGER or TEXT",
        "JSON: the keys that the template gives",
        "A preview of a template for one member.",
        r#"SELECT authz_render_jwt('{"name": "{{ user.first_name }}"}', 'ana', 'acme');"#,
    ),
    Entry::reads(
        "authz_claims",
        "user TEXT, organization INTEGER or TEXT [, session_id TEXT]",
        "JSON: `sub`, `sid`, `org_id`, `role`, `roles`, `permissions` and the keys of the template",
        "The claims of an access token, for the application to sign. Errors: no active membership, a session that is not live or belongs to \
         somebody else, more than 3,072 bytes.",
        "SELECT authz_claims('ana', 'acme');",
    ),
    Entry::table(
        "authz_attribute_definitions",
        "rows (name TEXT, kind TEXT, type TEXT, description TEXT, shown INTEGER, created_at TEXT, updated_at TEXT)",
        "The attributes. `kind` is `standard`, `predefined` or `custom`; memberships show those with `shown` 1. authz_define_attribute writes \
         them.",
        "SELECT name, kind, type FROM authz_attribute_definitions WHERE shown;",
    )
    .read_only(),
    Entry::table(
        "authz_attribute_mappings",
        "rows (provider TEXT, name TEXT, path TEXT, created_at TEXT, updated_at TEXT)",
        "Where attributes are in the payloads of a connection or a directory. authz_map_attribute writes them.",
        "SELECT provider, name, path FROM authz_attribute_mappings;",
    )
    .read_only(),
    Entry::table(
        "authz_jwt_template",
        "rows (id INTEGER, template TEXT, updated_at TEXT): at most one",
        "The template of the claims. authz_set_jwt_template also checks it.",
        "SELECT template FROM authz_jwt_template;",
    ),
];

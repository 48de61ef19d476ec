//! What belongs to no system: the schema itself, the connection, the clock.

use super::entry::{Entry, Kind};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::rows(
        "authz_help",
        "[of_name TEXT]",
        "rows (name TEXT, kind TEXT, system TEXT, writes INTEGER, arguments TEXT, result TEXT, about TEXT, example TEXT): by system, kind and name",
        "This reference: one row for each public function, table, view and virtual-table module, or for the one of that name, with or without \
         `authz_`. An unknown name is an error that suggests the nearest.",
        "SELECT arguments, result, about, example FROM authz_help('check');",
    ),
    Entry::writes(
        "authz_migrate",
        "[system TEXT]",
        "JSON: `from` and `to`, the versions of the system core before and after, and `applied`, the migrations that ran",
        "Brings the main database to the newest schema, whole or not at all; a second call changes nothing and takes no lock. All systems, or \
         `core`, `events`, `identity` or `search` and what that needs; the others can come later. It has no form as INSERT. Errors: a schema \
         newer than this library, objects in the way, an object of the schema that is missing or was changed.",
        "SELECT authz_migrate() ->> '$.applied';",
    ),
    Entry::rows(
        "authz_systems",
        "",
        "rows (name TEXT, version INTEGER, newest INTEGER, needs TEXT): one for each system",
        "The systems of the schema: the version that the file has, NULL where it lacks the system, the newest version, and the system that it \
         needs.",
        "SELECT name, version, newest FROM authz_systems();",
    ),
    Entry::rows(
        "authz_doctor",
        "",
        "rows (severity TEXT, what TEXT, where TEXT, what_to_do TEXT): the worst first; no row where all is well",
        "What is wrong with the file: objects of the schema that are missing or were changed, rows that break a rule, roles and relationships \
         that lead nowhere, users that are gone, expired rows, the index of the search. `error`: answers may be wrong; `warning`: something \
         has no effect or is left over; `note`: nothing is wrong. Reads the tables whole. `where` is a keyword: write `\"where\"`.",
        "SELECT severity, what, \"where\", what_to_do FROM authz_doctor();",
    ),
    Entry::reads(
        "authz_schema_version",
        "",
        "INTEGER: the version of the system core in the main database, 0 where there is none",
        "Works on a file without the schema.",
        "SELECT authz_schema_version();",
    ),
    Entry::reads("authz_version", "", "TEXT: the version of the library", "Such as `0.1.0`.", "SELECT authz_version();"),
    Entry::reads(
        "authz_debug",
        "",
        "JSON: `version`, `sqlite`, `transaction`, `kept`, `forgotten`, `touched`, `checks_point`, `checks_from_set`, `sets_built`, \
         `statements`, `reprepared`, `templates`",
        "What this connection keeps between questions and how it came to its answers, for bug reports and tests.",
        "SELECT authz_debug() ->> '$.kept';",
    ),
    Entry::reads(
        "authz_now",
        "",
        "TEXT: the time in UTC with milliseconds",
        "The time by which functions decide what has expired: the clock of the machine, unless authz_set_now moved it forward.",
        "SELECT authz_now();",
    ),
    Entry::writes(
        "authz_set_now",
        "time TEXT",
        "TEXT: the time that is now in use",
        "Moves the clock of this connection forward, for tests; NULL goes back to the clock of the machine. A time in the past is an error.",
        "SELECT authz_set_now('2099-01-01T00:00:00Z');",
    ),
    Entry::writes(
        "authz_limit",
        "name TEXT [, value INTEGER]",
        "INTEGER: the limit as it was before",
        "A limit of this connection: `kept_bytes` and `kept_sets` bound what it keeps in memory between questions, with `kept_bytes` 0 nothing at all; `few`, `wide`, `gathered` \
         and `scan_rows` say when it changes its way to an answer. Answers are the same whatever the limits. Nothing is written to the file.",
        "SELECT authz_limit('kept_bytes', 16777216);",
    ),
    Entry::reads(
        "authz_result",
        "",
        "the type of the function that was called",
        "The answer of the function that the last `INSERT INTO authz_call` of this connection called, for its RETURNING. An error where none \
         was called.",
        "INSERT INTO authz_call (function, arguments) VALUES ('ack', json_array('mailer', 1)) RETURNING authz_result();",
    ),
    Entry::view(
        "authz_call",
        "rows (function TEXT, arguments JSON): none; it is for writing only",
        "Calls a function that writes by an INSERT, which SQLite and every driver recognize as a write: drivers open a transaction, and a row \
         that fails takes the whole INSERT back. `function` is the name with or without `authz_`, `arguments` an array. Read the answer with \
         RETURNING authz_result(). A temporary view of each connection; views and triggers of the file cannot reach it.",
        "INSERT INTO authz_call (function, arguments) VALUES ('grant', json_array('user:ana', 'editor', 'project', 2)) RETURNING authz_result();",
    ),
    Entry {
        name: "authz_hierarchy",
        kind: Kind::Module,
        writes: false,
        arguments: "table=NAME, id=COLUMN, parent=COLUMN",
        result: "rows (root any type, node any type, depth INTEGER): nearest first",
        about: "A recursive view over any table whose rows point to their parents: `root = ?` gives the row and all below it, `node = ?` the row \
                and all above it, `depth <= n` ends the walk early. A query without `root` and `node` is an error; a cycle in the table is \
                harmless.",
        example: "CREATE VIRTUAL TABLE folder_tree USING authz_hierarchy(table=folders, id=id, parent=parent_id);",
    },
];

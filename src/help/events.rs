//! events: what happened, and who has read it.

use super::entry::{Entry, Kind};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::rows(
        "authz_next_events",
        "consumer TEXT [, limit INTEGER [, names JSON]]",
        "rows (seq INTEGER, id TEXT, event TEXT, data JSON, context JSON, created_at TEXT): oldest first",
        "The events that a consumer has not acknowledged, 100 of them unless a limit is given. `names` is an array of names or patterns such \
         as `role.*`. Reading changes nothing: an event that is not acknowledged with authz_ack comes again. A new consumer begins at the \
         oldest event.",
        r#"SELECT seq, event, data FROM authz_next_events('mailer', 10, '["role.*"]');"#,
    ),
    Entry::writes(
        "authz_ack",
        "consumer TEXT, seq INTEGER",
        "INTEGER: the number up to which the consumer has now acknowledged",
        "Acknowledges every event up to that number. A lower number than before changes nothing; a number that no event has yet is an error. 0 \
         registers a new consumer, so that authz_prune_events keeps what it has not read.",
        "SELECT authz_ack('mailer', 1);",
    ),
    Entry::writes(
        "authz_prune_events",
        "[before TEXT]",
        "INTEGER: how many events were deleted",
        "Deletes events that every consumer has acknowledged and that are older than the setting `events_keep_days`, or than the time given.",
        "SELECT authz_prune_events('2020-01-31');",
    ),
    Entry::rows(
        "authz_history",
        "resource_type TEXT, resource_id INTEGER or TEXT [, before INTEGER [, limit INTEGER]]",
        "rows (seq INTEGER, id TEXT, event TEXT, data JSON, context JSON, created_at TEXT): newest first",
        "The events about a resource and about the roles and relationships on it, 100 unless a limit is given. `before` is the `seq` of the \
         last event of the page before. A resource that was removed keeps its history as long as the events are kept.",
        "SELECT seq, event FROM authz_history('project', 1);",
    ),
    Entry::writes(
        "authz_set_actor",
        "id TEXT [, source TEXT [, name TEXT]]",
        "INTEGER: 1 if something changed, otherwise 0",
        "Who is behind the writes of this connection, shown in `context.actor` of its events; NULL as the id ends that. `source` is `api`, \
         `dashboard`, `admin_portal` or `system`, and must be given with an id. The actor is what the application claims, not a proof.",
        "SELECT authz_set_actor('user_ana', 'api', 'Ana');",
    ),
    Entry {
        name: "authz_event_envelopes",
        kind: Kind::TableFunction,
        writes: false,
        arguments: "",
        result: "rows (seq INTEGER, json JSON): oldest first",
        about: "Each event as the envelope that WorkOS sends. A bound such as `seq > ?` is a look-up, so a page costs the same however many \
                events there are.",
        example: "SELECT seq, json FROM authz_event_envelopes WHERE seq > 0 LIMIT 10;",
    },
    Entry::view(
        "authz_events",
        "rows (seq INTEGER, id TEXT, event TEXT, data JSON, context JSON, created_at TEXT)",
        "Every event. `seq` is the order in which the changes were committed. `data` is the object after the change, or before it was deleted; \
         `context` has `previous_attributes` and `actor`. Triggers write events in the transaction of the change, whichever client makes it.",
        "SELECT seq, event, data ->> '$.slug' FROM authz_events ORDER BY seq DESC LIMIT 5;",
    )
    .read_only(),
    Entry::view(
        "authz_consumers",
        "rows (consumer TEXT, position INTEGER, behind INTEGER, updated_at TEXT)",
        "The consumers of events: up to which number each has acknowledged, and how many events it has still to read. Deleting a row forgets \
         the consumer; authz_ack moves it.",
        "SELECT consumer, position, behind FROM authz_consumers;",
    ),
];

-- The history of a resource: which events are about it, found without going through all of them.

INSERT INTO _authz_schema (version, name) VALUES (9, 'history');

-- Resources themselves, which come in the order of their ids more often than not and leave full pages behind; and apart from them, for a
-- page that is full is split by the next that comes, the assignments and relationships on them.
CREATE INDEX _authz_outbox_of_resources ON _authz_outbox (resource_type, resource_id)
WHERE event IS NOT NULL AND resource_id IS NOT NULL AND subject IS NULL;
CREATE INDEX _authz_outbox_on_resources ON _authz_outbox (resource_type, resource_id)
WHERE event IS NOT NULL AND resource_id IS NOT NULL AND subject IS NOT NULL;

-- An organization is written down under its id and without a type. They are few.
CREATE INDEX _authz_outbox_of_organizations ON _authz_outbox (seq) WHERE kind = 'organization' AND event IS NOT NULL;

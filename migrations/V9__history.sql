-- The history of a resource: which events are about it, found without going through all of them.

INSERT INTO _authz_schema (version, name) VALUES (9, 'history');

-- Resources themselves, and the assignments and relationships on them.
CREATE INDEX _authz_outbox_objects_by_resource ON _authz_outbox_objects (resource_type, resource_id, seq)
WHERE previous = 0 AND resource_id IS NOT NULL;

-- An organization is written down under its id and without a type. They are few.
CREATE INDEX _authz_outbox_of_organizations ON _authz_outbox (seq) WHERE kind = 'organization';

-- The documents that have the tokens asked for.
SELECT d.resource_type, d.resource_id, d.title
FROM main._authz_search_index AS i
CROSS JOIN main._authz_search_documents AS d ON d.number = i.rowid
WHERE i._authz_search_index MATCH ?1

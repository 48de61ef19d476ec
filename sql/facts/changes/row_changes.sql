-- The changes in the application's tables from one on.
SELECT number, token, subject, relation, resource_type, resource_id
FROM main._authz_row_changes
WHERE number >= ?1
ORDER BY number
LIMIT 129

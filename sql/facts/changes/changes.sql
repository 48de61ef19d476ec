-- The changes from one on: at the most as many as are followed, and one more.
SELECT number, token, subject, relation, resource_type, resource_id
FROM main._authz_changes
WHERE number >= ?1
ORDER BY number
LIMIT 65

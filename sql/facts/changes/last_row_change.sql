SELECT number, token, subject, relation, resource_type, resource_id
FROM main._authz_row_changes
ORDER BY number DESC
LIMIT 1

-- The token of the model, and the changes from ?1 on; at the most ?2 rows, one at the least.
SELECT r.token, c.number, c.token, c.subject, c.relation, c.resource_type, c.resource_id
FROM main._authz_revision AS r LEFT JOIN main._authz_changes AS c ON c.number >= ?1
WHERE r.id = 1
ORDER BY c.number
LIMIT ?2

-- What stands in the name of one subject, or of one group, in force at ?4: everywhere, or on the resource ?2, ?3.
SELECT role, organization, resource_type, resource_id, expires_at, created_at, updated_at
FROM main.authz_role_assignments
WHERE subject = ?1 AND (?2 IS NULL OR (resource_type = ?2 AND resource_id = ?3)) AND (expires_at IS NULL OR expires_at > ?4)
ORDER BY resource_type, resource_id, role

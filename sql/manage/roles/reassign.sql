-- Whoever holds the role ?1 of ?2 gets the role ?3 of ?4 in the same place, for as long as the longer of the two lasts.
INSERT INTO main.authz_role_assignments (subject, role, organization, resource_type, resource_id, expires_at, source)
SELECT subject, ?3, ?4, resource_type, resource_id, expires_at, source
FROM main.authz_role_assignments
WHERE role = +?1 AND organization IS +?2
ON CONFLICT (subject, resource_type, resource_id, role, source)
DO UPDATE SET expires_at = CASE WHEN excluded.expires_at > expires_at THEN excluded.expires_at END
WHERE expires_at IS NOT NULL AND (excluded.expires_at IS NULL OR excluded.expires_at > expires_at)

-- Whether a user (?2) holds a role (?1) on an organization (?3) as the default of a member, which cannot be taken back by itself.
SELECT EXISTS (SELECT 1 FROM main.authz_roles WHERE slug = ?1 AND organization IS NULL AND is_default = 1)
  AND EXISTS (SELECT 1 FROM main.authz_memberships WHERE user = ?2 AND organization = ?3)
  AND NOT EXISTS (
    SELECT 1 FROM main.authz_role_assignments
    WHERE subject = 'user:' || ?2 AND resource_type = 'organization' AND resource_id = ?3 AND role = ?1 AND source <> 'direct'
      AND expires_at IS NULL
  )

SELECT 'error', 'a membership has no user or no organization', printf('authz_memberships: %s in %s', m.user, m.organization), 'delete the row, or bring back what it names'
FROM main.authz_memberships AS m
WHERE NOT EXISTS (SELECT 1 FROM main.authz_users AS u WHERE u.id = m.user)
  OR NOT EXISTS (SELECT 1 FROM main.authz_organizations AS o WHERE o.id = m.organization)
LIMIT 20

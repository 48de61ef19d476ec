SELECT m.id, m.organization, o.name, m.status, m.directory_managed
FROM main.authz_memberships AS m
LEFT JOIN main.authz_organizations AS o ON o.id = m.organization
WHERE m.user = +?1
ORDER BY m.organization
LIMIT 200

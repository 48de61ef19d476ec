INSERT INTO main.authz_memberships (user, organization, status, directory_managed)
SELECT ?1, ?2, ?3, 1
WHERE NOT EXISTS (SELECT 1 FROM main.authz_memberships WHERE user = +?1 AND organization = +?2)

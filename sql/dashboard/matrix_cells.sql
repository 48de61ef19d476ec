-- Which permissions of the JSON array ?3 the role ?1 of the organization ?2 holds.
SELECT wanted.value
FROM json_each(?3) AS wanted
CROSS JOIN main.authz_role_permissions AS held ON held.role = ?1 AND held.permission = wanted.value AND held.organization IS ?2

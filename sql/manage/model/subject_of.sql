SELECT subject FROM main.authz_role_assignments WHERE subject >= ?1 || ':' AND subject < ?1 || ';'
UNION ALL
SELECT subject FROM main.authz_group_members WHERE subject >= ?1 || ':' AND subject < ?1 || ';'
LIMIT 1;

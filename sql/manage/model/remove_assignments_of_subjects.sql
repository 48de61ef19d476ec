-- `:` is followed by `;`.
DELETE FROM main.authz_role_assignments WHERE subject >= ?1 || ':' AND subject < ?1 || ';';

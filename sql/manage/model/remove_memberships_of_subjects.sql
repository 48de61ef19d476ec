-- `:` is followed by `;`.
DELETE FROM main.authz_group_members WHERE subject >= ?1 || ':' AND subject < ?1 || ';';

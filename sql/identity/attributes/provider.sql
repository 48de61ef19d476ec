-- Whether there is a connection or a directory of that id.
SELECT 1 FROM main.authz_connections WHERE id = ?1
UNION ALL
SELECT 1 FROM main.authz_directories WHERE id = ?1

-- What SQLite finds wrong in a table of ours: a row that breaks a constraint, an index that lacks a row, a page that is lost.
SELECT 'error', 'a table is damaged, or a row breaks a rule: ' || i.integrity_check, t.name, 'mend the row, REINDEX the table, or restore the file from a backup'
FROM main.sqlite_schema AS t, pragma_integrity_check(t.name, 'main') AS i
WHERE t.type = 'table' AND (t.name GLOB 'authz_*' OR t.name GLOB '_authz_*') AND t.sql NOT LIKE 'CREATE VIRTUAL%' AND i.integrity_check <> 'ok'
LIMIT 20

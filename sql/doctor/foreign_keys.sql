SELECT 'error', 'rows refer to a row that is not there', printf('%d rows of %s refer to %s', count(*), t.name, k.parent), 'delete the rows, or bring back what they refer to'
FROM main.sqlite_schema AS t, pragma_foreign_key_check(t.name, 'main') AS k
WHERE t.type = 'table' AND (t.name GLOB 'authz_*' OR t.name GLOB '_authz_*') AND t.sql NOT LIKE 'CREATE VIRTUAL%'
GROUP BY t.name, k.parent

-- The tables of the library.
SELECT name FROM main.sqlite_schema
WHERE type = 'table' AND (name GLOB 'authz_*' OR name GLOB '_authz_*') AND sql NOT LIKE 'CREATE VIRTUAL TABLE%'
ORDER BY name;

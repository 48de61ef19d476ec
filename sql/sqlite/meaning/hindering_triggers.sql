-- Triggers of the application that may keep those of the library from running.
SELECT name FROM (
  SELECT type, name, tbl_name, sql FROM main.sqlite_schema
  UNION ALL
  SELECT type, name, tbl_name, sql FROM temp.sqlite_schema
)
WHERE type = 'trigger' AND (tbl_name GLOB 'authz_*' OR tbl_name GLOB '_authz_*') AND NOT (name GLOB 'authz_*' OR name GLOB '_authz_*')
  AND replace(replace(replace(replace(lower(sql), ' ', ''), char(9), ''), char(10), ''), char(13), '') LIKE '%raise(ignore)%';

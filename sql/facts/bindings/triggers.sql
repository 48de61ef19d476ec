-- The triggers on a table that note what changes there.
SELECT name FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE AND name >= '_authz_bound_' AND name < '_authz_bound`'

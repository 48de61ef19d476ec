SELECT name FROM main.sqlite_schema WHERE type = 'trigger' AND name >= '_authz_bound_' AND name < '_authz_bound`'

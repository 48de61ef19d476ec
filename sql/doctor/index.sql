SELECT 'warning', 'the index of the search is missing; searches read every name', '_authz_search_index', 'SELECT authz_migrate(), on a host that has FTS5'
WHERE NOT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name = '_authz_search_index')

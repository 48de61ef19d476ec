-- What an object of the main database is, and its text.
SELECT type, ifnull(sql, '') FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')

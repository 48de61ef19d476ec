-- The other databases of the connection.
SELECT name FROM pragma_database_list WHERE name <> 'main'

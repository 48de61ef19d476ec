-- The columns of a table: name, whether it is computed, place in the primary key, declared type.
SELECT name, hidden IN (2, 3), pk, upper(type) FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1

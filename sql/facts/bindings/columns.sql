-- The columns of a table, and whether a column takes values as they are.
SELECT name, type = '' OR upper(type) LIKE '%BLOB%' AND upper(type) NOT LIKE '%INT%' AND upper(type) NOT LIKE '%CHAR%' AND upper(type) NOT LIKE '%CLOB%' AND upper(type) NOT LIKE '%TEXT%'
FROM pragma_table_xinfo(?1, 'main')

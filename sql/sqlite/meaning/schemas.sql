-- No rows; compiled anew after each change of a schema, and after each authorizer.
SELECT 1 FROM main.sqlite_schema, temp.sqlite_schema LIMIT 0;

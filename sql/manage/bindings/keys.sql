-- The unique keys of a table: a row for each column, NULL for an expression.
SELECT l.seq, i.name FROM pragma_index_list(?1, 'main') AS l, pragma_index_info(l.name, 'main') AS i WHERE l."unique" = 1 ORDER BY l.seq, i.seqno

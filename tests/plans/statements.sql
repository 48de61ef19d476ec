-- Statements of an application as README shows them, each with the plan it must get: before ANALYZE and after, from SQLite 3.38 on.
-- A statement ends with a semicolon; `-->` begins a line of its plan.

-- One condition on every row: one pass.
SELECT d.* FROM documents d WHERE authz_check('user:ana', 'document:read', 'document', d.id);
--> SCAN d

-- The first page: by the index on time, and no sorting.
SELECT d.* FROM documents d WHERE authz_check('user:ana', 'document:read', 'document', d.id) ORDER BY d.edited_on DESC LIMIT 20;
--> SCAN d USING INDEX documents_by_time

-- The list first, then each document by its key.
SELECT d.* FROM authz_list_resources('user:ana', 'document:read', 'document') m JOIN documents d ON d.id = m.resource_id;
--> SCAN m VIRTUAL TABLE
--> SEARCH d USING INTEGER PRIMARY KEY (rowid=?)

-- The order in which they are written does not matter.
SELECT d.* FROM documents d JOIN authz_list_resources('user:ana', 'document:read', 'document') m ON d.id = m.resource_id;
--> SCAN m VIRTUAL TABLE
--> SEARCH d USING INTEGER PRIMARY KEY (rowid=?)

-- Text ids likewise.
SELECT l.* FROM authz_list_resources('user:ana', 'document:read', 'document') m JOIN letters l ON l.id = m.resource_id;
--> SCAN m VIRTUAL TABLE
--> SEARCH l USING INDEX sqlite_autoindex_letters_1 (id=?)

-- IN makes the list once.
SELECT d.* FROM documents d WHERE d.id IN (SELECT resource_id FROM authz_list_resources('user:ana', 'document:read', 'document'));
--> SEARCH d USING INTEGER PRIMARY KEY (rowid=?)
--> LIST SUBQUERY
--> SCAN authz_list_resources VIRTUAL TABLE

-- A subject for each row of another table: the function follows the table that it takes its argument from.
SELECT m.subject, r.resource_id FROM authz_group_members m, authz_list_resources(m.subject, 'document:read', 'document') r WHERE m.group_id = 'g1';
--> SEARCH m USING PRIMARY KEY (group_id=?)
--> SCAN r VIRTUAL TABLE

-- A recursive view, from above and from below.
SELECT node, depth FROM folder_tree WHERE root = 1;
--> SCAN folder_tree VIRTUAL TABLE

SELECT f.id, t.depth FROM folder_tree t JOIN folders f ON f.id = t.node WHERE t.root = 1;
--> SCAN t VIRTUAL TABLE
--> SEARCH f USING INTEGER PRIMARY KEY (rowid=?)

-- What the triggers of an application do: one search by the key.
DELETE FROM authz_resources WHERE resource_type = 'document' AND resource_id = +(SELECT id FROM documents WHERE id = 7);
--> SEARCH authz_resources USING PRIMARY KEY (resource_type=? AND resource_id=?)
--> SCALAR SUBQUERY
--> SEARCH documents USING INTEGER PRIMARY KEY (rowid=?)

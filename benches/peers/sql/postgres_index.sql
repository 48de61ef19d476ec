CREATE INDEX ON workspaces (organization_id);
CREATE INDEX ON projects (workspace_id);
CREATE INDEX ON folders (project_id);
CREATE INDEX ON folders (folder_id);
CREATE INDEX ON documents (project_id);
CREATE INDEX ON documents (folder_id);
CREATE INDEX ON documents (edited_at);

-- Whom the session speaks for: the subject and the groups that contain it.
CREATE FUNCTION who() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER AS $$
  WITH RECURSIVE who (subject) AS (
    SELECT current_setting('app.subject')
    UNION
    SELECT 'group:' || m.group_id FROM who JOIN members AS m ON m.subject = who.subject
  )
  SELECT subject FROM who
$$;

-- As a set: the containers that the session may read in, each worked out once a statement.
CREATE FUNCTION readable_projects() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER AS $$
  WITH held AS MATERIALIZED (SELECT g.resource_type, g.resource_id FROM who() AS w JOIN grants AS g ON g.subject = w),
  in_workspaces AS (
    SELECT resource_id AS id FROM held WHERE resource_type = 'workspace'
    UNION
    SELECT w.id FROM workspaces AS w JOIN held AS h ON h.resource_type = 'organization' AND h.resource_id = w.organization_id
  )
  SELECT resource_id FROM held WHERE resource_type = 'project'
  UNION
  SELECT p.id FROM projects AS p JOIN in_workspaces AS w ON w.id = p.workspace_id
$$;
CREATE FUNCTION readable_folders() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER AS $$
  WITH RECURSIVE below (id) AS (
    SELECT g.resource_id FROM who() AS w JOIN grants AS g ON g.subject = w AND g.resource_type = 'folder'
    UNION
    SELECT f.id FROM below JOIN folders AS f ON f.folder_id = below.id
  )
  SELECT id FROM below
$$;
CREATE FUNCTION readable_documents() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT g.resource_id FROM who() AS w JOIN grants AS g ON g.subject = w AND g.resource_type = 'document'
$$;

-- As a function of each row: upwards from the document.
CREATE FUNCTION may_read(document bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$
  WITH RECURSIVE folder (id, folder_id) AS (
    SELECT f.id, f.folder_id FROM documents AS d JOIN folders AS f ON f.id = d.folder_id WHERE d.id = document
    UNION
    SELECT f.id, f.folder_id FROM folder JOIN folders AS f ON f.id = folder.folder_id
  ),
  up (resource_type, resource_id) AS (
    SELECT 'document', document
    UNION ALL SELECT 'folder', id FROM folder
    UNION ALL SELECT 'project', d.project_id FROM documents AS d WHERE d.id = document
    UNION ALL SELECT 'workspace', p.workspace_id FROM documents AS d JOIN projects AS p ON p.id = d.project_id WHERE d.id = document
    UNION ALL SELECT 'organization', w.organization_id
      FROM documents AS d JOIN projects AS p ON p.id = d.project_id JOIN workspaces AS w ON w.id = p.workspace_id WHERE d.id = document
  )
  SELECT EXISTS (
    SELECT 1 FROM up JOIN grants AS g ON g.resource_type = up.resource_type AND g.resource_id = up.resource_id
    WHERE g.subject IN (SELECT who())
  )
$$;
CREATE INDEX ON grants (resource_type, resource_id, subject);

CREATE ROLE by_set LOGIN;
CREATE ROLE by_row LOGIN;
GRANT SELECT ON documents TO by_set, by_row;
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
-- Uncorrelated sub-selects, which PostgreSQL hashes once a statement.
CREATE POLICY by_set ON documents FOR SELECT TO by_set USING (
  project_id IN (SELECT readable_projects()) OR folder_id IN (SELECT readable_folders()) OR id IN (SELECT readable_documents())
);
CREATE POLICY by_row ON documents FOR SELECT TO by_row USING (may_read(id));
ANALYZE;

-- Two customers, their workspaces and projects.
SELECT authz_put_resource('organization', 'acme', NULL, NULL, 'Acme Corporation'),
       authz_put_resource('organization', 'globex', NULL, NULL, 'Globex');

WITH w (id, organization, name) AS (VALUES
  ('acme-product', 'acme', 'Product'), ('acme-finance', 'acme', 'Finance'), ('globex-labs', 'globex', 'Labs'))
SELECT authz_put_resource('workspace', id, 'organization', organization, name) FROM w;

WITH p (id, workspace, name) AS (VALUES
  ('website', 'acme-product', 'Website'), ('mobile', 'acme-product', 'Mobile app'), ('search', 'acme-product', 'Search'),
  ('budget', 'acme-finance', 'Budget 2027'), ('audit', 'acme-finance', 'Audit'),
  ('fusion', 'globex-labs', 'Fusion'), ('lidar', 'globex-labs', 'Lidar'))
SELECT authz_put_resource('project', id, 'workspace', workspace, name) FROM p;

-- 84 documents: the application inserts into its own table, and the triggers register them.
WITH p (id, name, at) AS (VALUES
  ('website', 'Website', 0), ('mobile', 'Mobile app', 1), ('search', 'Search', 2), ('budget', 'Budget', 3), ('audit', 'Audit', 4),
  ('fusion', 'Fusion', 5), ('lidar', 'Lidar', 6)),
t (title, at) AS (VALUES
  ('Roadmap', 0), ('Brief', 1), ('Design notes', 2), ('Meeting minutes', 3), ('Risks', 4), ('Launch plan', 5), ('Interviews', 6),
  ('Retrospective', 7), ('Metrics', 8), ('Contract', 9), ('Test report', 10), ('Hiring plan', 11))
INSERT INTO documents (id, project_id, title, edited_on)
SELECT 1 + p.at * 12 + t.at, p.id, p.name || ': ' || t.title, date('2026-01-01', '+' || ((p.at * 5 + t.at * 29) % 300) || ' days')
FROM p CROSS JOIN t;

-- Ana is in the platform team, which is part of engineering. Ben owns Acme. Chloe works on one project and reads one document more.
SELECT authz_add_member('group:platform', 'user:ana'), authz_add_member('group:engineering', 'group:platform'),
       authz_add_member('group:engineering', 'user:dev');
SELECT authz_grant('user:ben', 'owner', 'organization', 'acme'),
       authz_grant('group:engineering', 'workspace-viewer', 'workspace', 'acme-product'),
       authz_grant('group:platform', 'project-editor', 'project', 'search'),
       authz_grant('user:chloe', 'project-editor', 'project', 'budget'),
       authz_grant('user:chloe', 'document-reader', 'document', 6);

-- An agent is a subject like a person: it reads one project. A contractor's access ended with last year.
SELECT authz_grant('agent:summarizer', 'project-editor', 'project', 'mobile');
INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES
  ('user:contractor', 'project-editor', 'project', 'website', '2025-12-31T23:59:59.000Z');

-- What the application can open and do, for the same box that finds documents.
SELECT authz_put_command('billing', 'page', 'Billing', 'invoices payment plan', '{"path": "/billing"}'),
       authz_put_command('new-document', 'action', 'New document', 'create write', '{"action": "new-document"}', 'document:edit');

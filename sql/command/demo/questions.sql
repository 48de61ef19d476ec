-- The five documents that Ana may read and that were edited last
SELECT d.id, d.title, d.edited_on
FROM documents d
WHERE authz_check('user:ana', 'document:read', 'document', d.id)
ORDER BY d.edited_on DESC, d.id LIMIT 5

-- How many documents each of them may read and edit: the same check, counted
SELECT s.column1 AS subject,
       sum(authz_check(s.column1, 'document:read', 'document', d.id)) AS may_read,
       sum(authz_check(s.column1, 'document:edit', 'document', d.id)) AS may_edit,
       count(*) AS of_all
FROM (VALUES ('user:ana'), ('user:ben'), ('user:chloe'), ('agent:summarizer'), ('user:contractor')) s, documents d
GROUP BY 1 ORDER BY 1

-- What the agent may edit, as a join
SELECT d.id, d.title
FROM authz_list_resources('agent:summarizer', 'document:edit', 'document') may
JOIN documents d ON d.id = may.resource_id
ORDER BY d.id LIMIT 5

-- Who can read document 6
SELECT subject FROM authz_list_subjects('document:read', 'document', 6)

-- What Chloe may do with it
SELECT permission FROM authz_list_permissions('user:chloe', 'document', 6)

-- Where it lies
SELECT depth, resource_type, resource_id FROM authz_ancestors('document', 6)

-- What Chloe finds when she types “plan”: only what she may see, and where it is as far as she may see that
SELECT kind, title, subtitle FROM authz_search('plan', 'user:chloe')

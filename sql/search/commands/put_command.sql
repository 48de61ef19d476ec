INSERT INTO main.authz_commands (id, kind, title, keywords, target, permission, resource_type, resource_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (id) DO UPDATE SET
  kind = excluded.kind, title = excluded.title, keywords = excluded.keywords, target = excluded.target,
  permission = excluded.permission, resource_type = excluded.resource_type, resource_id = excluded.resource_id,
  updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE (kind, title) <> (excluded.kind, excluded.title) OR keywords IS NOT excluded.keywords OR target IS NOT excluded.target
  OR permission IS NOT excluded.permission OR resource_type IS NOT excluded.resource_type OR resource_id IS NOT excluded.resource_id
